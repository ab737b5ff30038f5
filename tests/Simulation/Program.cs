using System.Diagnostics;
using System.Globalization;

namespace LuxTensor.Tests.Simulation;

internal static class Program
{
    private const string Usage = """
        usage: dotnet run -c Release --project tests/Simulation -- [options]
          --seeds N        how many seeds to run (500)
          --from N         the first of them (1)
          --seed N         this seed alone
          --trace          print what happened in every run
          --nodes N        validators, 4 to 16 (drawn by the seed)
          --profile NAME   Mixed, Calm, Lossy, Crashes, Partitions, Byzantine, Twins, Splits,
                           Overwhelmed, Staking, Storage (Mixed)
          --faults LIST    only these kinds, separated by commas (All)
          --horizon MS     the network heals no later
          --signatures KIND  StandIn, or Real for Ed25519 (StandIn)
          --jobs N        seeds that run at a time (one a processor)
          --defect NAME    break the simulated host: SkipsGuard, ActsBeforeCommit, ForgetsJournal, ForgetsInputs,
                           IgnoresWriteErrors, RetriesInDoubt, TakesTornWrites, IgnoresForgottenLocks
        or     dotnet run -c Release --project tests/Simulation -- --twins [ROUNDS [SIDES [MOST]]]
                           four validators, one of them there twice: every order of proposers and every
                           division of the nodes into at most so many sides, anew for the prepares
                           and for the precommits of each round (2 rounds, 2 sides)
        """;

    public static int Main(string[] arguments)
    {
        if (arguments is ["--twins", ..])
        {
            return RunTwins(arguments);
        }

        if (!TryRead(arguments, out var plan, out var isTraced))
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        var watch = Stopwatch.StartNew();
        var last = TimeSpan.Zero;
        var runs = 0;
        var total = new Coverage();
        ulong events = 0, heights = 0;
        var (_, _, failure) = Campaign.Run(plan, outcome =>
        {
            runs++;
            events += outcome.Events;
            heights += outcome.Final;
            total.Include(outcome.Coverage);
            if (isTraced)
            {
                var traced = World.Run(outcome.Scenario, plan.Defect, linesKept: 1_000_000);
                Console.WriteLine(string.Join('\n', traced.Lines));
            }

            if (isTraced || plan.Seeds == 1 || watch.Elapsed - last > TimeSpan.FromSeconds(2))
            {
                last = watch.Elapsed;
                Console.WriteLine($"seed {outcome.Scenario.Seed}: final {outcome.Final}, {outcome.Events} events, {outcome.Time} ms, trace {outcome.TraceHash}");
            }
        });
        var seconds = watch.Elapsed.TotalSeconds;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{runs} seeds in {seconds:F1} s: {runs / seconds:F1} seeds/s, {events / seconds:F0} events/s, {total.FaultCount / seconds:F0} faults/s; {events} events, {total.FaultCount} faults, {heights} final heights"));
        foreach (var what in Enum.GetValues<Seen>())
        {
            Console.WriteLine($"  {what,-26} {total[what],10}");
        }

        if (failure is null)
        {
            return 0;
        }

        Console.WriteLine($"seed {failure.Scenario.Seed} breaks {failure.Broken}; looking for the smallest run that does");
        Console.WriteLine(Campaign.Describe(plan, failure));
        return 1;
    }

    private static int RunTwins(string[] arguments)
    {
        var numbers = arguments.Skip(1).Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0).ToArray();
        if (numbers.Length > 3 || numbers.Any(number => number == 0) || numbers is [> 5, ..] or [_, > 5, ..])
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        var rounds = numbers is [var wanted, ..] ? wanted : 2;
        var sides = numbers is [_, var most, ..] ? most : rounds < 2 ? 5 : 2;
        var plan = new TwinsPlan(rounds, sides);
        var chosen = plan.Choose(numbers is [_, _, var count] ? count : 100_000).ToArray();
        var watch = Stopwatch.StartNew();
        var (runs, total, events, failure) = Campaign.RunTwins(plan, chosen, Environment.ProcessorCount);
        var seconds = watch.Elapsed.TotalSeconds;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{runs} scenarios of {rounds} rounds, {sides} sides at most, of {plan.Space} with symmetric ones: {runs / seconds:F0} a second, {events} events; {total[Seen.Evidence]} double votes seen, {total[Seen.LocksCarriedOver]} locks carried over, highest round {total[Seen.HighestRound]}; {(failure is null ? 0 : 1)} violations"));
        if (failure is not null)
        {
            Console.WriteLine(failure);
        }

        return failure is null ? 0 : 1;
    }

    private static bool TryRead(string[] arguments, out Plan plan, out bool isTraced)
    {
        plan = new Plan();
        isTraced = false;
        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] == "--trace")
            {
                isTraced = true;
                continue;
            }

            if (i + 1 >= arguments.Length || Read(plan, arguments[i], arguments[++i]) is not { } read)
            {
                return false;
            }

            plan = read;
        }

        return true;
    }

    private static Plan? Read(Plan plan, string name, string value)
    {
        var isNumber = ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        return name switch
        {
            "--seeds" when isNumber && number is > 0 and < int.MaxValue => plan with { Seeds = (int)number },
            "--from" when isNumber => plan with { From = number },
            "--seed" when isNumber => plan with { From = number, Seeds = 1 },
            "--nodes" when isNumber && number is >= 4 and <= 16 => plan with { Validators = (int)number },
            "--jobs" when isNumber && number is > 0 and <= 256 => plan with { Jobs = (int)number },
            "--signatures" when Enum.TryParse<Signatures>(value, ignoreCase: true, out var kind) => plan with { Signatures = kind },
            "--horizon" when isNumber => plan with { Horizon = number },
            "--profile" when Enum.TryParse<Profile>(value, ignoreCase: true, out var profile) => plan with { Profile = profile },
            "--faults" when Enum.TryParse<FaultKind>(value, ignoreCase: true, out var kinds) => plan with { Allowed = kinds },
            "--defect" when Enum.TryParse<Defect>(value, ignoreCase: true, out var defect) => plan with { Defect = defect },
            _ => null,
        };
    }
}
