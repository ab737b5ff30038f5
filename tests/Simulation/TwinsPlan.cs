using System.Collections.Immutable;
using System.Globalization;
using LuxTensor.Core;
using LuxTensor.Core.Validators;

namespace LuxTensor.Tests.Simulation;

/// <summary>
/// Small scenarios, one after the other, as in "Twins: BFT Systems Made Robust" (arXiv 2004.10617): four validators of
/// equal stake, the first of which runs twice with one key and two guards, so that the two contradict each other as a
/// liar would; every way to divide the five nodes in each round, once for its proposal and prepares and once for its
/// precommits, and every order of proposers.
/// </summary>
internal sealed class TwinsPlan
{
    private const int Validators = 4;
    private const int Nodes = Validators + 1;

    private readonly ImmutableArray<ImmutableArray<int>> divisions;
    private readonly ImmutableArray<ulong> salts; // by order of proposers, as a number to the base 4
    private readonly int[][] symmetries;

    /// <param name="rounds">Rounds that are divided.</param>
    /// <param name="sides">Most groups of a division; 5 for every division there is.</param>
    public TwinsPlan(int rounds, int sides)
    {
        Rounds = rounds;
        divisions = [.. Divisions([0], sides)];
        salts = FindSalts(rounds);
        symmetries = [.. Permutations([1, 2, 3]).SelectMany(one => new int[][] { [0, .. one, 4], [4, .. one, 0] })];
        Space = Power(Validators, rounds) * Power(divisions.Length, Steps);
    }

    public int Rounds { get; }

    private int Steps => 2 * Rounds;

    /// <summary>Numbers of scenarios are below this; those that differ by the names of nodes alone have several.</summary>
    public long Space { get; }

    /// <summary>
    /// The scenarios, of those that differ by names only the first; where there may be more than <paramref name="most"/>, so
    /// many drawn from all, the same ones each time.
    /// </summary>
    public IEnumerable<long> Choose(int most)
    {
        if (Space / symmetries.Length <= most)
        {
            for (long number = 0; number < Space; number++)
            {
                if (IsFirst(number))
                {
                    yield return number;
                }
            }

            yield break;
        }

        var random = new Prng((ulong)Space);
        var drawn = new HashSet<long>();
        while (drawn.Count < most)
        {
            var number = (long)random.Between(0, (ulong)Space - 1);
            if (drawn.Add(number))
            {
                yield return number;
            }
        }
    }

    public Scenario Draw(long number)
    {
        var (order, steps) = Split(number);
        return new Scenario
        {
            Seed = (ulong)number,
            Profile = Profile.Twins,
            Faults = FaultKind.Reckless,
            Rules = new ChainRules
            {
                ChainId = 7,
                RunAhead = 1,
                MaxReorganisation = 8,
                SafeDepth = 2,
                EpochLength = 32,
                BlockInterval = 40,
                RoundTimeout = 30,
                RoundTimeoutStep = 10,
                ClockBound = 3_000,
                MaxActiveValidators = 16,
            },
            Stakes = [1, 1, 1, 1],
            Followers = 0,
            Byzantine = ImmutableSortedDictionary<int, Habits>.Empty,
            Twins = [],
            Clones = [0],
            FaultsEnd = 0,
            Latency = (1, 1),
            SkewMost = 0,
            TransactionEvery = 0,
            Reordering = true,
            HeightsToGain = 1,
            Script = new Script([.. steps.Select(step => divisions[step])], salts[order]),
        };
    }

    public string Describe(long number)
    {
        var (order, _) = Split(number);
        var leaders = string.Join(' ', Enumerable.Range(0, Rounds).Select(round => string.Create(CultureInfo.InvariantCulture, $"n{LeaderOf(order, round)}")));
        return $"proposers {leaders} (n0 runs as n4 too); {Draw(number).Script}";
    }

    /// <summary>Whether no other scenario with a lower number is the same but for the names of the nodes.</summary>
    private bool IsFirst(long number)
    {
        var (order, steps) = Split(number);
        foreach (var names in symmetries)
        {
            long other = 0;
            for (var step = Steps - 1; step >= 0; step--)
            {
                var groups = divisions[steps[step]];
                var renamed = Canonical(Enumerable.Range(0, Nodes).Select(node => groups[names[node]]));
                other = (other * divisions.Length) + IndexOf(renamed);
            }

            long leaders = 0;
            for (var round = Rounds - 1; round >= 0; round--)
            {
                var leader = LeaderOf(order, round);
                leaders = (leaders * Validators) + (leader == 0 ? 0 : Array.IndexOf(names, leader));
            }

            if ((other * Power(Validators, Rounds)) + leaders < number)
            {
                return false;
            }
        }

        return true;
    }

    private (int Order, int[] Steps) Split(long number)
    {
        var orders = Power(Validators, Rounds);
        var rest = number / orders;
        var steps = new int[Steps];
        for (var step = 0; step < Steps; step++)
        {
            steps[step] = (int)(rest % divisions.Length);
            rest /= divisions.Length;
        }

        return ((int)(number % orders), steps);
    }

    private int IndexOf(ImmutableArray<int> groups)
    {
        for (var index = 0; ; index++)
        {
            if (divisions[index].AsSpan().SequenceEqual(groups.AsSpan()))
            {
                return index;
            }
        }
    }

    private static int LeaderOf(int order, int round) => (int)(order / Power(Validators, round) % Validators);

    private static long Power(long number, int exponent) => Enumerable.Range(0, exponent).Aggregate(1L, (product, _) => product * number);

    /// <summary>Every division of the nodes into at most so many groups; groups are numbered as they appear.</summary>
    private static IEnumerable<ImmutableArray<int>> Divisions(ImmutableArray<int> start, int sides) =>
        start.Length == Nodes
            ? [start]
            : Enumerable.Range(0, int.Min(start.Max() + 2, sides)).SelectMany(group => Divisions(start.Add(group), sides));

    private static ImmutableArray<int> Canonical(IEnumerable<int> groups)
    {
        var names = new List<int>();
        return
        [
            .. groups.Select(group =>
            {
                if (!names.Contains(group))
                {
                    names.Add(group);
                }

                return names.IndexOf(group);
            }),
        ];
    }

    private static IEnumerable<int[]> Permutations(int[] items) => items.Length <= 1
        ? [items]
        : items.SelectMany(first => Permutations([.. items.Where(item => item != first)]).Select(rest => (int[])[first, .. rest]));

    /// <summary>For each order of proposers of the first height's rounds a stake at which the draw gives it.</summary>
    private static ImmutableArray<ulong> FindSalts(int rounds)
    {
        var keys = Keys.Of(Signatures.StandIn);
        var found = new ulong?[Power(Validators, rounds)];
        var missing = found.Length;
        for (ulong salt = 1; missing > 0; salt++)
        {
            var stake = World.StakeOf(1, salt);
            var set = new EpochSnapshot(
                0, [.. Enumerable.Range(0, Validators).Select(index => new EpochValidator(keys.AddressOf(index), keys.Validators[index].PublicKey, stake))]);
            long order = 0;
            for (var round = rounds - 1; round >= 0; round--)
            {
                order = (order * Validators) + set.IndexOf(set.ProposerOf(1, (uint)round).Address);
            }

            missing -= found[order] is null ? 1 : 0;
            found[order] ??= salt;
        }

        return [.. found.Select(salt => salt!.Value)];
    }
}
