using System.Diagnostics;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Storage;
using LuxTensor.Tests.Engine;
using LuxTensor.Tests.Network;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>
/// A node with SQLite that has nothing fetches a chain over libp2p on loopback from one and from four others in this process, against
/// reading the same chain from a local database, verifying, executing and storing it. Taken in turns; medians.
/// </summary>
internal static class Syncing
{
    private const int Heights = 2_000;
    private const int Rounds = 3;
    private const int MostPeers = 4;

    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("luxtensor-bench-");
        try
        {
            var chain = new MadeChain(Heights);
            var servers = new List<FullNode>();
            var first = chain.Write(Path.Combine(folder.FullName, "source"), Heights);
            for (var number = 0; number < MostPeers; number++)
            {
                var at = Path.Combine(folder.FullName, $"server{number}");
                Directory.CreateDirectory(at);
                File.Copy(first, Path.Combine(at, "journal.db"));
                servers.Add(await FullNode.StartAsync(chain.Genesis, at));
            }

            var (replays, ones, fours) = (new List<double>(), new List<double>(), new List<double>());
            for (var round = 0; round <= Rounds; round++) // the first is for the compiler
            {
                replays.Add(Replay(chain, first, Path.Combine(folder.FullName, $"replay{round}")));
                ones.Add(await SyncAsync(chain, servers.Take(1), Path.Combine(folder.FullName, $"one{round}")));
                fours.Add(await SyncAsync(chain, servers, Path.Combine(folder.FullName, $"four{round}")));
            }

            var replay = Median(replays);
            Tell("replay", "from the local database", replay, replay, "read, every signature verified, executed, stored; signed by 4, a transfer in each tenth");
            Tell("sync", "1 peer", Median(ones), replay, "from the dial on; all nodes share the cores of this machine");
            Tell("sync", $"{MostPeers} peers", Median(fours), replay, $"{Median(ones) / Median(fours):F2} of one peer");
            foreach (var server in servers)
            {
                await server.DisposeAsync();
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static double Median(List<double> seconds) => Report.Median(seconds.Skip(1)); // the first round compiles

    private static void Tell(string what, string from, double seconds, double replay, string note) => Report.Line(
        $"{what} of {Heights:N0} blocks, {from}", $"{Heights / seconds:N0} blocks a second", $"{replay / seconds:F2} of the replay", note);

    private static double Replay(MadeChain chain, string from, string to)
    {
        var ballots = new Ballots(chain.Test);
        var rules = chain.Genesis.Rules;
        Directory.CreateDirectory(to);
        using var source = SqliteJournal.Open(from, chain.Genesis);
        using var target = SqliteJournal.Open(Path.Combine(to, "journal.db"), chain.Genesis);
        var started = Stopwatch.GetTimestamp();
        chain.Store(target, Enumerable.Range(1, Heights).Select(height =>
        {
            var (block, certificate) = source.BlockAt((ulong)height)!;
            return Verifier.Check(new CertifiedBlock(block, certificate!), rules, ballots.Epochs.Of, static _ => false, out var verified) is { } why
                ? throw new InvalidOperationException(why.ToString())
                : verified;
        }));
        return target.FinalHeight == Heights ? Stopwatch.GetElapsedTime(started).TotalSeconds : throw new InvalidOperationException("the replay lost blocks");
    }

    private static async Task<double> SyncAsync(MadeChain chain, IEnumerable<FullNode> servers, string folder)
    {
        await using var late = await FullNode.StartAsync(chain.Genesis, folder);
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(servers.Select(server => late.DialAsync(server.Address)));
        await late.ReachAsync(Heights);
        return late.Host.View.FinalLedger.Root == chain.StateRoot ? Stopwatch.GetElapsedTime(started).TotalSeconds : throw new InvalidOperationException("another state");
    }
}
