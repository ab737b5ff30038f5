namespace LuxTensor.Tests.SeededFaults;

/// <content>How votes are counted, and what they establish.</content>
internal static partial class Faults
{
    private const string Finality = "src/LuxTensor.Core/Finality/BlockFinality.cs";
    private const string Counter = "src/LuxTensor.Core/Finality/VoteCount.cs";
    private const string Tally = "src/LuxTensor.Core/Finality/PhaseTally.cs";

    private static Fault[] Counting =>
    [
        new("vote counted twice", "FIN-2", Counter, "if (tally[index] is > 0 and var first)", "if (tally[index] is > 0 and var first && first != value)") { Profile = "Lossy" },
        new("conflicting vote counted", "FIN-2", Counter, "return first == value ? CountRefusal.Duplicate : Contradict(tally, index, new Vote(ballot, validator, signature));", "if (first == value)\n            {\n                return CountRefusal.Duplicate;\n            }\n\n            Contradict(tally, index, new Vote(ballot, validator, signature));") { Profile = "Byzantine" },
        new("vote of another height counted", "FIN-2", Counter, "if (ballot.Height != state.Height || index < 0)", "if (index < 0)"),
        new("nil counted as a block", "FIN-3", Finality, "QuorumOf(PhaseTally tally, Ballot ballot) => ballot.IsNil", "QuorumOf(PhaseTally tally, Ballot ballot) => ballot.IsNil && ballot.Phase == Phase.Precommit"),
        new("quorum of any values as one for a block", "FIN-3", Counter, "if (BlockFinality.Crosses(state, forBlock - stake, forBlock))", "if (BlockFinality.Crosses(state, total - stake, total))") { Profile = "Splits" },
        new("certificate holds votes for others", "CRT-1", Tally, "if (entries[index] is { Value: > 0 } entry && Stakes[entry.Value - 1].Block == block)", "if (entries[index] is { Value: > 0 } entry)") { Profile = "Byzantine" },
        new("stake of a value replaced, not added", "FIN-3", Tally, "behind.Stake += stake;", "behind.Stake = stake;"),
        new("quorum for any value never told", "FIN-4", Counter, "if (BlockFinality.Crosses(state, total - stake, total))", "if (BlockFinality.Crosses(state, total, total - stake))") { Profile = "Splits" },
        new("facts not told again", "FIN-4", Finality, "return facts.ToImmutable();", "return [];") { Profile = "Lossy" },
        new("proposals skip rounds", "FIN-5", Counter, "if (ballot.Phase != Phase.Propose && rounds.See(", "if (rounds.See("),
        new("one voter skips the round", "FIN-5", Finality, "if (Quorum.IsBlocking(stake, state.Set.TotalStake))", "if (stake > 0)") { Profile = "Byzantine" },
        new("nobody skips the round", "FIN-5", Finality, "if (Quorum.IsBlocking(stake, state.Set.TotalStake))", "if (stake == 0)") { Profile = "Partitions" },
        new("double vote not found", "FIN-6", Counter, "if (!conflicts.ContainsKey(second.Validator))", "if (conflicts.ContainsKey(second.Validator))") { Profile = "Byzantine" },
        new("double vote kept again and again", "FIN-6", Counter, "if (!conflicts.ContainsKey(second.Validator))", "if (second.Ballot.Height > 0)") { Profile = "Byzantine" },
        new("votes kept for any later round", "FIN-7", Counter, "var isKept = said.Round <= state.Round + (ulong)FinalityState.Ahead && ", "var isKept = ") { Profile = "Byzantine" },
        new("old rounds never forgotten", "FIN-7", Finality, "Tallies = state.Tallies.RemoveRange(old) };", "Tallies = state.Tallies };"),
        new("progress of another round", "FIN-8", Finality, "var round = state.Round; //", "var round = state.LatestRounds.Seen.Select(static entry => entry.Round).DefaultIfEmpty().Max(); //"),
    ];
}
