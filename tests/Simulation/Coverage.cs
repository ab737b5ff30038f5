namespace LuxTensor.Tests.Simulation;

/// <summary>What a run did, beside passing.</summary>
internal enum Seen
{
    Heights,
    Turns,
    MessagesDelivered,
    Lost,
    Duplicated,
    Delayed,
    Corrupted,
    Partitions,
    BlockedByPartition,
    Crashes,
    CrashesBeforeCommit,
    CrashesAfterCommit,
    CrashesInEffects,
    CrashesWithSignerAtWork,
    SlowCommits,
    Restarts,
    ClockJumps,
    Pauses,
    EventsHeld,
    FramesDropped,
    Flaps,
    FramesReplayed,
    WritesFailed,
    WritesTorn,
    WritesInDoubt,
    DisksFull,
    WritesWithoutRoom,
    StopsAfterFailedWrites,
    StartsFailed,
    TornWritesDropped,
    JournalsRestored,
    Amnesias,
    GuardsRestored,
    MachinesRestored,
    OldGuardsRefused,
    KeysRunTwice,
    SyncLies,
    CertificatesForged,
    SyncAnswersRefused,
    StakingOffered,
    Punishments,
    ValidatorsJoined,
    ValidatorsLeft,
    Jailed,
    Overwhelmed,
    TransactionsAccepted,
    TransactionsRefused,
    TransactionsFinal,
    Equivocations,
    VotesWithheld,
    GarbageSent,
    SelectiveSends,
    InvalidBlocksSent,
    AbsurdClaims,
    Replays,
    LateVotes,
    Splits,
    RoundsChanged,
    LocksCarriedOver,
    Unlocks,
    Reorganisations,
    SyncsByFinalBlocks,
    AwaitedBlocks,
    GuardRefusals,
    SilencedByGuard,
    Evidence,
    OrphansHeld,
    DeepestRunAhead,
    HighestRound,
    MostJournalInputs,
}

/// <summary>Counters of one run or of many.</summary>
internal sealed class Coverage
{
    private readonly long[] counts = new long[Enum.GetValues<Seen>().Length];

    public static IReadOnlyList<Seen> Faults { get; } =
    [
        Seen.Lost, Seen.Duplicated, Seen.Delayed, Seen.Corrupted, Seen.Partitions, Seen.BlockedByPartition, Seen.Crashes, Seen.SlowCommits,
        Seen.Equivocations, Seen.VotesWithheld, Seen.GarbageSent, Seen.SelectiveSends, Seen.InvalidBlocksSent, Seen.AbsurdClaims, Seen.Replays,
        Seen.LateVotes, Seen.Splits, Seen.ClockJumps, Seen.Pauses, Seen.Flaps, Seen.FramesReplayed, Seen.WritesFailed, Seen.WritesTorn,
        Seen.WritesInDoubt, Seen.WritesWithoutRoom, Seen.JournalsRestored, Seen.Amnesias, Seen.GuardsRestored, Seen.MachinesRestored, Seen.SyncLies,
        Seen.CertificatesForged,
    ];

    public long this[Seen what] => counts[(int)what];

    public long FaultCount => Faults.Sum(kind => this[kind]);

    public void Add(Seen what, long count = 1) => counts[(int)what] += count;

    public void Reach(Seen what, long value) => counts[(int)what] = long.Max(counts[(int)what], value);

    public void Include(Coverage other)
    {
        foreach (var what in Enum.GetValues<Seen>())
        {
            if (what >= Seen.DeepestRunAhead)
            {
                Reach(what, other[what]);
            }
            else
            {
                Add(what, other[what]);
            }
        }
    }

    public override string ToString() => string.Join(", ", Enum.GetValues<Seen>().Select(what => $"{what} {this[what]}"));
}
