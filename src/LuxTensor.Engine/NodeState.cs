using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Slashing;
using LuxTensor.Core.State;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Transactions;
using LuxTensor.Crypto;

namespace LuxTensor.Engine;

/// <summary>The machines of one node, together: an immutable value.</summary>
public sealed record NodeState
{
    /// <summary>The chain above the last final block.</summary>
    public required ChainState Chain { get; init; }

    /// <summary>Whether votes are counted here, in <see cref="Heights"/>, or by other processes of the node.</summary>
    public bool CountsVotes { get; init; } = true;

    /// <summary>The votes of the height being decided and of those above it for which some arrived.</summary>
    public ImmutableSortedDictionary<ulong, FinalityState> Heights { get; init; } = ImmutableSortedDictionary<ulong, FinalityState>.Empty;

    /// <summary>What a node that is behind has and asks for.</summary>
    public SyncState Sync { get; init; } = new();

    /// <summary>The transactions that wait for a final block.</summary>
    public required Mempool Pool { get; init; }

    /// <summary>The double votes seen that are not punished yet, one a validator.</summary>
    public ImmutableSortedDictionary<Address, DoubleVote> Offences { get; init; } = ImmutableSortedDictionary<Address, DoubleVote>.Empty;

    /// <summary>The heights that became final last, and what was seen of those who are missing from their certificates.</summary>
    public ImmutableSortedDictionary<ulong, HeightWatch> Watched { get; init; } = ImmutableSortedDictionary<ulong, HeightWatch>.Empty;

    /// <summary>Votes of heights that are not final which cannot count, one a validator and height: for the answer to why.</summary>
    public ImmutableDictionary<(ulong Height, Address Validator), DutyView> RefusedVotes { get; init; } =
        ImmutableDictionary<(ulong, Address), DutyView>.Empty;

    /// <summary>The head of the chosen branch; "latest".</summary>
    public Block Head => Chain.Tree.Head.Block;

    /// <summary>The last final block; "finalized".</summary>
    public Block Final => Chain.Tree.Root.Block;

    /// <summary>FRK-9: the highest block that counts as safe: <c>SafeDepth</c> below the head, or the last final block where that is higher.</summary>
    public Block Safe
    {
        get
        {
            var head = Chain.Tree.Head;
            var depth = Chain.Rules.SafeDepth;
            return head.Height <= depth || Chain.Tree.AncestorAt(head, head.Height - depth) is not { } safe ? Final : safe.Block;
        }
    }

    /// <summary>The state after the head.</summary>
    public Ledger HeadLedger => Chain.Tree.Head.After;

    /// <summary>The state after the last final block.</summary>
    public Ledger FinalLedger => Chain.Tree.Root.After;

    /// <summary>The block of the chosen branch at a height from the last final block up, or null.</summary>
    public Block? BlockAt(ulong height) => Chain.Tree.AncestorAt(Chain.Tree.Head, height)?.Block;

    /// <summary>A block held above, or at, the last final one, on any branch, or null.</summary>
    public Block? BlockBy(Hash256 hash) => Chain.Tree.Find(hash)?.Block;

    /// <summary>The highest final height that is known: by a certificate that came, or by a verified header (SYN-3).</summary>
    public ulong ProvenHeight => ulong.Max(Chain.ProvenHeight, Final.Height + (ulong)Sync.Headers.Count);

    /// <summary>How far the height being decided is.</summary>
    public FinalityProgress Progress =>
        BlockFinality.Progress(Heights.GetValueOrDefault(Chain.Height) ?? BlockFinality.Begin(Chain.Height, Chain.Set, Chain.Rules.QuorumPercent));
}
