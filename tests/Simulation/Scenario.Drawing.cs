using System.Collections.Immutable;
using LuxTensor.Core;

namespace LuxTensor.Tests.Simulation;

/// <content>How the parts of a scenario are drawn.</content>
internal sealed partial record Scenario
{
    /// <summary>The kinds of fault: of those of the profile all, of the others few, some or most.</summary>
    private static FaultKind Kinds(Profile profile, Prng random)
    {
        var drawn = FaultKind.None;
        var share = random.Pick([150, 350, 600]);
        for (var bit = 1; bit < (int)FaultKind.All; bit <<= 1)
        {
            drawn |= random.Chance(share) ? (FaultKind)bit : FaultKind.None;
        }

        return profile switch
        {
            Profile.Lossy => FaultKind.Loss | FaultKind.Duplication | FaultKind.Delay | FaultKind.Reordering | FaultKind.Corruption | FaultKind.Replay,
            Profile.Crashes => drawn | FaultKind.Crash,
            Profile.Partitions => drawn | FaultKind.Partition | FaultKind.Flap,
            Profile.Byzantine or Profile.Overwhelmed => drawn | FaultKind.Byzantine,
            Profile.Twins => (drawn & ~(FaultKind.Byzantine | FaultKind.Restore | FaultKind.Reckless)) | FaultKind.Twin | FaultKind.Crash,
            Profile.Storage => drawn | FaultKind.WriteError | FaultKind.DiskFull | FaultKind.Restore | FaultKind.Crash,
            _ => drawn,
        };
    }

    private static ChainRules DrawRules(Prng random, bool isStaking, int validators)
    {
        var runAhead = random.Pick<ulong>([1, 1, 4, 4, 64]);
        return new ChainRules
        {
            ChainId = 7,
            RunAhead = runAhead,
            MaxReorganisation = ulong.Max(runAhead, 8),
            SafeDepth = 2,
            EpochLength = isStaking ? random.Pick<ulong>([2, 4, 4]) : random.Pick<ulong>([4, 32]),
            BlockInterval = isStaking ? 250 : random.Pick<ulong>([250, 500, 1_000]),
            RoundTimeout = random.Pick<ulong>([400, 1_000]),
            RoundTimeoutStep = random.Pick<ulong>([100, 500]),
            ClockBound = 3_000,
            MaxActiveValidators = isStaking ? validators + random.Below(3) : 16,
            WithdrawalDelay = 2 + (ulong)random.Below(3),
            EvidenceMaxAge = 1,
            ChurnLimit = 1 + random.Below(2),
        };
    }

    private static ImmutableArray<int> DrawStakes(Prng random, int count)
    {
        var equal = random.Chance(500);
        return [.. Enumerable.Range(0, count).Select(_ => equal ? 1 : 1 + random.Below(5))];
    }

    /// <summary>Byzantine validators of a third of the stake at most or, to overwhelm, of a third at least and not everybody.</summary>
    private static ImmutableSortedDictionary<int, Habits> DrawLiars(Prng random, ImmutableArray<int> stakes, bool isSplit)
    {
        var order = Enumerable.Range(0, stakes.Length).ToArray();
        random.Shuffle(order);
        var total = stakes.Sum();
        var chosen = ImmutableSortedDictionary.CreateBuilder<int, Habits>();
        var stake = 0;
        foreach (var validator in order)
        {
            if (isSplit ? (stake + stakes[validator]) * 3 < total : stake * 2 < total && chosen.Count < stakes.Length - 2)
            {
                stake += stakes[validator];
                chosen.Add(validator, isSplit ? Habits.Split : Habits.Equivocate | Habits.VoteForAll);
            }
        }

        return chosen.ToImmutable();
    }

    private static Habits DrawHabits(Prng random)
    {
        var habits = Habits.None;
        for (var bit = 1; bit <= (int)Habits.Cheat; bit <<= 1)
        {
            habits |= bit is not ((int)Habits.Silent or (int)Habits.Split) && random.Chance(400) ? (Habits)bit : Habits.None;
        }

        return random.Chance(70) ? Habits.Silent : habits;
    }

    /// <summary>The scenario with as many faulty validators as fit below a third of the stake, each faulty in one of the allowed ways.</summary>
    private Scenario DrawFaulty(Prng random, FaultKind kinds)
    {
        FaultKind[] allowed =
        [
            .. new[] { FaultKind.Byzantine, FaultKind.Byzantine, FaultKind.Twin, FaultKind.Reckless, FaultKind.Restore }.Where(kind => kinds.HasFlag(kind)),
        ];
        var order = Enumerable.Range(0, Stakes.Length).ToArray();
        random.Shuffle(order);
        var drawn = this;
        var faulty = 0;
        foreach (var validator in allowed.Length == 0 ? [] : order)
        {
            if ((faulty + Stakes[validator]) * 3 >= Stakes.Sum())
            {
                continue;
            }

            faulty += Stakes[validator];
            var habits = DrawHabits(random);
            var isClone = random.Chance(500);
            drawn = random.Pick(allowed) switch
            {
                FaultKind.Byzantine => drawn with { Byzantine = drawn.Byzantine.Add(validator, habits) },
                FaultKind.Twin => drawn with { Twins = drawn.Twins.Add(validator) },
                FaultKind.Reckless when isClone => drawn with { Clones = drawn.Clones.Add(validator) },
                FaultKind.Reckless => drawn with { Resets = drawn.Resets.Add(validator) },
                _ => drawn with { Forgetful = drawn.Forgetful.Add(validator) },
            };
        }

        return drawn;
    }
}
