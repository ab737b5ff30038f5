namespace LuxTensor.Tests.SeededFaults;

/// <content>How votes are counted, and what they establish.</content>
internal static partial class Faults
{
    private const string Finality = "src/LuxTensor.Core/Finality/BlockFinality.cs";
    private const string Counter = "src/LuxTensor.Core/Finality/VoteCount.cs";
    private const string Tally = "src/LuxTensor.Core/Finality/PhaseTally.cs";

    private static Fault[] Counting =>
    [
        new("vote counted twice", "FIN-2", Counter, "if (tally[index] is { } first)", "if (tally[index] is { } first && first != ballot.BlockHash)") { Profile = "Lossy" },
        new("conflicting vote counted", "FIN-2", Counter, "return first == ballot.BlockHash ? CountRefusal.Duplicate : Contradict(tally, index, new Vote(ballot, validator, signature));", "if (first == ballot.BlockHash)\n            {\n                return CountRefusal.Duplicate;\n            }\n\n            Contradict(tally, index, new Vote(ballot, validator, signature));") { Profile = "Byzantine" },
        new("vote of another height counted", "FIN-2", Counter, "if (ballot.Height != state.Height || index < 0)", "if (index < 0)"),
        new("nil counted as a block", "FIN-3", Finality, "QuorumOf(PhaseTally tally, Ballot ballot) => ballot.IsNil", "QuorumOf(PhaseTally tally, Ballot ballot) => ballot.IsNil && ballot.Phase == Phase.Precommit"),
        new("quorum of any values as one for a block", "FIN-3", Counter, "if (BlockFinality.Crosses(state, forBlock - set.Validators[index].Stake, forBlock))", "if (BlockFinality.Crosses(state, total, tally.Total))") { Profile = "Splits" },
        new("certificate holds votes for others", "CRT-1", Tally, "if (entries[index] is { Value: > 0 } entry && Stakes[entry.Value - 1].Block == block)", "if (entries[index] is { Value: > 0 } entry)") { Profile = "Byzantine" },
        new("stake of a value replaced, not added", "FIN-3", Tally, "var now = stakes[at].Stake + stake;", "var now = stake;"),
        new("quorum for any value never told", "FIN-4", Counter, "if (BlockFinality.Crosses(state, total, tally.Total))", "if (BlockFinality.Crosses(state, tally.Total, total))") { Profile = "Splits" },
        new("facts not told again", "FIN-4", Finality, "return facts.ToImmutable();", "return [];") { Profile = "Lossy" },
        new("proposals skip rounds", "FIN-5", Counter, "if (ballot.Phase != Phase.Propose && rounds.See(", "if (rounds.See("),
        new("one voter skips the round", "FIN-5", Finality, "if (Quorum.IsBlocking(stake, state.Set.TotalStake))", "if (stake > 0)") { Profile = "Byzantine" },
        new("nobody skips the round", "FIN-5", Finality, "if (Quorum.IsBlocking(stake, state.Set.TotalStake))", "if (stake == 0)") { Profile = "Partitions" },
        new("double vote not found", "FIN-6", Counter, "if (!conflicts.ContainsKey(second.Validator))", "if (conflicts.ContainsKey(second.Validator))") { Profile = "Byzantine" },
        new("double vote kept again and again", "FIN-6", Counter, "if (!conflicts.ContainsKey(second.Validator))", "if (second.Ballot.Height > 0)") { Profile = "Byzantine" },
        new("votes kept for any later round", "FIN-7", Counter, "if (ballot.Round > state.Round + (ulong)FinalityState.Ahead || ", "if (") { Profile = "Byzantine" },
        new("old rounds never forgotten", "FIN-7", Finality, "Tallies = state.Tallies.RemoveRange(old) };", "Tallies = state.Tallies };"),
        new("progress of another round", "FIN-8", Finality, "var round = state.Round; //", "var round = state.LatestRounds.Seen.Select(static entry => entry.Round).DefaultIfEmpty().Max(); //"),
    ];
}
