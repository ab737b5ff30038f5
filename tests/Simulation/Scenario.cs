using System.Collections.Immutable;
using LuxTensor.Core;

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
    All = 2047,
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
}

/// <summary>A deliberate fault of the simulated host, to show that the checkers see it.</summary>
internal enum Defect
{
    None,
    SkipsGuard,
    ActsBeforeCommit,
    ForgetsJournal,
    ForgetsInputs,
}

/// <summary>Everything about a run that the seed draws before it starts. Times are virtual milliseconds.</summary>
internal sealed record Scenario
{
    public required ulong Seed { get; init; }

    public required Profile Profile { get; init; }

    public required FaultKind Faults { get; init; }

    public required ChainRules Rules { get; init; }

    public Signatures Signatures { get; init; }

    /// <summary>Stake of each validator, in units of 32 tokens.</summary>
    public required ImmutableArray<int> Stakes { get; init; }

    /// <summary>Nodes without a key.</summary>
    public required int Followers { get; init; }

    /// <summary>Byzantine validators and their habits.</summary>
    public required ImmutableSortedDictionary<int, Habits> Byzantine { get; init; }

    /// <summary>Validators whose key is active on a second node as well. Their stake counts as faulty: two nodes, one lock each.</summary>
    public required ImmutableSortedSet<int> Twins { get; init; }

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

    public bool Reordering { get; init; }

    public required ulong TransactionEvery { get; init; }

    public int Nodes => Stakes.Length + Twins.Count + Followers;

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
        var scenario = new Scenario
        {
            Seed = seed,
            Profile = profile,
            Faults = kinds & allowed,
            Rules = DrawRules(random),
            Stakes = stakes,
            Followers = random.Chance(250) ? 1 : 0,
            Byzantine = DrawByzantine(random, stakes, profile, isSplit),
            Twins = [],
            FaultsEnd = random.Between(3_000, 10_000),
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
            Reordering = true,
            TransactionEvery = random.Between(300, 1_500),
        };
        var twins = DrawTwins(random, scenario);
        return scenario.Restrict(kinds & allowed, horizon) with
        {
            Twins = (kinds & allowed).HasFlag(FaultKind.Twin) ? twins : [],
        };
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
            Loss = Keep(FaultKind.Loss, Loss),
            Duplication = Keep(FaultKind.Duplication, Duplication),
            Delay = Keep(FaultKind.Delay, Delay),
            Corruption = Keep(FaultKind.Corruption, Corruption),
            Partition = Keep(FaultKind.Partition, Partition),
            Crash = Keep(FaultKind.Crash, Crash),
            CrashInEffects = Keep(FaultKind.Crash, CrashInEffects),
            SlowDisk = Keep(FaultKind.SlowDisk, SlowDisk),
            Reordering = kinds.HasFlag(FaultKind.Reordering),
        };
    }

    private static FaultKind Kinds(Profile profile, Prng random)
    {
        var drawn = FaultKind.None;
        for (var bit = 1; bit < (int)FaultKind.All; bit <<= 1)
        {
            drawn |= random.Chance(500) ? (FaultKind)bit : FaultKind.None;
        }

        return profile switch
        {
            Profile.Lossy => FaultKind.Loss | FaultKind.Duplication | FaultKind.Delay | FaultKind.Reordering | FaultKind.Corruption,
            Profile.Crashes => drawn | FaultKind.Crash,
            Profile.Partitions => drawn | FaultKind.Partition,
            Profile.Byzantine or Profile.Overwhelmed => drawn | FaultKind.Byzantine,
            Profile.Twins => drawn | FaultKind.Twin | FaultKind.Crash,
            _ => drawn,
        };
    }

    private static ChainRules DrawRules(Prng random)
    {
        var runAhead = random.Pick<ulong>([1, 1, 4, 4, 64]);
        return new ChainRules
        {
            ChainId = 7,
            RunAhead = runAhead,
            MaxReorganisation = ulong.Max(runAhead, 8),
            SafeDepth = 2,
            EpochLength = random.Pick<ulong>([4, 32]),
            BlockInterval = random.Pick<ulong>([250, 500, 1_000]),
            RoundTimeout = random.Pick<ulong>([400, 1_000]),
            RoundTimeoutStep = random.Pick<ulong>([100, 500]),
            ClockBound = 3_000,
            MaxActiveValidators = 16,
        };
    }

    private static ImmutableArray<int> DrawStakes(Prng random, int count)
    {
        var equal = random.Chance(500);
        return [.. Enumerable.Range(0, count).Select(_ => equal ? 1 : 1 + random.Below(5))];
    }

    /// <summary>As many as their stake allows: less than a third, or for the overwhelmed profile at least a third and not everybody.</summary>
    private static ImmutableSortedDictionary<int, Habits> DrawByzantine(Prng random, ImmutableArray<int> stakes, Profile profile, bool isSplit)
    {
        var order = Enumerable.Range(0, stakes.Length).ToArray();
        random.Shuffle(order);
        var total = stakes.Sum();
        var chosen = ImmutableSortedDictionary.CreateBuilder<int, Habits>();
        var stake = 0;
        foreach (var validator in order)
        {
            var fits = profile == Profile.Overwhelmed
                ? stake * 2 < total && chosen.Count < stakes.Length - 2
                : (stake + stakes[validator]) * 3 < total;
            if (fits)
            {
                stake += stakes[validator];
                chosen.Add(validator, isSplit ? Habits.Split : DrawHabits(random, profile));
            }
        }

        return chosen.ToImmutable();
    }

    private static Habits DrawHabits(Prng random, Profile profile)
    {
        if (profile == Profile.Overwhelmed)
        {
            return Habits.Equivocate | Habits.VoteForAll;
        }

        var habits = Habits.None;
        for (var bit = 1; bit <= (int)Habits.Late; bit <<= 1)
        {
            habits |= random.Chance(400) ? (Habits)bit : Habits.None;
        }

        return random.Chance(70) ? Habits.Silent : habits;
    }

    private static ImmutableSortedSet<int> DrawTwins(Prng random, Scenario scenario)
    {
        var total = scenario.Stakes.Sum();
        var faulty = scenario.Faults.HasFlag(FaultKind.Byzantine) ? scenario.Byzantine.Keys.Sum(index => scenario.Stakes[index]) : 0;
        var order = Enumerable.Range(0, scenario.Stakes.Length).ToArray();
        random.Shuffle(order);
        foreach (var validator in order)
        {
            if ((faulty + scenario.Stakes[validator]) * 3 < total && !scenario.Byzantine.ContainsKey(validator))
            {
                return [validator];
            }
        }

        return [];
    }
}
