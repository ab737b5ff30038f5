using System.Collections.Immutable;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Consensus;

/// <summary>A block and the round in which this node locked on it.</summary>
public sealed record LockedBlock(uint Round, Hash256 Block);

/// <summary>What the votes of a round have established, apart from quorums for a block.</summary>
[Flags]
public enum RoundFacts
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A quorum prepared, whatever it prepared.</summary>
    AnyPrepares = 1,

    /// <summary>A quorum prepared nil.</summary>
    NilPrepares = 2,

    /// <summary>A quorum precommitted, whatever it precommitted.</summary>
    AnyPrecommits = 4,

    /// <summary>A quorum precommitted nil.</summary>
    NilPrecommits = 8,
}

/// <summary>
/// All that a node knows of the chain above the last final block, and where it is in deciding the next one. Immutable;
/// the votes themselves are <see cref="Finality.BlockFinality"/>'s.
/// </summary>
public sealed record ChainState
{
    /// <summary>What all nodes agree on.</summary>
    public required ChainRules Rules { get; init; }

    /// <summary>The sets that the last final block knows: what is signed for other epochs cannot be verified yet, or no more (EPO-4).</summary>
    public EpochSchedule Epochs => Tree.Root.After.Epochs;

    /// <summary>The genesis block's hash, for status messages.</summary>
    public required Hash256 Genesis { get; init; }

    /// <summary>The validators whose keys this node holds, in order of address.</summary>
    public required ImmutableArray<Address> Local { get; init; }

    /// <summary>The last final block and the unfinalized blocks above it.</summary>
    public required BlockTree Tree { get; init; }

    /// <summary>The certificate of the last final block; null at the genesis.</summary>
    public required Certificate? FinalCertificate { get; init; }

    /// <summary>The height being decided.</summary>
    public ulong Height => Tree.Root.Height + 1;

    /// <summary>The epoch snapshot of the height being decided.</summary>
    public EpochSnapshot Set => Epochs.Of(Rules.EpochOf(Height));

    /// <summary>The round of the height being decided.</summary>
    public uint Round { get; init; }

    /// <summary>The phase of the round.</summary>
    public Phase Phase { get; init; }

    /// <summary>The block precommitted to, until a later quorum of prepares allows another (RND-4).</summary>
    public LockedBlock? Locked { get; init; }

    /// <summary>The certificate of prepares of the highest round seen at this height; its block is what to propose again.</summary>
    public Certificate? Prepared { get; init; }

    /// <summary>What the votes of the current round have established.</summary>
    public RoundFacts Facts { get; init; }

    /// <summary>Whether the current round's prepares are timed (RND-5).</summary>
    public bool PrepareTimed { get; init; }

    /// <summary>Whether the current round's precommits are timed (RND-6).</summary>
    public bool PrecommitTimed { get; init; }

    /// <summary>What was proposed at the height being decided, by round: the proposer's vote; the block is in the tree.</summary>
    public ImmutableSortedDictionary<uint, Vote> Proposals { get; init; } = ImmutableSortedDictionary<uint, Vote>.Empty;

    /// <summary>Proposals above the height being decided: blocks that run ahead, the first of each (height, round).</summary>
    public ImmutableSortedDictionary<(ulong Height, uint Round), Vote> AheadProposals { get; init; } =
        ImmutableSortedDictionary<(ulong, uint), Vote>.Empty;

    /// <summary>The own blocks that wait for their proposer's signature: of the current round, and at most one ahead.</summary>
    public ImmutableArray<Block> Building { get; init; } = [];

    /// <summary>What the signing guard was asked for and has not answered.</summary>
    public ImmutableArray<ChainEffect.Sign> Asked { get; init; } = [];

    /// <summary>The own votes of the current round, sent again while the height is not decided.</summary>
    public ImmutableArray<Vote> Standing { get; init; } = [];

    /// <summary>A certificate of finality of the height being decided whose block is not here yet.</summary>
    public Certificate? Awaited { get; init; }

    /// <summary>Proposals of blocks whose parent is not here, at most <see cref="MaxOrphans"/>, by the parent's hash.</summary>
    public ImmutableSortedDictionary<Hash256, Proposal> Orphans { get; init; } = ImmutableSortedDictionary<Hash256, Proposal>.Empty;

    /// <summary>The head that the next block ahead would extend, and the round it would be of.</summary>
    public (Hash256 Head, uint Round) Ahead { get; init; }

    /// <summary>The highest height that a verified certificate spoke of: how far the chain is known to be.</summary>
    public ulong ProvenHeight { get; init; }

    /// <summary>A block as it is proposed by a vote: with the certificate of prepares that is kept, where that is for it (PRO-1).</summary>
    public Proposal Offer(Block block, Vote vote) => new(block, vote, Prepared?.BlockHash == block.Hash ? Prepared : null);

    /// <summary>A vote by which a block in the tree was proposed, or null: a block that only a certificate brought has none here.</summary>
    public Vote? ProposalOf(Hash256 block) => Proposals.Values.Concat(AheadProposals.Values).FirstOrDefault(vote => vote.Ballot.BlockHash == block);

    /// <summary>Most orphans held (FRK-7).</summary>
    public const int MaxOrphans = 64;

    /// <summary>Blocks that the tree holds at most: room for every height that may run ahead, and forks.</summary>
    public static int TreeCapacity(ChainRules rules) => (int)((4 * rules.RunAhead) + 64);

    /// <summary>Whether this node holds the validator's key.</summary>
    public bool IsLocal(Address validator) => Local.Contains(validator);

    /// <summary>The ballot of the height being decided and the current round.</summary>
    public Ballot BallotFor(Phase phase, Hash256 block) => new(Rules.ChainId, Rules.EpochOf(Height), Height, Round, phase, block);
}
