using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;

namespace LuxTensor.Engine;

/// <summary>What moves a node. A closed set; whatever is signed was verified.</summary>
public abstract record NodeInput
{
    private NodeInput()
    {
    }

    /// <summary>Something for the chain machine.</summary>
    public sealed record Chain(ChainInput Input) : NodeInput;

    /// <summary>A prepare or precommit of another node.</summary>
    public sealed record CastVote(Verified<Vote> Vote, PeerId From) : NodeInput;

    /// <summary>A vote in a validator's name that did not verify; kept only as a hint why its duty was missed.</summary>
    public sealed record BadVote(Core.Address Validator, ulong Height) : NodeInput;

    /// <summary>What the votes of a height established, where another process of the node counts them; certificates and conflicts in it were verified.</summary>
    public sealed record Told(ulong Height, FinalityFact Fact) : NodeInput;

    /// <summary>Something for the machine that catches up; soft, so never stored.</summary>
    public sealed record Sync(SyncInput Input) : NodeInput;

    /// <summary>A double vote that another node found, verified; it counts once the offender's set says who that is.</summary>
    public sealed record Accuse(Core.Slashing.DoubleVote Offence) : NodeInput;

    /// <summary>A transaction, from a peer or an application.</summary>
    public sealed record Submit(Verified<Transaction> Transaction) : NodeInput;
}

/// <summary>What a step wants the host to do, once the step is stored. A closed set.</summary>
public abstract record NodeEffect
{
    private NodeEffect()
    {
    }

    /// <summary>Something that the chain machine wants done.</summary>
    public sealed record Chain(ChainEffect Effect) : NodeEffect;

    /// <summary>Tell applications.</summary>
    public sealed record Notify(Notice Notice) : NodeEffect;

    /// <summary>Something that the machine that catches up wants done.</summary>
    public sealed record Sync(SyncEffect Effect) : NodeEffect;

    /// <summary>A vote to be counted, where another process of the node counts.</summary>
    public sealed record Count(Vote Vote) : NodeEffect;

    /// <summary>Tell all that the votes of a height establish, and from now on what matters in this round, where another process counts.</summary>
    public sealed record Recount(ulong Height, uint Round) : NodeEffect;

    /// <summary>Say counted votes again to all, where another process has them.</summary>
    public sealed record Repeat(ulong Height, uint Round, Phase Phase) : NodeEffect;

    /// <summary>Send a transaction, new to the pool, to all.</summary>
    public sealed record Gossip(Transaction Transaction) : NodeEffect;

    /// <summary>Sign a transaction of a local validator that reports a double vote, and submit it.</summary>
    public sealed record Report(Core.Address Reporter, Core.Slashing.DoubleVote Offence) : NodeEffect;

    /// <summary>What became of the step's <see cref="NodeInput.Submit"/>.</summary>
    public sealed record Pooled(Transaction Transaction, MempoolOutcome Outcome) : NodeEffect;
}
