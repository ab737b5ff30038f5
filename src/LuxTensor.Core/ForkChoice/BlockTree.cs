using System.Collections.Immutable;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.State;
using LuxTensor.Crypto;

namespace LuxTensor.Core.ForkChoice;

/// <summary>A valid block and the state after it.</summary>
public sealed record BlockNode(Block Block, Ledger After, ImmutableArray<StateChange> Changes)
{
    /// <summary>The block's hash.</summary>
    public Hash256 Hash => Block.Hash;

    /// <summary>The block's height.</summary>
    public ulong Height => Block.Height;

    /// <summary>The parent's hash.</summary>
    public Hash256 Parent => Block.Header.Parent;
}

/// <summary>
/// The last final block and the valid blocks that descend from it (FRK-1). Immutable; holds at most
/// <see cref="Capacity"/> blocks, so no peer can make it grow. Choosing the head is linear in the blocks held.
/// </summary>
public sealed class BlockTree
{
    private readonly ImmutableDictionary<Hash256, BlockNode> nodes;
    private readonly ImmutableDictionary<Hash256, uint> prepared; // highest round with a certificate of prepares

    private readonly ulong maxReorganisation;

    private BlockTree(
        BlockNode root,
        ImmutableDictionary<Hash256, BlockNode> nodes,
        ImmutableDictionary<Hash256, uint> prepared,
        int capacity,
        ulong maxReorganisation,
        BlockNode? previousHead)
    {
        Root = root;
        this.nodes = nodes;
        this.prepared = prepared;
        this.maxReorganisation = maxReorganisation;
        Capacity = capacity;
        var chosen = ChooseHead();
        Head = previousHead is not null && Find(previousHead.Hash) is not null && IsTooDeep(previousHead, chosen) ? previousHead : chosen;
    }

    /// <summary>The last final block.</summary>
    public BlockNode Root { get; }

    /// <summary>The tip of the chosen branch (FRK-2); the root where nothing descends from it.</summary>
    public BlockNode Head { get; }

    /// <summary>FRK-5: most blocks held besides the root.</summary>
    public int Capacity { get; }

    /// <summary>Blocks held besides the root.</summary>
    public int Count => nodes.Count;

    /// <summary>Every block held besides the root, in order of height and hash.</summary>
    public IEnumerable<BlockNode> Blocks => nodes.Values.OrderBy(node => node.Height).ThenBy(node => node.Hash);

    /// <summary>A tree of a final block alone.</summary>
    public static BlockTree Of(BlockNode root, int capacity, ulong maxReorganisation) =>
        new(root, ImmutableDictionary<Hash256, BlockNode>.Empty, ImmutableDictionary<Hash256, uint>.Empty, capacity, maxReorganisation, null);

    /// <summary>The block with this hash, the root included, or null.</summary>
    public BlockNode? Find(Hash256 hash) => hash == Root.Hash ? Root : nodes.GetValueOrDefault(hash);

    /// <summary>The ancestor of <paramref name="node"/> at a height, or null where it lies below the root or above the node.</summary>
    public BlockNode? AncestorAt(BlockNode node, ulong height)
    {
        if (height > node.Height || height < Root.Height)
        {
            return null;
        }

        while (node.Height > height)
        {
            node = Find(node.Parent)!;
        }

        return node;
    }

    /// <summary>
    /// Adds a block whose parent is held. In a full tree it takes the place of the highest tip that is neither the head
    /// nor prepared, if that is no lower than itself (FRK-5). The same tree where the block is held or finds no place.
    /// </summary>
    public BlockTree Add(BlockNode node)
    {
        if (nodes.ContainsKey(node.Hash) || Find(node.Parent) is null)
        {
            return this;
        }

        var room = nodes;
        if (nodes.Count >= Capacity)
        {
            var parents = nodes.Values.Select(held => held.Parent).Append(node.Parent).ToHashSet();
            var victim = Blocks.Reverse().FirstOrDefault(
                held => !parents.Contains(held.Hash) && held.Hash != Head.Hash && !prepared.ContainsKey(held.Hash));
            if (victim is null || victim.Height < node.Height)
            {
                return this;
            }

            room = nodes.Remove(victim.Hash);
        }

        return new BlockTree(Root, room.Add(node.Hash, node), prepared, Capacity, maxReorganisation, Head);
    }

