using LuxTensor.Core.Voting;

namespace LuxTensor.Core.Finality;

/// <summary>What the votes of a height have established. A closed set; each is told once.</summary>
public abstract record FinalityFact
{
    private FinalityFact()
    {
    }

    /// <summary>A quorum for one block (FIN-3): of prepares, permission to lock; of precommits, finality.</summary>
    public sealed record BlockQuorum(Certificate Certificate) : FinalityFact;

    /// <summary>A quorum for no block: this round decides nothing.</summary>
    public sealed record NilQuorum(uint Round, Phase Phase) : FinalityFact;

    /// <summary>A quorum of votes whatever they are for: the phase may time out (FIN-4).</summary>
    public sealed record AnyQuorum(uint Round, Phase Phase) : FinalityFact;

    /// <summary>More than a third of the stake is in this round or later: a correct validator is there (FIN-5).</summary>
    public sealed record RoundSkip(uint Round) : FinalityFact;

    /// <summary>One validator signed two values for one (height, round, phase) (FIN-6). The first vote still counts.</summary>
    public sealed record Conflict(Evidence Evidence) : FinalityFact;
}

/// <summary>Two votes of one validator for one (height, round, phase) that differ in their block.</summary>
public sealed record Evidence(Vote First, Vote Second);

/// <summary>Why a verified vote did not count. A closed set.</summary>
public enum CountRefusal
{
    /// <summary>It counted.</summary>
    None,

    /// <summary>The same vote is counted already.</summary>
    Duplicate,

    /// <summary>A different vote of this validator is counted; this one is evidence.</summary>
    Conflicting,

    /// <summary>Another height's vote.</summary>
    WrongHeight,

    /// <summary>The round is too far from the current one to keep; it still counts for skipping rounds.</summary>
    OutsideWindow,

    /// <summary>The validator is not of the epoch.</summary>
    UnknownValidator,
}
