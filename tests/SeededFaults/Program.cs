using System.Globalization;
using System.Text.Json;

namespace LuxTensor.Tests.SeededFaults;

internal static class Program
{
    private const string Usage = """
        usage: dotnet run -c Release --project tests/SeededFaults -- [options]
          --only TEXTS   the faults whose name, rule or file holds one of these texts, separated by | (all)
          --from NAME    begin with this fault
          --seeds N      seeds of the simulator for each profile that is tried, and scenarios of twins (100)
          --tests-only   leave the simulator out
          --json         one JSON object a fault instead of a table
          --list         print the faults and run nothing
        """;

    private static readonly JsonSerializerOptions plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static int Main(string[] arguments)
    {
        if (!TryRead(arguments, out var plan))
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        if (plan.IsList)
        {
            foreach (var fault in plan.Faults)
            {
                Console.WriteLine($"{fault.Rule,-7} {fault.Name} ({fault.File})");
            }

            return 0;
        }

        using var workshop = new Workshop();
        var verdicts = new List<Verdict>();
        try
        {
            foreach (var fault in plan.Faults)
            {
                var verdict = Trial.Run(workshop, fault, plan.Seeds, plan.IsSimulated);
                verdicts.Add(verdict);
                Console.WriteLine(plan.IsJson ? ToJson(verdict) : ToRow(verdict));
            }
        }
        catch (UnsoundSuiteException alarm)
        {
            Console.Error.WriteLine(alarm.Message);
            return 3;
        }

        var caught = verdicts.Count(verdict => verdict.IsCaught);
        if (!plan.IsJson)
        {
            var tested = verdicts.Count(verdict => verdict.Check?.StartsWith("test", StringComparison.Ordinal) == true);
            Console.WriteLine($"{caught} of {verdicts.Count} caught: {caught - tested} by the simulator, {tested} by a test");
        }

        return caught == verdicts.Count ? 0 : 1;
    }

    private static string ToRow(Verdict verdict) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {verdict.Fault.Name} | {verdict.Fault.Rule} | {verdict.Trouble ?? verdict.Check ?? "NOT CAUGHT"} | {verdict.After} | {verdict.Time.TotalSeconds:F0} s |");

    private static string ToJson(Verdict verdict) => JsonSerializer.Serialize(
        new
        {
            fault = verdict.Fault.Name,
            rule = verdict.Fault.Rule,
            file = verdict.Fault.File,
            caughtBy = verdict.Check,
            after = verdict.After,
            seconds = double.Round(verdict.Time.TotalSeconds, 1),
            trouble = verdict.Trouble,
        },
        plain);

    private static bool TryRead(string[] arguments, out Plan plan)
    {
        plan = new Plan(Faults.All, 100, IsSimulated: true, IsJson: false, IsList: false);
        for (var i = 0; i < arguments.Length; i++)
        {
            var value = i + 1 < arguments.Length ? arguments[i + 1] : null;
            switch (arguments[i])
            {
                case "--json":
                    plan = plan with { IsJson = true };
                    continue;
                case "--list":
                    plan = plan with { IsList = true };
                    continue;
                case "--tests-only":
                    plan = plan with { IsSimulated = false };
                    continue;
                case "--only" when value is not null:
                    var texts = value.Split('|');
                    plan = plan with { Faults = [.. plan.Faults.Where(fault => texts.Any(text => $"{fault.Name} {fault.Rule} {fault.File}".Contains(text, StringComparison.OrdinalIgnoreCase)))] };
                    break;
                case "--from" when value is not null:
                    plan = plan with { Faults = [.. plan.Faults.SkipWhile(fault => fault.Name != value)] };
                    break;
                case "--seeds" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seeds) && seeds > 0:
                    plan = plan with { Seeds = seeds };
                    break;
                default:
                    return false;
            }

            i++;
        }

        return plan.Faults.Count > 0;
    }

    private sealed record Plan(IReadOnlyList<Fault> Faults, int Seeds, bool IsSimulated, bool IsJson, bool IsList);
}
