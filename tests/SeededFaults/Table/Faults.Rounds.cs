namespace LuxTensor.Tests.SeededFaults;

/// <content>Rounds, locks and timeouts.</content>
internal static partial class Faults
{
    private const string RoundRules = "src/LuxTensor.Core/Consensus/Rounds.cs";
    private const string ChainRules = "src/LuxTensor.Core/Primitives/ChainRules.cs";
    private const string Dispatch = "src/LuxTensor.Core/Consensus/Chain.cs";
    private const string Production = "src/LuxTensor.Core/Consensus/Production.cs";

    private static Fault[] Rounds =>
    [
        new("lock ignored", "RND-4", RoundRules, "Vote(turn, Phase.Prepare, IsAcceptable(turn.State, block) ? block : Hash256.Zero);", "Vote(turn, Phase.Prepare, block);") { Profile = "Splits" },
        new("lock not taken before the precommit", "RND-4", RoundRules, "turn.State = state with { Locked = new LockedBlock(state.Round, prepared.BlockHash) };", "turn.State = state;") { Profile = "Splits" },
        new("lock dropped at a new round", "RND-4", RoundRules, "Standing = [],", "Standing = [], Locked = null,") { Profile = "Splits" },
        new("lock never given up", "RND-4", RoundRules, "|| (state.Prepared is { } prepared && prepared.BlockHash == block && prepared.Ballot.Round > locked.Round);", ";") { Profile = "Splits" },
        new("unlock on a certificate of the lock's round", "RND-4", RoundRules, "&& prepared.Ballot.Round > locked.Round);", "&& prepared.Ballot.Round >= locked.Round);"),
        new("unlock for a block that nobody prepared", "RND-4", RoundRules, "(state.Prepared is { } prepared && prepared.BlockHash == block && prepared.Ballot.Round > locked.Round);", "(state.Prepared is { } prepared && prepared.Ballot.Round >= locked.Round);") { Profile = "Splits" },
        new("precommit on an older round's prepares", "RND-4", RoundRules, "prepared.Ballot.Round == state.Round", "prepared.Ballot.Round <= state.Round") { Profile = "Splits" },
        new("precommit of a block that is not here", "RND-4", RoundRules, "            && state.Tree.Find(prepared.BlockHash) is not null)", "            )") { Profile = "Lossy" },
        new("released precommit does not lock", "RND-4", Production, "turn.State = turn.State with { Locked = new LockedBlock(ballot.Round, ballot.BlockHash) };", "_ = ballot;") { Profile = "Crashes" },
        new("older prepares replace later ones", "RND-3", RoundRules, "|| state.Prepared?.Ballot.Round >= certificate.Ballot.Round)", ")") { Profile = "Splits" },
        new("prepares of another height kept", "RND-3", RoundRules, "if (certificate.Height != state.Height ||", "if (") { Profile = "Byzantine" },
        new("prepares forgotten at a new round", "RND-3", RoundRules, "Standing = [],", "Standing = [], Prepared = null,") { Profile = "Splits" },
        new("every proposal prepared as nil", "RND-2", RoundRules, "IsAcceptable(turn.State, block) ? block : Hash256.Zero", "Hash256.Zero"),
        new("no nil vote when the proposal is late", "RND-2", RoundRules, "case TimerKind.Propose when state.Phase == Phase.Propose:", "case TimerKind.Propose when state.Phase == Phase.Commit:"),
        new("invalid proposal gets no nil vote", "RND-2", RoundRules, "if (turn.State.Phase == Phase.Propose && turn.State.Round == round)", "if (turn.State.Phase == Phase.Commit && turn.State.Round == round)"),
        new("prepares never time out", "RND-5", RoundRules, "case TimerKind.Prepare when state.Phase == Phase.Prepare:", "case TimerKind.Prepare when state.Phase == Phase.Commit:") { Profile = "Splits" },
        new("prepares are not timed", "RND-5", RoundRules, "state.Facts.HasFlag(RoundFacts.AnyPrepares) && !state.PrepareTimed)", "state.Facts.HasFlag(RoundFacts.AnyPrepares) && state.PrepareTimed)") { Profile = "Splits" },
        new("nil prepares wait for the timeout", "RND-5", RoundRules, "state.Facts.HasFlag(RoundFacts.NilPrepares))", "state.Facts.HasFlag(RoundFacts.NilPrepares) && state.PrepareTimed)"),
        new("precommits never time out", "RND-6", RoundRules, "case TimerKind.Precommit: //", "case TimerKind.Precommit when state.Phase == Phase.Commit: //") { Profile = "Splits" },
        new("nil precommits wait for the timeout", "RND-6", RoundRules, "if (state.Facts.HasFlag(RoundFacts.NilPrecommits))", "if (state.Facts.HasFlag(RoundFacts.NilPrecommits) && state.Phase == Phase.Commit)"),
        new("timeouts do not grow", "RND-7", ChainRules, "((UInt128)RoundTimeoutStep * round)", "((UInt128)RoundTimeoutStep * 0)"),
        new("later prepares do not lead to their round", "RND-8", RoundRules, "if (certificate.Ballot.Round > state.Round)", "if (certificate.Ballot.Round > state.Round + 1_000)") { Profile = "Partitions" },
        new("round skipped backwards", "RND-8", Dispatch, "when skip.Round > round: //", "when skip.Round != round: //"),
        new("fact of a decided height used", "RND-8", Dispatch, "if (fact.Height != turn.State.Height)", "if (fact.Height > turn.State.Height)"),
        new("quorum of another round used", "RND-8", Dispatch, "case FinalityFact.NilQuorum nil when nil.Round == round:", "case FinalityFact.NilQuorum nil:") { Profile = "Lossy" },
        new("late timers count", "RND-10", Dispatch, "else if (id.Round == turn.State.Round)", "else if (id.Round <= turn.State.Round)"),
        new("replay does not ask the guard", "RND-10", Dispatch, "foreach (var asked in state.Asked)", "foreach (var asked in state.Asked.Where(_ => false))") { Profile = "Crashes" },
        new("replay times nothing", "RND-10", Dispatch, "Rounds.TimeAgain(turn);", "_ = turn;") { Profile = "Crashes" },
    ];
}
