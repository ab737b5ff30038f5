using LuxTensor.Core.Blocks;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Validators;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Rpc;

/// <summary>
/// Finds blocks, transactions and states. The view is read first and the journal after: what leaves the view was stored
/// before, so nothing is missed between the two.
/// </summary>
internal static class Lookup
{
    /// <summary>The validator set of an epoch that is fixed: at hand, or from the journal.</summary>
    /// <exception cref="InvalidOperationException">It is not fixed yet.</exception>
    public static EpochSnapshot Set(INode node, ulong epoch) =>
        node.View.Chain.Epochs.Find(epoch) ?? node.Chain.SetOf(epoch) ?? node.View.Chain.Epochs.Of(epoch); // the last: to say which are known

    /// <summary>The block that a reference names; null where there is none, an error where a tag has none yet.</summary>
    public static Block? Block(INode node, BlockReference reference, out RpcError? error)
    {
        var view = node.View;
        error = null;
        switch (reference.Tag)
        {
            case BlockTag.Safe or BlockTag.Finalized when view.Final.Height == 0:
                error = RpcError.UnknownBlock;
                return null;
            case BlockTag.Safe:
                return view.Safe;
            case BlockTag.Finalized:
                return view.Final;
            case BlockTag.Earliest:
                return node.Genesis.Block;
            case BlockTag.Number:
                return At(node, view, reference.Number);
            case BlockTag.Hash:
                return By(node, view, reference.Hash);
            default:
                return view.Head;
        }
    }

    /// <summary>The block of the chosen branch at a height, or null.</summary>
    public static Block? At(INode node, NodeState view, ulong height) => height switch
    {
        0 => node.Genesis.Block,
        _ when height > view.Head.Height => null,
        _ => view.BlockAt(height) ?? node.Chain.BlockAt(height)?.Block,
    };

    /// <summary>The block with that hash, final or not, or null.</summary>
    public static Block? By(INode node, NodeState view, Hash256 hash) =>
        view.BlockBy(hash) ?? (hash == node.Genesis.Block.Hash ? node.Genesis.Block : node.Chain.BlockBy(hash)?.Block);

    /// <summary>A block and the state after it, which is kept from the last final block up; else an error.</summary>
    public static BlockNode? State(INode node, BlockReference reference, out RpcError? error)
    {
        var view = node.View;
        if (reference.Tag == BlockTag.Latest)
        {
            error = null;
            return view.Chain.Tree.Head;
        }

        if (Block(node, reference, out error) is not { } block)
        {
            error ??= RpcError.Server(reference.Tag == BlockTag.Number
                ? $"block {reference.Number} does not exist, the latest is {view.Head.Height}"
                : $"block {reference.Hash} is not known");
            return null;
        }

        if (view.Chain.Tree.Find(block.Hash) is { } found)
        {
            return found;
        }

        error = RpcError.Server($"state of block {block.Height} is not kept: it is from the last final block on, {view.Final.Height}");
        return null;
    }

    /// <summary>The block and place of a transaction, in the chosen branch or final, or null.</summary>
    public static (Block Block, int Index)? Transaction(Caller caller, Hash256 id)
    {
        var node = caller.Node;
        var view = node.View;
        if (caller.Services.Index.Find(view, id) is { } unfinalized)
        {
            return unfinalized;
        }

        return node.Chain.Locate(id) is { } place && node.Chain.BlockAt(place.Height) is { } final ? (final.Block, place.Index) : null;
    }
}

/// <summary>Which block of the chosen branch above the last final one has a transaction. Built when asked, once a head.</summary>
internal sealed class TransactionIndex
{
    private Built? last;

    public (Block Block, int Index)? Find(NodeState view, Hash256 id)
    {
        var built = Volatile.Read(ref last);
        if (built is null || built.Head != view.Head.Hash || built.Final != view.Final.Hash)
        {
            built = Build(view);
            Volatile.Write(ref last, built);
        }

        return built.Places.TryGetValue(id, out var place) ? place : null;
    }

    private static Built Build(NodeState view)
    {
        var places = new Dictionary<Hash256, (Block, int)>();
        for (var height = view.Final.Height; height <= view.Head.Height; height++)
        {
            if (view.BlockAt(height) is not { } block)
            {
                continue;
            }

            for (var i = 0; i < block.Transactions.Length; i++)
            {
                places[block.Transactions[i].Id] = (block, i);
            }
        }

        return new Built(view.Head.Hash, view.Final.Hash, places);
    }

    private sealed record Built(Hash256 Head, Hash256 Final, Dictionary<Hash256, (Block, int)> Places);
}
