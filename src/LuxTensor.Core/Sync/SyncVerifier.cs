using System.Collections.Immutable;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Sync;

/// <summary>Who checks the signatures: the <see cref="Verifier"/>, or one that remembers what it checked. Each says whether it holds.</summary>
/// <param name="Certificate">Checks a certificate against its epoch's set.</param>
/// <param name="Block">Checks what is signed in a block.</param>
public sealed record SignatureChecks(
    Func<Certificate, EpochSnapshot, bool> Certificate, Func<Block, Func<ulong, EpochSnapshot?>, bool> Block)
{
    /// <summary>Checks with the verifier; transactions that are known were checked before.</summary>
    public static SignatureChecks Of(ChainRules rules, Func<Transaction, bool> isKnown) => new(
        (certificate, set) => Verifier.Check(certificate, rules, set, out _) is null,
        (block, sets) => Verifier.Check(block, rules, sets, isKnown, out _) is null);
}

/// <summary>Checks the answers to a node that catches up, off the loop, against what it has (SYN-3, SYN-4).</summary>
public static class SyncVerifier
{
    /// <summary>
    /// Checks headers one above the other: each certified by a quorum of the set that the verified header before it names.
    /// What is final by now, or here already, is passed over.
    /// </summary>
    public static SyncInput.Headers Check(Message.BlockHeaders answer, PeerId from, SyncState state, ChainState chain, SignatureChecks checks)
    {
        if (CheckRequest(state, from, SyncPart.Headers, [.. answer.Items.Select(static item => item.Header.Height)]) is { } refusal)
        {
            return new SyncInput.Headers(from, [], [], refusal);
        }

        var items = ImmutableArray.CreateBuilder<Verified<CertifiedHeader>>();
        var sets = ImmutableArray.CreateBuilder<EpochSnapshot>();
        EpochSnapshot? Known(ulong epoch) => state.SetOf(epoch, chain.Epochs) ?? sets.FirstOrDefault(set => set.Epoch == epoch);
        var news = answer.Items.SkipWhile(item => item.Header.Height <= chain.Tree.Root.Height
            || (state.Headers.TryGetValue(item.Header.Height, out var held) && held.Value.Hash == item.Hash)).ToArray();
        if (news.Length == 0 || !TryFindParent(news[0].Header, state, chain, out var parent, out var parentHash))
        {
            return new SyncInput.Headers(from, [], [], null); // the node went on while this was under way
        }

        foreach (var item in news)
        {
            EpochSnapshot? learned = null, set = null;
            var fault = CheckLink(item, parent!, parentHash, chain.Rules)
                ?? CheckSet(item.Header, parent!, answer.Sets, Known, out set, out learned)
                ?? (checks.Certificate(item.Certificate, set!) ? null : SyncFault.ForgedCertificate);
            if (fault is not null)
            {
                return new SyncInput.Headers(from, items.ToImmutable(), sets.ToImmutable(), fault);
            }

            if (learned is not null)
            {
                sets.Add(learned);
            }

            items.Add(Verifier.Proven(item));
            (parent, parentHash) = (item.Header, item.Hash);
        }

        return new SyncInput.Headers(from, items.ToImmutable(), sets.ToImmutable(), null);
    }

    /// <summary>Checks blocks against their verified headers. What is final by now, or has no header any more, is passed over.</summary>
    public static SyncInput.Blocks Check(Message.Blocks answer, PeerId from, SyncState state, ChainState chain, SignatureChecks checks)
    {
        if (CheckRequest(state, from, SyncPart.Blocks, [.. answer.Items.Select(static block => block.Height)]) is { } refusal)
        {
            return new SyncInput.Blocks(from, [], refusal);
        }

        var items = ImmutableArray.CreateBuilder<Verified<CertifiedBlock>>();
        foreach (var block in answer.Items)
        {
            if (!state.Headers.TryGetValue(block.Height, out var header) || state.Blocks.ContainsKey(block.Height))
            {
                continue;
            }

            if (block.Hash != header.Value.Hash || !checks.Block(block, epoch => state.SetOf(epoch, chain.Epochs)))
            {
                return new SyncInput.Blocks(from, items.ToImmutable(), SyncFault.WrongBody);
            }

            items.Add(Verifier.Proven(header, block));
        }

        return new SyncInput.Blocks(from, items.ToImmutable(), null);
    }

    /// <summary>SYN-5: an answer begins with the height that its sender was asked for, goes up one by one, and is no longer than asked.</summary>
    private static SyncFault? CheckRequest(SyncState state, PeerId from, SyncPart part, ReadOnlySpan<ulong> heights)
    {
        if (!state.Peers.TryGetValue(from, out var peer) || peer.Request is not { } request || request.Part != part)
        {
            return SyncFault.Unsolicited;
        }

        for (var i = 0; i < heights.Length; i++)
        {
            if (i >= request.Count || heights[i] != request.From + (ulong)i)
            {
                return SyncFault.BrokenChain;
            }
        }

        return heights.IsEmpty ? SyncFault.Nothing : null;
    }

    private static bool TryFindParent(BlockHeader header, SyncState state, ChainState chain, out BlockHeader? parent, out Hash256 hash)
    {
        var root = chain.Tree.Root;
        (parent, hash) = header.Height == root.Height + 1 ? (root.Block.Header, root.Hash)
            : state.Headers.TryGetValue(header.Height - 1, out var below) ? (below.Value.Header, below.Value.Hash)
            : (null, Hash256.Zero);
        return parent is not null;
    }

    /// <summary>SYN-3: the next height of this chain, later than its parent, and certified as what it is.</summary>
    private static SyncFault? CheckLink(CertifiedHeader item, BlockHeader parent, Hash256 parentHash, ChainRules rules)
    {
        var (header, certificate) = item;
        var follows = header.ChainId == rules.ChainId && header.Height == parent.Height + 1 && header.Parent == parentHash
            && header.Time > parent.Time && header.Epoch == rules.EpochOf(header.Height);
        return !follows ? SyncFault.BrokenChain
            : certificate.Ballot.Phase != Phase.Precommit || certificate.Height != header.Height || certificate.BlockHash != item.Hash ? SyncFault.ForgedCertificate
            : null;
    }

    /// <summary>SYN-3: the set is known, or the same as before, or came along and is the one that the verified header before names.</summary>
    private static SyncFault? CheckSet(
        BlockHeader header, BlockHeader parent, ImmutableArray<EpochSnapshot> offered, Func<ulong, EpochSnapshot?> known,
        out EpochSnapshot? set, out EpochSnapshot? learned)
    {
        learned = null;
        set = known(header.Epoch);
        if (set is null && parent.Epoch + 1 == header.Epoch)
        {
            set = learned = known(parent.Epoch) is { } before && before.Hash == parent.NextValidatorSetHash
                ? before.For(header.Epoch)
                : offered.FirstOrDefault(one => one.Epoch == header.Epoch && one.Hash == parent.NextValidatorSetHash);
        }

        if (set is null)
        {
            return SyncFault.WrongSet;
        }

        var isItsOwn = header.ValidatorSetHash == set.Hash && header.Proposer == set.ProposerOf(header.Height, header.Round).Address
            && (known(header.Epoch + 1) is not { } next || header.NextValidatorSetHash == next.Hash);
        return isItsOwn ? null : SyncFault.BrokenChain;
    }
}
