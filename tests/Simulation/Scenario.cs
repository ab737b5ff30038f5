using System.Collections.Immutable;
using LuxTensor.Core;

namespace LuxTensor.Tests.Simulation;

/// <summary>Everything about a run that the seed draws before it starts. Times are virtual milliseconds.</summary>
internal sealed partial record Scenario
{
    public required ulong Seed { get; init; }

    public required Profile Profile { get; init; }

    public required FaultKind Faults { get; init; }

    public required ChainRules Rules { get; init; }

    public Signatures Signatures { get; init; }

    /// <summary>Stake of each validator, in units of 32 tokens.</summary>
    public required ImmutableArray<int> Stakes { get; init; }

    /// <summary>Whether validators join, leave and change their stake.</summary>
    public bool IsStaking { get; init; }

    /// <summary>Nodes with a key of their own that is no validator's at the start.</summary>
    public int Joiners { get; init; }

    public ulong StakingEvery { get; init; } = 1_000;

    /// <summary>Nodes without a key.</summary>
    public required int Followers { get; init; }

    /// <summary>Byzantine validators and their habits.</summary>
    public required ImmutableSortedDictionary<int, Habits> Byzantine { get; init; }

    /// <summary>Validators whose key is active on a second node as well. Their stake counts as faulty: two nodes, one lock each.</summary>
    public required ImmutableSortedSet<int> Twins { get; init; }

    /// <summary>Validators whose key runs on a second node with a guard of its own. Faulty: they may vote twice, and do not mean to.</summary>
    public ImmutableSortedSet<int> Clones { get; init; } = [];

    /// <summary>Validators whose whole machine, guard and all, comes back from an older copy. Faulty for the same reason.</summary>
    public ImmutableSortedSet<int> Resets { get; init; } = [];

    /// <summary>
    /// Validators whose journal comes back older, or empty, beside the guard, or the guard beside the journal. They sign
    /// nothing up to the height that they forgot: honest, but no help, so their stake counts as faulty too.
    /// </summary>
    public ImmutableSortedSet<int> Forgetful { get; init; } = [];

    public required ulong FaultsEnd { get; init; }

    public required (ulong Least, ulong Most) Latency { get; init; }

    public required ulong SkewMost { get; init; }

    public int Loss { get; init; }

    public int Duplication { get; init; }

    public int Delay { get; init; }

    public ulong DelayMost { get; init; }

    public int Corruption { get; init; }

    public int Partition { get; init; }

    public int Crash { get; init; }

    public int CrashInEffects { get; init; }

    public int SlowDisk { get; init; }

    public int Jump { get; init; }

    public int Pause { get; init; }

    public int Flap { get; init; }

    public int Replay { get; init; }

    public int WriteError { get; init; }

    public int DiskFull { get; init; }

    public int Restore { get; init; }

    public bool Reordering { get; init; }

    /// <summary>Final blocks that every correct node must gain after the network has healed.</summary>
    public ulong HeightsToGain { get; init; } = 3;

    /// <summary>Who hears whom in which round, where that is not left to chance.</summary>
    public Script? Script { get; init; }

    public required ulong TransactionEvery { get; init; }

    public int Nodes => Stakes.Length + Twins.Count + Clones.Count + Joiners + Followers;

    /// <summary>Validators that may sign two things at one place.</summary>
    public IEnumerable<int> Equivocating => Byzantine.Keys.Concat(Clones).Concat(Resets);

