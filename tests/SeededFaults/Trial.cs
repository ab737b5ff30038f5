using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace LuxTensor.Tests.SeededFaults;

/// <summary>What came of a fault.</summary>
/// <param name="Fault">The fault.</param>
/// <param name="Check">The simulator's checker or the test that caught it; null where nothing did.</param>
/// <param name="After">How many seeds or tests that took.</param>
/// <param name="Time">Building and running.</param>
/// <param name="Trouble">Why the fault could not be tried, where it could not.</param>
internal sealed record Verdict(Fault Fault, string? Check, string After, TimeSpan Time, string? Trouble = null)
{
    public bool IsCaught => Check is not null;
}

/// <summary>The suite finds fault with the code as it is.</summary>
internal sealed class UnsoundSuiteException(string message) : Exception(message);

/// <summary>Runs the suite against one fault, until something catches it: the simulator first, then the tests.</summary>
internal static partial class Trial
{
    private static readonly TimeSpan limit = TimeSpan.FromMinutes(4); // of a stage; the longest takes about half a minute

    private static readonly HashSet<(string Suite, string Stage)> sound = []; // those that were run without a fault

    private static readonly Dictionary<string, string[]> suites = new()
    {
        ["LuxTensor.Core"] = ["Core.Tests", "Engine.Contract"],
        ["LuxTensor.Engine"] = ["Engine.Contract", "Core.Tests"],
        ["LuxTensor.Storage"] = ["Storage.Tests", "Engine.Contract"],
    };

    public static Verdict Run(Workshop workshop, Fault fault, int seeds, bool isSimulated)
    {
        var watch = Stopwatch.StartNew();
        try
        {
            workshop.Seed(fault);
            var tried = new List<string>();
            if (isSimulated && fault.Project != "LuxTensor.Storage") // the simulator has a journal and a guard of its own
            {
                var profiles = fault.Profile == "Mixed" ? new[] { "Mixed" } : [fault.Profile, "Mixed"];
                foreach (var profile in profiles)
                {
                    var (check, after) = Try(workshop, "Simulation", profile, assembly => Simulate(assembly, profile, seeds));
                    tried.Add($"{after} seeds");
                    if (check is not null)
                    {
                        return new Verdict(fault, check, $"{(after == "1" ? "1 seed" : $"{after} seeds")} of {profile}", watch.Elapsed);
                    }
                }
            }

            if (isSimulated && fault.IsAboutVotes)
            {
                var (check, after) = Try(workshop, "Simulation", "twins", assembly => Enumerate(assembly, seeds));
                tried.Add($"{after} scenarios of twins");
                if (check is not null)
                {
                    return new Verdict(fault, check, $"{after} scenarios of twins", watch.Elapsed);
                }
            }

            // The tests that are named for the rule come first, then all: SpecTests is about the whole repository, of which the workshop is a part.
            var named = $"FullyQualifiedName~.{fault.Rule.Replace('-', '_')}_";
            foreach (var (suite, filter) in suites[fault.Project].Take(1).Select(suite => (suite, named))
                .Concat(suites[fault.Project].Select(suite => (suite, "FullyQualifiedName!~SpecTests"))))
            {
                var (check, after) = filter == named ? Test(workshop.Equip(suite), filter) : Try(workshop, suite, filter, assembly => Test(assembly, filter));
                tried.Add($"{after} tests");
                if (check is not null)
                {
                    return new Verdict(fault, check, $"{after} of {suite}", watch.Elapsed);
                }
            }

            return new Verdict(fault, null, string.Join(" and ", tried), watch.Elapsed);
        }
        catch (InvalidOperationException trouble)
        {
            return new Verdict(fault, null, "", watch.Elapsed, trouble.Message);
        }
    }

