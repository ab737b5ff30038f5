using System.Globalization;

namespace LuxTensor.Tests.Cluster;

internal static class Program
{
    private const string Usage = """
        usage: dotnet run -c Release --project tests/Cluster.Tests -- faults [--times N] [--only TEXT]
          kills, stops and freezes the processes of a cluster and its PostgreSQL under load, N times each (3),
          and prints what that cost
        or     dotnet run -c Release --project tests/Cluster.Tests -- benchmarks [votes | final | feed]
          votes a second, proposal to final and the feed, against raw grain calls and the embedded host
        """;

    public static async Task<int> Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["benchmarks"] or ["benchmarks", "votes" or "final" or "feed"]:
                return await ClusterBenchmarks.RunAsync(arguments.ElementAtOrDefault(1));
            case ["serve", var database, var port]:
                return await ClusterBenchmarks.ServeAsync(database, int.Parse(port, CultureInfo.InvariantCulture));
            case ["faults", ..]:
                break;
            default:
                await Console.Error.WriteLineAsync(Usage);
                return 2;
        }

        var options = arguments[1..];
        string? Option(string name) => Array.IndexOf(options, name) is >= 0 and var at && at + 1 < options.Length ? options[at + 1] : null;
        return await FaultTable.RunAsync(int.Parse(Option("--times") ?? "3", CultureInfo.InvariantCulture), Option("--only"));
    }
}