    public static Scenario Draw(ulong seed, Profile profile, int? validators, FaultKind allowed, ulong? horizon)
    {
        var random = new Prng(seed).Split($"scenario {profile}");
        var calm = profile == Profile.Calm || (profile == Profile.Mixed && random.Chance(60));
        var kinds = Kinds(profile, random) & (calm ? FaultKind.None : FaultKind.All);
        var count = validators ?? random.Pick([4, 4, 4, 4, 5, 5, 6, 7]);
        var stakes = DrawStakes(random, count);
        var harsh = random.Pick([1, 1, 2, 4]);
        var isSplit = profile == Profile.Splits || (profile == Profile.Mixed && !calm && random.Chance(250));
        kinds |= isSplit ? FaultKind.Byzantine : FaultKind.None;
        var isStaking = profile == Profile.Staking || (profile == Profile.Mixed && random.Chance(400));
        var isOverwhelmed = profile == Profile.Overwhelmed;
        var scenario = new Scenario
        {
            Seed = seed,
            Profile = profile,
            Faults = kinds & allowed,
            Rules = DrawRules(random, isStaking, count),
            IsStaking = isStaking,
            Joiners = isStaking ? random.Below(3) : 0,
            StakingEvery = random.Between(150, 800),
            HeightsToGain = profile == Profile.Staking ? 9UL : 3UL,
            Stakes = stakes,
            Followers = random.Chance(250) ? 1 : 0,
            Byzantine = ImmutableSortedDictionary<int, Habits>.Empty,
            Twins = [],
            FaultsEnd = random.Between(2_500, isStaking ? 10_000u : 8_000u),
            Latency = random.Chance(500) ? (1UL, random.Between(5, 40)) : (10UL, random.Between(40, 150)),
            SkewMost = random.Between(50, 600),
            Loss = harsh * (int)random.Between(5, 60),
            Duplication = harsh * (int)random.Between(5, 60),
            Delay = harsh * (int)random.Between(5, 60),
            DelayMost = random.Between(200, 4_000),
            Corruption = harsh * (int)random.Between(2, 30),
            Partition = harsh * (int)random.Between(10, 80),
            Crash = harsh * (int)random.Between(10, 60),
            CrashInEffects = harsh * (int)random.Between(1, 6),
            SlowDisk = harsh * (int)random.Between(10, 100),
            Jump = harsh * (int)random.Between(10, 60),
            Pause = harsh * (int)random.Between(10, 60),
            Flap = harsh * (int)random.Between(10, 60),
            Replay = harsh * (int)random.Between(5, 40),
            WriteError = harsh * (int)random.Between(2, 15),
            DiskFull = harsh * (int)random.Between(5, 20),
            Restore = harsh * (int)random.Between(30, 150),
            Reordering = true,
            TransactionEvery = random.Between(300, 1_500),
        };
        scenario = isSplit || isOverwhelmed ? scenario with { Byzantine = DrawLiars(random, stakes, isSplit) } : scenario.DrawFaulty(random, kinds);
        return scenario.Restrict(kinds & allowed, horizon);
    }

    /// <summary>The same scenario with faults left out.</summary>
    private Scenario Restrict(FaultKind kinds, ulong? horizon)
    {
        int Keep(FaultKind kind, int value) => kinds.HasFlag(kind) ? value : 0;
        return this with
        {
            FaultsEnd = ulong.Min(FaultsEnd, horizon ?? ulong.MaxValue),
            Byzantine = kinds.HasFlag(FaultKind.Byzantine) ? Byzantine : ImmutableSortedDictionary<int, Habits>.Empty,
            SkewMost = kinds.HasFlag(FaultKind.Skew) ? SkewMost : 0,
            Twins = kinds.HasFlag(FaultKind.Twin) ? Twins : [],
            Clones = kinds.HasFlag(FaultKind.Reckless) ? Clones : [],
            Resets = kinds.HasFlag(FaultKind.Reckless) ? Resets : [],
            Forgetful = kinds.HasFlag(FaultKind.Restore) ? Forgetful : [],
            Loss = Keep(FaultKind.Loss, Loss),
            Duplication = Keep(FaultKind.Duplication, Duplication),
            Delay = Keep(FaultKind.Delay, Delay),
            Corruption = Keep(FaultKind.Corruption, Corruption),
            Partition = Keep(FaultKind.Partition, Partition),
            Crash = Keep(FaultKind.Crash, Crash),
            CrashInEffects = Keep(FaultKind.Crash, CrashInEffects),
            SlowDisk = Keep(FaultKind.SlowDisk, SlowDisk),
            Jump = Keep(FaultKind.Jump, Jump),
            Pause = Keep(FaultKind.Pause, Pause),
            Flap = Keep(FaultKind.Flap, Flap),
            Replay = Keep(FaultKind.Replay, Replay),
            WriteError = Keep(FaultKind.WriteError, WriteError),
            DiskFull = Keep(FaultKind.DiskFull, DiskFull),
            Restore = Keep(FaultKind.Restore, Restore),
            Reordering = kinds.HasFlag(FaultKind.Reordering),
        };
    }
}
