namespace LuxTensor.Tests.SeededFaults;

/// <content>How votes are counted, and what they establish.</content>
internal static partial class Faults
{
    private const string Finality = "src/LuxTensor.Core/Finality/BlockFinality.cs";
    private const string Tally = "src/LuxTensor.Core/Finality/PhaseTally.cs";

    private static Fault[] Counting =>
    [
        new("vote counted twice", "FIN-2", Finality, "if (tally[index] is { } first)", "if (tally[index] is { } first && first.Ballot != ballot)") { Profile = "Lossy" },
        new("conflicting vote counted", "FIN-2", Finality, "return (next, CountRefusal.Conflicting, facts.ToImmutable());", "_ = CountRefusal.Conflicting;") { Profile = "Byzantine" },
        new("vote of another height counted", "FIN-2", Finality, "if (ballot.Height != state.Height || index < 0)", "if (index < 0)"),
        new("nil counted as a block", "FIN-3", Finality, "facts.Add(ballot.IsNil", "facts.Add(ballot.IsNil && ballot.Phase == Phase.Precommit"),
        new("quorum of any values as one for a block", "FIN-3", Finality, "if (Crossed(before.StakeFor(ballot.BlockHash), after.StakeFor(ballot.BlockHash)))", "if (Crossed(before.Total, after.Total))") { Profile = "Splits" },
        new("certificate holds votes for others", "CRT-1", Tally, "if (this[index] is { } vote && vote.Ballot == ballot)", "if (this[index] is { } vote)") { Profile = "Byzantine" },
        new("stake of a value replaced, not added", "FIN-3", Tally, "Stakes[at].Stake + stake", "stake"),
        new("quorum for any value never told", "FIN-4", Finality, "if (Crossed(before.Total, after.Total))", "if (Crossed(after.Total, before.Total))") { Profile = "Splits" },
        new("facts not told again", "FIN-4", Finality, "return [.. facts.Distinct()];", "return [];") { Profile = "Lossy" },
        new("proposals skip rounds", "FIN-5", Finality, "var next = ballot.Phase == Phase.Propose ? state : SeeRound(", "var next = SeeRound("),
        new("one voter skips the round", "FIN-5", Finality, "if (Quorum.IsBlocking(stake, state.Set.TotalStake))", "if (stake > 0)") { Profile = "Byzantine" },
        new("nobody skips the round", "FIN-5", Finality, "if (Quorum.IsBlocking(stake, state.Set.TotalStake))", "if (stake == 0)") { Profile = "Partitions" },
        new("double vote not found", "FIN-6", Finality, "if (!state.Conflicts.ContainsKey(vote.Validator))", "if (state.Conflicts.ContainsKey(vote.Validator))") { Profile = "Byzantine" },
        new("double vote kept again and again", "FIN-6", Finality, "if (!state.Conflicts.ContainsKey(vote.Validator))", "if (vote.Ballot.Height > 0)") { Profile = "Byzantine" },
        new("votes kept for any later round", "FIN-7", Finality, "if (ballot.Round > state.Round + (ulong)FinalityState.Ahead || ", "if (") { Profile = "Byzantine" },
        new("old rounds never forgotten", "FIN-7", Finality, "Tallies = state.Tallies.RemoveRange(old) };", "Tallies = state.Tallies };"),
        new("progress of another round", "FIN-8", Finality, "var round = state.Round; //", "var round = state.LatestRounds.Values.DefaultIfEmpty().Max(); //"),
    ];
}
