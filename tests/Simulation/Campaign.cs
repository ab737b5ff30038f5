using System.Globalization;

namespace LuxTensor.Tests.Simulation;

/// <summary>What a campaign of seeds is asked to do.</summary>
internal sealed record Plan
{
    public ulong From { get; init; } = 1;

    public int Seeds { get; init; } = 500;

    public Profile Profile { get; init; }

    public int? Validators { get; init; }

    public FaultKind Allowed { get; init; } = FaultKind.All;

    public Defect Defect { get; init; }

    public ulong? Horizon { get; init; }

    public Signatures Signatures { get; init; }

    /// <summary>Seeds that run at a time; the results and their order do not depend on it.</summary>
    public int Jobs { get; init; } = Environment.ProcessorCount;

    public Scenario Draw(ulong seed) => Scenario.Draw(seed, Profile, Validators, Allowed, Horizon) with { Signatures = Signatures };
}

/// <summary>Runs many seeds, and makes the first failure small.</summary>
internal static class Campaign
{
    public const int LinesKept = 200;

    /// <summary>Runs the seeds until one fails; gives all up to the first that does, reported in order, and the failure, if any.</summary>
    public static (Coverage Total, ulong Events, Outcome? Failure) Run(Plan plan, Action<Outcome>? report = null)
    {
        var total = new Coverage();
        ulong events = 0;
        foreach (var outcome in Side.BySide(plan.Jobs, plan.Seeds, index => World.Run(plan.Draw(plan.From + (ulong)index), plan.Defect)))
        {
            total.Include(outcome.Coverage);
            events += outcome.Events;
            report?.Invoke(outcome);
            if (outcome.Broken is not null)
            {
                return (total, events, outcome);
            }
        }

        return (total, events, null);
    }

    /// <summary>Runs small scenarios with a validator that is there twice; gives how many, what they did, and the first failure in words.</summary>
    public static (long Runs, Coverage Total, ulong Events, string? Failure) RunTwins(TwinsPlan plan, IReadOnlyList<long> chosen, int jobs)
    {
        var total = new Coverage();
        long runs = 0;
        ulong events = 0;
        foreach (var outcome in Side.BySide(jobs, chosen.Count, index => World.Run(plan.Draw(chosen[index]))))
        {
            runs++;
            total.Include(outcome.Coverage);
            events += outcome.Events;
            if (outcome.Broken is not null)
            {
                var number = (long)outcome.Scenario.Seed;
                var traced = World.Run(plan.Draw(number), linesKept: LinesKept);
                return (runs, total, events, string.Create(CultureInfo.InvariantCulture, $"""
                    scenario {number} of {plan.Rounds} rounds breaks {outcome.Broken}
                    {outcome.What}
                    {plan.Describe(number)}
                    {string.Join('\n', traced.Lines)}
                    """));
            }
        }

        return (runs, total, events, null);
    }

    /// <summary>The same failure with as few kinds of fault and as short a time of faults as still show it, and its last events.</summary>
    public static (Plan Plan, Outcome Outcome) Shrink(Plan plan, Outcome failure)
    {
        var seed = failure.Scenario.Seed;
        var best = plan with { Allowed = plan.Allowed & failure.Scenario.Faults };
        bool Fails(Plan tried) => World.Run(tried.Draw(seed), tried.Defect).Broken == failure.Broken;
        for (var bit = 1; bit < (int)FaultKind.All; bit <<= 1)
        {
            var tried = best with { Allowed = best.Allowed & ~(FaultKind)bit };
            if (tried.Allowed != best.Allowed && Fails(tried))
            {
                best = tried;
            }
        }

        for (var horizon = failure.Scenario.FaultsEnd; horizon > 200; horizon = horizon * 2 / 3)
        {
            var tried = best with { Horizon = horizon };
            if (!Fails(tried))
            {
                break;
            }

            best = tried;
        }

        return (best, World.Run(best.Draw(seed), best.Defect, LinesKept));
    }

    /// <summary>A failure, with the command that shows it again.</summary>
    public static string Describe(Plan plan, Outcome failure)
    {
        var (small, outcome) = Shrink(plan, failure);
        var scenario = outcome.Scenario;
        return string.Create(CultureInfo.InvariantCulture, $"""
            seed {scenario.Seed} breaks {failure.Broken}
            {failure.What}
            again: dotnet run -c Release --project tests/Simulation -- {Arguments(plan, scenario.Seed)} --trace
            smallest: {Arguments(small, scenario.Seed)} ({outcome.Events} events, {outcome.Time} ms)
            {outcome.What}
            stakes {string.Join(' ', scenario.Stakes)}; byzantine {string.Join(", ", scenario.Byzantine.Select(entry => $"n{entry.Key} ({entry.Value})"))}; twins of {string.Join(' ', scenario.Twins)}; run-ahead {scenario.Rules.RunAhead}; interval {scenario.Rules.BlockInterval}, timeout {scenario.Rules.RoundTimeout}+{scenario.Rules.RoundTimeoutStep}
            {string.Join('\n', outcome.Lines)}
            """);
    }

    private static string Arguments(Plan plan, ulong seed) =>
        $"--seed {seed} --profile {plan.Profile}"
        + (plan.Signatures != Signatures.StandIn ? $" --signatures {plan.Signatures}" : "")
        + (plan.Validators is { } nodes ? $" --nodes {nodes}" : "")
        + (plan.Allowed != FaultKind.All ? $" --faults \"{plan.Allowed}\"" : "")
        + (plan.Defect != Defect.None ? $" --defect {plan.Defect}" : "")
        + (plan.Horizon is { } horizon ? $" --horizon {horizon}" : "");
}
