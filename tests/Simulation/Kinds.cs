namespace LuxTensor.Tests.Simulation;

/// <summary>What may go wrong. A run allows a set of these; the seed decides which of them happen and how often.</summary>
[Flags]
internal enum FaultKind
{
    None = 0,
    Loss = 1,
    Duplication = 2,
    Delay = 4,
    Reordering = 8,
    Corruption = 16,
    Partition = 32,
    Crash = 64,
    Twin = 128,
    Skew = 256,
    SlowDisk = 512,
    Byzantine = 1024,

    /// <summary>The clock of a node jumps, forwards or back, and is set right later.</summary>
    Jump = 2048,

    /// <summary>A node stands still, and then takes everything at once: as a long garbage collection does it, or a suspended machine.</summary>
    Pause = 4096,

    /// <summary>A cut that comes and goes many times a second.</summary>
    Flap = 8192,

    /// <summary>The network delivers old frames again.</summary>
    Replay = 16384,

    /// <summary>Writes that fail, are torn, or are reported as failed although they happened.</summary>
    WriteError = 32768,

    /// <summary>No write succeeds for a while.</summary>
    DiskFull = 65536,

    /// <summary>An older journal beside the guard, no journal at all, or an older guard beside the journal.</summary>
    Restore = 131072,

    /// <summary>A key runs on two nodes that know nothing of each other, or its node comes back from a copy of the whole machine.</summary>
    Reckless = 262144,
    All = 524287,
}

/// <summary>Which scenarios a seed is drawn from.</summary>
internal enum Profile
{
    Mixed,
    Calm,
    Lossy,
    Crashes,
    Partitions,
    Byzantine,
    Twins,

    /// <summary>Byzantine validators that bring correct ones to lock on different blocks.</summary>
    Splits,

    /// <summary>A third of the stake or more is Byzantine.</summary>
    Overwhelmed,

    /// <summary>Validators that join, leave, are jailed and punished, all in the middle of faults.</summary>
    Staking,

    /// <summary>Disks that fail, and nodes that come back with older data.</summary>
    Storage,
}

/// <summary>What a Byzantine validator is in the habit of doing.</summary>
[Flags]
internal enum Habits
{
    None = 0,
    Equivocate = 1,
    Withhold = 2,
    Garbage = 4,
    Selective = 8,
    InvalidBlocks = 16,
    AbsurdClaims = 32,
    Replay = 64,
    VoteForAll = 128,
    NoAnswers = 256,
    Late = 512,
    Silent = 1024,
    Split = 2048,

    /// <summary>Lies to those that catch up: wrong bodies, forged certificates, heights that do not exist, answers without end.</summary>
    Lie = 4096,

    /// <summary>Makes certificates of votes that nobody cast.</summary>
    Forge = 8192,

    /// <summary>Proposes blocks with one thing wrong and all else carried through, and out of turn.</summary>
    Cheat = 16384,
}

/// <summary>A deliberate fault of the simulated host, to show that the checkers see it.</summary>
internal enum Defect
{
    None,
    SkipsGuard,
    ActsBeforeCommit,
    ForgetsJournal,
    ForgetsInputs,

    /// <summary>Goes on after a failed write as if it had succeeded.</summary>
    IgnoresWriteErrors,

    /// <summary>Writes again what may have been written already.</summary>
    RetriesInDoubt,

    /// <summary>Takes what is left of a torn write for a whole one.</summary>
    TakesTornWrites,

    /// <summary>Signs at heights whose locks it forgot.</summary>
    IgnoresForgottenLocks,
}
