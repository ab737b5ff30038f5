using System.Collections.Concurrent;
using System.Globalization;
using LuxTensor.Engine;
using LuxTensor.Network;
using LuxTensor.Storage;
using LuxTensor.Tests.Engine;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>
/// A validator as a process of its own: SQLite, libp2p over loopback with the limits of luxtensor run, an account of its peers. It
/// says on its output what becomes final, and on request how it stands; when its input ends, it ends.
/// </summary>
internal static class FloodedNode
{
    internal const int MostPerAddress = 16; // as a devnet has it, whose nodes share an address with each other and with the attackers

    internal static TestChain Chain => new(4, interval: 200, timeout: 2_000, epochLength: 1_000_000);

    public static async Task<int> RunAsync(string folder, int index)
    {
        var chain = Chain;
        Directory.CreateDirectory(folder);
        using var journal = SqliteJournal.Open(Path.Combine(folder, "journal.db"), chain.Genesis);
        using var guard = SqliteSigningGuard.Open(Path.Combine(folder, "guard.db"), GuardOptions.For(chain.Genesis));
        using var records = SqlitePeerRecords.Open(Path.Combine(folder, "peers.db"), chain.Genesis);
        var events = new Counted();
        await using var network = await NetworkNode.OpenAsync(
            chain.Genesis,
            PeerIdentity.FromSeed([.. Enumerable.Repeat((byte)(index + 1), 32)]),
            new NetworkSettings { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")], MostPerAddress = MostPerAddress },
            records,
            events.See,
            TimeProvider.System);
        await using var host = NodeHost.Open(new NodeOptions
        {
            Genesis = chain.Genesis,
            Journal = journal,
            Guard = guard,
            Keys = [chain.Validators[index]],
            Transport = network.Transport,
            VerifyWorkers = int.Clamp(Environment.ProcessorCount / 4, 1, 8),
        });
        using var telling = host.Subscribe(new Finals());
        host.Start();
        await network.StartAsync(CancellationToken.None);
        Say($"at {network.Addresses[0]}");
        while (await Console.In.ReadLineAsync() is { } line)
        {
            if (line.Split(' ') is ["dial", var address])
            {
                await network.DialAsync(Multiaddr.Parse(address), CancellationToken.None);
            }
            else if (line == "report")
            {
                foreach (var peer in network.Book.Snapshot())
                {
                    var (state, isBanned) = (peer.State, network.Book.IsBanned(peer.Id));
                    Say(string.Create(CultureInfo.InvariantCulture, $"peer {peer.Id.Name} {state.Points} {isBanned} {(state.Failures > 0 ? state.LastFault.ToString() : "-")} {state.Failures} {state.Refused} {peer.IsConnected}"));
                }

                events.Tell();
                Say($"reported {host.View.Pool.Count} {(host.Completion.IsFaulted ? "failed" : "runs")}");
            }
        }

        return 0;
    }

    private static void Say(string line)
    {
        lock (Console.Out)
        {
            Console.Out.WriteLine(line);
        }
    }

    /// <summary>Says each final height, and how many milliseconds after its block's time, which its proposer set, this node had it final.</summary>
    private sealed class Finals : INoticeSink
    {
        public void Publish(Notice notice)
        {
            if (notice is Notice.Finalized final)
            {
                var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
                Say(string.Create(CultureInfo.InvariantCulture, $"final {final.Block.Height} {now - (long)final.Block.Header.Time} {final.Certificate.Ballot.Round}"));
            }
        }
    }

    private sealed class Counted
    {
        private readonly ConcurrentDictionary<string, int> counts = new(StringComparer.Ordinal);

        public void See(SwarmEvent told)
        {
            var what = told switch
            {
                SwarmEvent.Refused refused => $"refused:{refused.Cause}",
                SwarmEvent.Closed closed => $"closed:{closed.Why.Cause}",
                SwarmEvent.Warned => "warned",
                _ => null,
            };
            if (what is not null)
            {
                counts.AddOrUpdate(what, 1, static (_, so) => so + 1);
            }
        }

        public void Tell()
        {
            foreach (var (what, count) in counts)
            {
                Say($"count {what} {count}");
            }
        }
    }
}