    /// <summary>Runs a stage with the fault; before it catches anything for the first time, without one: what finds fault with sound code proves nothing.</summary>
    /// <exception cref="UnsoundSuiteException">It does.</exception>
    private static (string? Check, string After) Try(Workshop workshop, string suite, string stage, Func<string, (string? Check, string After)> run)
    {
        var found = run(workshop.Equip(suite));
        if (found.Check is not null && sound.Add((suite, stage)) && run(workshop.Equip(suite, isSound: true)) is { Check: { } alarm, After: var after })
        {
            throw new UnsoundSuiteException($"{suite} ({stage}) finds this without any fault, after {after}: {alarm}");
        }

        return found;
    }

    private static (string? Check, string After) Simulate(string assembly, string profile, int seeds)
    {
        var result = Command.Dotnet(
            Path.GetDirectoryName(assembly)!,
            [assembly, "--seeds", seeds.ToString(CultureInfo.InvariantCulture), "--profile", profile],
            limit,
            line => Broken().IsMatch(line));
        if (result.Line is { } line)
        {
            return ($"simulator: {Broken().Match(line).Groups["rule"].Value}", Broken().Match(line).Groups["seed"].Value);
        }

        return result.Code switch
        {
            0 => (null, seeds.ToString(CultureInfo.InvariantCulture)),
            null => ($"simulator: no end within {limit.TotalMinutes} minutes", "?"),
            _ => ($"simulator: it breaks down: {result.Output[^1]}", "?"),
        };
    }

    /// <summary>The simulator's small scenarios with a validator that is there twice.</summary>
    private static (string? Check, string After) Enumerate(string assembly, int scenarios)
    {
        var result = Command.Dotnet(
            Path.GetDirectoryName(assembly)!,
            [assembly, "--twins", "2", "2", scenarios.ToString(CultureInfo.InvariantCulture)],
            limit,
            line => Broken().IsMatch(line));
        var runs = result.Output.Select(line => Scenarios().Match(line)).FirstOrDefault(match => match.Success)?.Groups["count"].Value ?? "?";
        return result switch
        {
            { Line: { } line } => ($"twins: {Broken().Match(line).Groups["rule"].Value}", runs),
            { Code: 0 } => (null, runs),
            { Code: null } => ($"twins: no end within {limit.TotalMinutes} minutes", runs),
            _ => ($"twins: they break down: {result.Output[^1]}", runs),
        };
    }

    private static (string? Check, string After) Test(string assembly, string filter)
    {
        var result = Command.Dotnet(
            Path.GetDirectoryName(assembly)!,
            ["test", assembly, "--filter", filter, "--logger", "console;verbosity=normal"],
            limit,
            line => Failed().IsMatch(line));
        var passed = result.Output.Count(line => Passed().IsMatch(line)).ToString(CultureInfo.InvariantCulture);
        return result switch
        {
            { Line: { } line } => ($"test: {Failed().Match(line).Groups["name"].Value}", $"{passed} tests"),
            { Code: 0 } => (null, passed),
            { Code: null } => ($"tests: no end within {limit.TotalMinutes} minutes", $"{passed} tests"),
            _ => ($"tests: they break down: {result.Output.LastOrDefault(line => line.Length > 0)}", $"{passed} tests"),
        };
    }

    [GeneratedRegex(@"^(seed|scenario) (?<seed>\d+) (of \d+ rounds )?breaks (?<rule>\w+)", RegexOptions.ExplicitCapture)]
    private static partial Regex Broken();

    [GeneratedRegex(@"^(?<count>\d+) scenarios of ", RegexOptions.ExplicitCapture)]
    private static partial Regex Scenarios();

    [GeneratedRegex(@"^(\s+Failed |\[xUnit\.net [\d:.]+\]\s+)(LuxTensor\.Tests\.)?(?<name>[\w.+]+)(\(.*\))? \[(FAIL|[<\d])", RegexOptions.ExplicitCapture)]
    private static partial Regex Failed();

    [GeneratedRegex(@"^\s+Passed \S", RegexOptions.ExplicitCapture)]
    private static partial Regex Passed();
}
