using System.Collections.Concurrent;
using System.Globalization;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Simulation;

/// <summary>LUXTENSOR_SEEDS says how many seeds are run; 500 where it is not set.</summary>
public sealed class Many_seeds
{
    private const int Parts = 5;

    private static readonly int seeds =
        int.TryParse(Environment.GetEnvironmentVariable("LUXTENSOR_SEEDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var wanted)
            ? wanted
            : 500;

    // Each part is run once, by whichever test asks first.
    private static readonly ConcurrentDictionary<int, Lazy<(Coverage Total, string? Failure)>> parts = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Keep_every_rule(int part)
    {
        var failure = Run(part).Failure;
        Assert.True(failure is null, failure);
    }

    /// <summary>The other seeds sign with stand-ins.</summary>
    [Fact]
    public void Keep_every_rule_with_real_signatures()
    {
        var plan = new Plan { Seeds = int.Min(seeds, 20), Signatures = Signatures.Real };
        var failure = Campaign.Run(plan).Failure;
        Assert.True(failure is null, failure is null ? null : Campaign.Describe(plan, failure));
    }

    [Fact]
    public void Reach_every_corner_that_the_rules_are_there_for()
    {
        var total = new Coverage();
        for (var part = 0; part < Parts; part++)
        {
            total.Include(Run(part).Total);
        }

        foreach (var what in Enum.GetValues<Seen>().Except([Seen.StartsFailed, Seen.Overwhelmed]))
        {
            Assert.True(total[what] > 0, $"{what} never happened in {seeds} seeds: {total}");
        }

        Assert.True(total[Seen.DeepestRunAhead] >= 4, $"production never ran 4 blocks ahead of finality: {total}");
    }

    private static (Coverage Total, string? Failure) Run(int part) => parts.GetOrAdd(part, number => new(() =>
    {
        var plan = new Plan { From = 1 + (ulong)(seeds * number / Parts), Seeds = (seeds * (number + 1) / Parts) - (seeds * number / Parts) };
        var (total, _, failure) = Campaign.Run(plan);
        return (total, failure is null ? null : Campaign.Describe(plan, failure));
    })).Value;
}

public sealed class A_seed
{
    [Theory]
    [InlineData(3)]
    [InlineData(11)]
    [InlineData(42)]
    public void Gives_the_same_trace_again(ulong seed)
    {
        var scenario = new Plan().Draw(seed);
        var first = World.Run(scenario);
        var second = World.Run(scenario, linesKept: 50);
        Assert.Equal(first.TraceHash, second.TraceHash);
        Assert.Equal(first.Events, second.Events);
    }

    [Fact]
    public void Does_the_same_whatever_runs_beside_it()
    {
        var alone = new List<Hash256>();
        var together = new List<Hash256>();
        Campaign.Run(new Plan { Seeds = 12, Jobs = 1 }, outcome => alone.Add(outcome.TraceHash));
        Campaign.Run(new Plan { Seeds = 12, Jobs = 3 }, outcome => together.Add(outcome.TraceHash));
        Assert.Equal(alone, together);
    }

    [Fact]
    public void Gives_another_trace_than_the_next_seed() =>
        Assert.NotEqual(World.Run(new Plan().Draw(7)).TraceHash, World.Run(new Plan().Draw(8)).TraceHash);
}

/// <summary>A checker that cannot fail checks nothing.</summary>
public sealed class The_checkers
{
    [Fact]
    public void Report_disagreement_where_a_third_of_the_stake_or_more_lies()
    {
        var plan = new Plan { Profile = Profile.Overwhelmed, Allowed = FaultKind.Byzantine };
        var broken = Enumerable.Range(1, 20).Select(seed => World.Run(plan.Draw((ulong)seed)).Broken).ToArray();
        Assert.Contains(Rule.OneFinalBlockAHeight, broken);
    }

    [Fact]
    public void See_a_host_that_signs_without_its_guard() => Catch(Defect.SkipsGuard, Profile.Twins, Rule.NoDoubleSigning);

    [Fact]
    public void See_a_host_that_acts_before_its_journal_is_durable() =>
        Catch(
            Defect.ActsBeforeCommit, Profile.Crashes,
            Rule.FinalIsNeverReverted, Rule.AcceptedTransactionsSurvive, Rule.RestartBringsTheStateBack, Rule.VotesAreJustified, Rule.NoticesAreComplete);

    [Fact]
    public void See_a_host_that_loses_its_journal() =>
        Catch(Defect.ForgetsJournal, Profile.Crashes, Rule.FinalIsNeverReverted, Rule.RestartBringsTheStateBack);

    [Fact]
    public void See_a_host_that_goes_on_after_a_failed_write() =>
        Catch(
            Defect.IgnoresWriteErrors, Profile.Storage,
            Rule.FinalIsNeverReverted, Rule.AcceptedTransactionsSurvive, Rule.RestartBringsTheStateBack, Rule.VotesAreJustified);

    [Fact]
    public void See_a_host_that_writes_again_what_may_be_written() =>
        Catch(Defect.RetriesInDoubt, Profile.Storage, Rule.NothingThrows, Rule.RestartBringsTheStateBack, Rule.StateRootsAgree);

    [Fact]
    public void See_a_journal_that_takes_a_torn_write_for_a_whole_one() =>
        Catch(Defect.TakesTornWrites, Profile.Storage, Rule.NothingThrows, Rule.RestartBringsTheStateBack);

    [Fact]
    public void See_a_host_that_votes_where_it_forgot_its_locks() =>
        Catch(Defect.IgnoresForgottenLocks, Profile.Storage, Rule.ForgottenLocksStaySilent, Rule.LocksAreKept);

    [Fact]
    public void See_a_host_that_loses_the_inputs_since_the_last_final_block() =>
        Catch(Defect.ForgetsInputs, Profile.Crashes, Rule.RestartBringsTheStateBack);

    /// <summary>Within 150 seeds, most within a few; the same seeds without the defect keep every rule, as the other tests show.</summary>
    private static void Catch(Defect defect, Profile profile, params Rule[] rules)
    {
        var plan = new Plan { Profile = profile, Defect = defect, Seeds = 150 };
        var (_, _, failure) = Campaign.Run(plan);
        Assert.NotNull(failure);
        Assert.Contains(failure.Broken!.Value, rules);
        Assert.Null(World.Run(plan.Draw(failure.Scenario.Seed)).Broken);
    }
}

/// <summary>Small scenarios with a validator that is there twice, one after the other.</summary>
public sealed class Twins
{
    [Theory]
    [InlineData(1, 5, 2_000)] // all there are
    [InlineData(2, 2, 200)]
    [InlineData(3, 5, 60)]
    public void Bring_no_two_blocks_to_one_height(int rounds, int sides, int most)
    {
        var plan = new TwinsPlan(rounds, sides);
        var (runs, total, _, failure) = Campaign.RunTwins(plan, [.. plan.Choose(most)], Environment.ProcessorCount);
        Assert.True(failure is null, failure);
        Assert.InRange(runs, int.Min(most, 1_000), most);
        Assert.True(total[Seen.Evidence] > runs / 10 && total[Seen.LocksCarriedOver] > 0, $"nobody was put to the test: {total}");
    }

    [Fact]
    public void Take_every_order_of_proposers_and_every_division_once()
    {
        var plan = new TwinsPlan(1, 5);
        var described = plan.Choose(10_000).Select(plan.Describe).ToArray();
        Assert.Equal(4 * 52 * 52, plan.Space);
        Assert.Equal(1_319, described.Distinct(StringComparer.Ordinal).Count());
    }
}
