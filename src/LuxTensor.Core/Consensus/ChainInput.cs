using System.Collections.Immutable;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Consensus;

/// <summary>What a timer is for.</summary>
public enum TimerKind : byte
{
    /// <summary>The earliest time of the next block has come: its proposer may build it.</summary>
    Build = 0,

    /// <summary>Waiting for the round's proposal is over.</summary>
    Propose = 1,

    /// <summary>Waiting for more prepares is over.</summary>
    Prepare = 2,

    /// <summary>Waiting for more precommits is over.</summary>
    Precommit = 3,

    /// <summary>The height is still undecided: say again what was said.</summary>
    Resend = 4,

    /// <summary>A block that runs ahead may be built.</summary>
    Ahead = 5,

    /// <summary>Catching up waits for somebody; of no height.</summary>
    Sync = 6,
}

/// <summary>A timer's name: firing it twice, or late, does no harm.</summary>
public readonly record struct TimerId(TimerKind Kind, ulong Height, uint Round);

/// <summary>Why the signing guard refused a vote.</summary>
public enum SigningRefusal : byte
{
    /// <summary>Another block was signed at the position.</summary>
    DoubleSign = 1,

    /// <summary>The position is below what was signed elsewhere.</summary>
    BelowWatermark = 2,

    /// <summary>The guard's or the journal's records are known to be incomplete.</summary>
    Blocked = 3,
}

/// <summary>What moves the chain. A closed set; whatever is signed was verified.</summary>
public abstract record ChainInput
{
    private ChainInput()
    {
    }

    /// <summary>The node starts, or starts again: say and time what the state calls for.</summary>
    public sealed record Resume : ChainInput;

    /// <summary>A proposal arrived.</summary>
    public sealed record Propose(Verified<Proposal> Proposal, PeerId From) : ChainInput;

    /// <summary>The votes of a height established something. Of another height than the one being decided it says nothing.</summary>
    public sealed record Fact(ulong Height, FinalityFact Established) : ChainInput;

    /// <summary>A certificate arrived.</summary>
    public sealed record Certify(Verified<Certificate> Certificate, PeerId From) : ChainInput;

    /// <summary>A block asked for by hash arrived.</summary>
    public sealed record Block(Verified<Blocks.Block> Arrived, PeerId From) : ChainInput;

    /// <summary>Final blocks arrived, in order of height.</summary>
    public sealed record FinalBlocks(ImmutableArray<Verified<CertifiedBlock>> Items, PeerId From) : ChainInput;

    /// <summary>A peer said where it is.</summary>
    public sealed record Status(Message.Status Said, PeerId From) : ChainInput;

    /// <summary>A timer fired.</summary>
    public sealed record Timer(TimerId Id) : ChainInput;

    /// <summary>The block asked for by <see cref="ChainEffect.Build"/>.</summary>
    public sealed record Built(Blocks.Block Made) : ChainInput;

    /// <summary>The signing guard stored and released an own vote.</summary>
    public sealed record Signed(Verified<Vote> Vote) : ChainInput;

    /// <summary>The signing guard refused an own vote.</summary>
    public sealed record SigningRefused(Address Validator, Ballot Ballot, SigningRefusal Why) : ChainInput;
}

/// <summary>A peer, as the network names it; the empty name is this node.</summary>
public readonly record struct PeerId(string Name)
{
    /// <summary>This node.</summary>
    public static PeerId Self => new("");

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>What the chain wants done. A closed set; nothing leaves before the step that emitted it is stored.</summary>
public abstract record ChainEffect
{
    private ChainEffect()
    {
    }

    /// <summary>Send to all.</summary>
    public sealed record Broadcast(Message Message) : ChainEffect;

    /// <summary>Send to all every vote that is counted for a phase of a round of the height being decided (RND-9).</summary>
    public sealed record RepeatVotes(ulong Height, uint Round, Phase Phase) : ChainEffect;

    /// <summary>Ask the signing guard for a signature of a local validator.</summary>
    public sealed record Sign(Address Validator, Ballot Ballot) : ChainEffect;

    /// <summary>Build a block on a parent with transactions of the pool; comes back as <see cref="ChainInput.Built"/>.</summary>
    public sealed record Build(Hash256 Parent, uint Round, Address Proposer, ulong Time) : ChainEffect;

    /// <summary>Fire <paramref name="Id"/> after so many milliseconds.</summary>
    public sealed record StartTimer(TimerId Id, ulong Delay) : ChainEffect;

    /// <summary>Ask peers for a block by hash, the one named first.</summary>
    public sealed record FetchBlock(Hash256 Hash, PeerId From) : ChainEffect;

    /// <summary>A peer may have final blocks up to this height, which is above the last one here (SYN-1).</summary>
    public sealed record HeardAhead(ulong Height, PeerId From) : ChainEffect;

    /// <summary>A block is final. Its finality event has its height as sequence number (FIN-9).</summary>
    public sealed record Finalized(ForkChoice.BlockNode Node, Certificate Certificate) : ChainEffect;

    /// <summary>The head moved.</summary>
    public sealed record HeadMoved(ForkChoice.Reorganisation Change) : ChainEffect;

    /// <summary>The height being decided is in another round or phase.</summary>
    public sealed record RoundMoved(ulong Height, uint Round, Phase Phase) : ChainEffect;

    /// <summary>Something a peer sent is not valid.</summary>
    public sealed record Refused(PeerId From, BlockRejection Why) : ChainEffect;
}