    /// <summary>Notes that a block has a certificate of prepares of this round; only the highest round counts.</summary>
    public BlockTree MarkPrepared(Hash256 hash, uint round) =>
        !nodes.ContainsKey(hash) || (prepared.TryGetValue(hash, out var known) && known >= round)
            ? this
            : new BlockTree(Root, nodes, prepared.SetItem(hash, round), Capacity, maxReorganisation, Head);

    /// <summary>
    /// Makes a child of the root final, whether or not it is held: it becomes the root, and what does not descend from it
    /// leaves the tree (FRK-3).
    /// </summary>
    /// <exception cref="ArgumentException">The block is not a child of the root.</exception>
    public BlockTree Finalize(BlockNode root)
    {
        var hash = root.Hash;
        if (root.Parent != Root.Hash)
        {
            throw new ArgumentException($"block {hash} is not a child of the last final block {Root.Hash}", nameof(root));
        }

        var kept = ImmutableDictionary.CreateBuilder<Hash256, BlockNode>();
        foreach (var node in Blocks) // parents come first
        {
            if (node.Parent == hash || kept.ContainsKey(node.Parent))
            {
                kept.Add(node.Hash, node);
            }
        }

        var marks = prepared.RemoveRange(prepared.Keys.Where(key => !kept.ContainsKey(key)));
        return new BlockTree(root, kept.ToImmutable(), marks, Capacity, maxReorganisation, Head);
    }

    /// <summary>
    /// FRK-2: from the root down, the child whose branch holds the highest certificate of prepares (by height, then
    /// round), then the longest branch, then the smallest hash.
    /// </summary>
    private BlockNode ChooseHead()
    {
        if (nodes.IsEmpty)
        {
            return Root;
        }

        var best = new Dictionary<Hash256, Branch>(); // a block to the best branch through it
        foreach (var node in Blocks.Reverse()) // children come before parents
        {
            var own = prepared.TryGetValue(node.Hash, out var round) ? new Branch(node, node.Height, round + 1UL) : new Branch(node, 0, 0);
            var branch = best.TryGetValue(node.Hash, out var below) ? below.Above(own) : own;
            if (!best.TryGetValue(node.Parent, out var rival) || branch.Beats(rival, node.Hash))
            {
                best[node.Parent] = branch with { Through = node.Hash };
            }
        }

        return best[Root.Hash].Tip;
    }

    /// <summary>FRK-4: whether going from one head to another takes back more blocks than the chain allows.</summary>
    private bool IsTooDeep(BlockNode from, BlockNode to)
    {
        var common = ulong.Min(from.Height, to.Height);
        while (AncestorAt(from, common)!.Hash != AncestorAt(to, common)!.Hash)
        {
            common--;
        }

        return from.Height - common > maxReorganisation;
    }

    private readonly record struct Branch(BlockNode Tip, ulong PreparedHeight, ulong PreparedRound)
    {
        public Hash256 Through { get; init; }

        public Branch Above(Branch parent) =>
            (PreparedHeight, PreparedRound).CompareTo((parent.PreparedHeight, parent.PreparedRound)) >= 0
                ? this
                : this with { PreparedHeight = parent.PreparedHeight, PreparedRound = parent.PreparedRound };

        public bool Beats(Branch rival, Hash256 through)
        {
            var order = (PreparedHeight, PreparedRound, Tip.Height).CompareTo((rival.PreparedHeight, rival.PreparedRound, rival.Tip.Height));
            return order > 0 || (order == 0 && through < rival.Through);
        }
    }
}
