using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Grains;
using LuxTensor.Storage;
using LuxTensor.Tests.Engine;
using LuxTensor.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace LuxTensor.Tests.Cluster;

/// <summary>A grain that counts nothing of what it is given: how fast packed calls can be.</summary>
public interface IRawGrain : IGrainWithIntegerKey
{
    /// <summary>Takes a pack and drops it.</summary>
    [Alias("Take")]
    Task Take(ulong deciding, uint round, Immutable<byte[]> votes);

    /// <summary>Decodes a pack and drops it.</summary>
    [Alias("Decode")]
    Task Decode(ulong deciding, uint round, Immutable<byte[]> votes);
}

/// <summary>The other end of a raw call.</summary>
[GrainType("luxtensor-raw")]
public sealed class RawGrain : Grain, IRawGrain
{
    /// <inheritdoc/>
    public Task Take(ulong deciding, uint round, Immutable<byte[]> votes) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task Decode(ulong deciding, uint round, Immutable<byte[]> votes)
    {
        GC.KeepAlive(Pack.ReadRuns(votes.Value));
        return Task.CompletedTask;
    }
}

/// <summary>What the cluster host costs, as ratios within one run: against raw grain calls, and against the embedded host.</summary>
internal static class ClusterBenchmarks
{
    private const int Validators = 1_000;
    private const int Heights = 32;
    private const int Rounds = 6;
    private const int Runs = 3; // of which the median counts
    private const int Flying = 16;

    public static async Task<int> RunAsync(string? only)
    {
        using var server = PostgresServer.Start();
        Console.WriteLine("| what | measured | ratio |\n|---|---|---|");
        if (only is null or "votes")
        {
            await CountAsync(server);
        }

        if (only is null or "final")
        {
            await DecideAsync(server);
        }

        if (only is null or "feed")
        {
            await FeedAsync(server);
        }

        return 0;
    }

    /// <summary>The other process of a benchmark: a validator silo that the first one joined. Ends with its input.</summary>
    public static async Task<int> ServeAsync(string database, int siloPort)
    {
        using var store = PostgresStore.Open(new PostgresOptions { ConnectionString = database }, ManyValidators());
        using var host = Silo(store, SiloRole.Validator, siloPort, siloPort);
        await host.StartAsync();
        Console.WriteLine("started");
        await Console.In.ReadToEndAsync();
        await host.StopAsync();
        return 0;
    }

    /// <summary>Votes a second, signatures verified before: through raw calls, through the heights' grains, and in the embedded host's own machine.</summary>
    private static async Task CountAsync(PostgresServer server)
    {
        var genesis = ManyValidators();
        // The first set warms up: a silo runs for months.
        var sets = Enumerable.Range(0, Runs + 1).Select(run => Packs(genesis, 1 + (run * Heights), Heights)).ToArray();
        var votes = Heights * Rounds * 2 * Validators;
        double Median(Func<List<(ulong, byte[])>, double> measure) => ClusterBenchmarks.Median([.. sets.Select(measure).ToArray()[1..]]);
        var single = Median(set => votes / Embedded(genesis, set, together: false));
        var together = Median(set => votes / Embedded(genesis, set, together: true));
        Row("votes in the embedded host's machine, decoded and counted one by one", $"{single:N0} /s", "");
        Row("votes in the same machine, by the pack", $"{together:N0} /s", "");
        foreach (var processes in (int[])[1, 2])
        {
            var database = server.NewDatabase();
            PostgresSchema.Migrate(database);
            using var store = PostgresStore.Open(new PostgresOptions { ConnectionString = database }, genesis);
            var port = Silo_cluster.FreePort();
            using var other = processes == 1 ? null : await StartOtherAsync(database, port);
            using var host = Silo(store, processes == 1 ? SiloRole.All : SiloRole.Gateway, processes == 1 ? port : Silo_cluster.FreePort(), port);
            await host.StartAsync();
            var grains = host.Services.GetRequiredService<IGrainFactory>();
            var chain = genesis.Block.Hash.ToString();
            List<double> raw = [], decoded = [], counted = [], stored = [];
            var sent = 0L;
            foreach (var set in sets)
            {
                // Both grains of a height are there before its votes are.
                List<(ulong, byte[])> first = [.. set.DistinctBy(static pack => pack.Height).Select(static pack => (pack.Height, Array.Empty<byte>()))];
                Task Raw(ulong height, Immutable<byte[]> pack) => grains.GetGrain<IRawGrain>((long)height).Take(0, 0, pack);
                Task Decode(ulong height, Immutable<byte[]> pack) => grains.GetGrain<IRawGrain>((long)height).Decode(0, 0, pack);
                Task Count(ulong height, Immutable<byte[]> pack) => grains.GetGrain<IBlockFinalityGrain>((long)height, chain, null).Take(0, 0, pack);
                await SendAsync(first, Raw);
                await SendAsync(first, Count);
                raw.Add(votes / await SendAsync(set, Raw));
                decoded.Add(votes / await SendAsync(set, Decode));
                var from = Stopwatch.GetTimestamp();
                counted.Add(votes / await SendAsync(set, Count));
                await StoredAsync(database, sent += votes);
                stored.Add(votes / Stopwatch.GetElapsedTime(from).TotalSeconds);
            }

            var (nothing, read) = (ClusterBenchmarks.Median(raw[1..]), ClusterBenchmarks.Median(decoded[1..]));
            var (behind, all) = (ClusterBenchmarks.Median(counted[1..]), ClusterBenchmarks.Median(stored[1..]));
            var where = processes == 1 ? "one silo" : "two processes";
            Row($"votes through {where}, packed by {Pack.MostItems}, calls that do nothing", $"{nothing:N0} /s", "");
            Row($"the same votes through {where}, calls that decode them", $"{read:N0} /s", $"{read / nothing:0.00} of raw");
            Row($"the same votes through {where}, counted, stored behind", $"{behind:N0} /s", $"{behind / nothing:0.00} of raw (aim 0.5), {behind / read:0.00} of decoding, {behind / single:0.00} of embedded");
            Row($"the same votes through {where}, until the last of them was stored, too", $"{all:N0} /s", $"{all / nothing:0.00} of raw");
            await host.StopAsync();
            if (other is not null)
            {
                other.StandardInput.Close();
                await other.WaitForExitAsync();
            }
        }
    }

    /// <summary>Waits until the store holds so many votes.</summary>
    private static async Task StoredAsync(string database, long votes)
    {
        await using var source = Npgsql.NpgsqlDataSource.Create(PostgresSchema.ConnectionStringFor(database, PostgresSchema.DefaultName));
        while (await StoredBytesAsync(source) < votes * SignedBy.Size)
        {
            await Task.Delay(5);
        }
    }

    private static async Task<long> StoredBytesAsync(Npgsql.NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand("SELECT coalesce(sum(length(votes)), 0)::bigint FROM vote_batch");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Proposal to final of one node with four validators' keys: embedded with SQLite, and as a cluster with PostgreSQL.</summary>
    private static async Task DecideAsync(PostgresServer server)
    {
        const int Blocks = 100;
        var chain = new TestChain(4, interval: 100, timeout: 5_000);
        var folder = Directory.CreateTempSubdirectory("luxtensor-");
        double embedded, clustered;
        using (var journal = SqliteJournal.Open(Path.Combine(folder.FullName, "node.db"), chain.Genesis))
        using (var guard = SqliteSigningGuard.Open(Path.Combine(folder.FullName, "guard.db"), GuardOptions.For(chain.Genesis)))
        {
            await using var transport = new LocalNetwork().Join(new PeerId("alone"));
            await using var host = NodeHost.Open(new NodeOptions { Genesis = chain.Genesis, Journal = journal, Guard = guard, Keys = chain.Validators, Transport = transport });
            host.Start();
            embedded = await MedianAsync(host, Blocks);
        }

        folder.Delete(recursive: true);
        var database = server.NewDatabase();
        PostgresSchema.Migrate(database);
        var options = new TestClusterOptions
        {
            Genesis = chain.Genesis,
            Keys = chain.Validators,
            Store = () => PostgresStore.Open(new PostgresOptions { ConnectionString = database }, chain.Genesis),
        };
        await using (var cluster = await TestCluster.StartAsync(options))
        {
            clustered = await MedianAsync(cluster.Gateway, Blocks);
        }

        Row("proposal to final, embedded, SQLite, 4 validators of one node", $"median {embedded:0.0} ms", "");
        Row("proposal to final, told by the gateway of a validator silo, PostgreSQL", $"median {clustered:0.0} ms", $"{clustered / embedded:0.0} of embedded");
    }

    /// <summary>From the chain's publishing to the last of the stream's subscribers.</summary>
    private static async Task FeedAsync(PostgresServer server)
    {
        var chain = new TestChain(1, interval: 60_000);
        var database = server.NewDatabase();
        PostgresSchema.Migrate(database);
        var options = new TestClusterOptions
        {
            Genesis = chain.Genesis,
            Store = () => PostgresStore.Open(new PostgresOptions { ConnectionString = database }, chain.Genesis),
        };
        await using var cluster = await TestCluster.StartAsync(options);
        var feed = cluster.Silos.Silos[^1].ServiceProvider.GetRequiredService<ICommitFeed>();
        var subscriptions = new List<IAsyncDisposable>();
        var waiting = 0;
        var all = new TaskCompletionSource();
        foreach (var subscribers in (int[])[1, 10, 100])
        {
            while (subscriptions.Count < subscribers)
            {
                subscriptions.Add(await feed.SubscribeAsync(bytes =>
                {
                    if (bytes.Length == 500 && Interlocked.Decrement(ref waiting) == 0)
                    {
                        all.TrySetResult();
                    }
                }));
            }

            var times = new List<double>();
            for (var i = 0; i < 60; i++)
            {
                (waiting, all) = (subscribers, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
                var from = Stopwatch.GetTimestamp();
                await feed.PublishAsync(new byte[500]);
                await all.Task.WaitAsync(TimeSpan.FromSeconds(30));
                times.Add(Stopwatch.GetElapsedTime(from).TotalMilliseconds);
            }

            Row($"an event of the stream to {subscribers} subscribers, the last of them", $"median {Median(times):0.0} ms", "");
        }
    }

    private static double Embedded(Genesis genesis, List<(ulong Height, byte[] Bytes)> packs, bool together)
    {
        var from = Stopwatch.GetTimestamp();
        var states = new Dictionary<ulong, FinalityState>();
        foreach (var (height, bytes) in packs)
        {
            var state = states.GetValueOrDefault(height) ?? BlockFinality.Begin(height, genesis.EpochZero, genesis.Rules.QuorumPercent);
            if (together)
            {
                state = BlockFinality.Count(state, [.. Pack.ReadRuns(bytes).Select(Verifier.Attested)]).Next;
            }
            else
            {
                foreach (var vote in Pack.ReadVotes(bytes))
                {
                    state = BlockFinality.Count(state, Verifier.Attested(vote)).Next;
                }
            }

            states[height] = state;
        }

        return Stopwatch.GetElapsedTime(from).TotalSeconds;
    }

    private static async Task<double> SendAsync(List<(ulong Height, byte[] Bytes)> packs, Func<ulong, Immutable<byte[]>, Task> send)
    {
        var from = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(packs, new ParallelOptions { MaxDegreeOfParallelism = Flying }, async (pack, _) => await send(pack.Height, new Immutable<byte[]>(pack.Bytes)));
        return Stopwatch.GetElapsedTime(from).TotalSeconds;
    }

    /// <summary>Nil votes of every validator for some heights, rounds and phases: nothing of them decides anything.</summary>
    private static List<(ulong Height, byte[] Bytes)> Packs(Genesis genesis, int first, int heights)
    {
        var packs = new List<(ulong, byte[])>();
        for (uint round = 0; round < Rounds; round++)
        {
            foreach (var phase in (Phase[])[Phase.Prepare, Phase.Precommit])
            {
                for (var height = (ulong)first; height < (ulong)(first + heights); height++)
                {
                    var ballot = new Ballot(genesis.Rules.ChainId, 0, height, round, phase, default);
                    packs.AddRange(genesis.EpochZero.Validators.Select(validator => (ReadOnlyMemory<byte>)Pack.Encode(new Vote(ballot, validator.Address, default)))
                        .Chunk(Pack.MostItems).Select(items => (height, Pack.Of(items))));
                }
            }
        }

        return packs;
    }

    private static Genesis ManyValidators()
    {
        var rules = new ChainRules { ChainId = 1337, BlockInterval = 60_000, MaxActiveValidators = Validators, EpochLength = 1_000 };
        ImmutableArray<GenesisValidator> validators = [.. Enumerable.Range(1, Validators).Select(static number =>
        {
            var seed = new byte[32];
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(seed, number);
            return new GenesisValidator(SigningKey.FromSeed(seed).PublicKey, 100 * ChainRules.Token);
        })];
        return Genesis.TryCreate(rules, 1_700_000_000_000, validators, [], out var genesis, out var why) ? genesis : throw new InvalidOperationException(why.ToString());
    }

    private static IHost Silo(IClusterStore store, SiloRole role, int siloPort, int primaryPort)
    {
        var host = Host.CreateDefaultBuilder();
        host.ConfigureLogging(static logging => logging.ClearProviders());
        host.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(siloPort, 0, new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, primaryPort));
            silo.AddNode(new ClusterOptions { Genesis = ManyValidators(), Role = role, Store = store });
            if (role == SiloRole.Gateway)
            {
                silo.Configure<Orleans.Configuration.GrainTypeOptions>(static types => types.Classes.Remove(typeof(RawGrain))); // calls cross
            }
        });
        return host.Build();
    }

    private static async Task<Process> StartOtherAsync(string database, int port)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, "serve", database, port.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        var process = Process.Start(start)!;
        return await process.StandardOutput.ReadLineAsync() == "started" ? process : throw new InvalidOperationException("the other silo did not start");
    }

    private static async Task<double> MedianAsync(INode node, int blocks)
    {
        var watch = new FinalWatch(blocks);
        using var subscription = node.Subscribe(watch);
        return Median(await watch.Times.WaitAsync(TimeSpan.FromMinutes(2)));
    }

    private static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);

    private static void Row(string what, string measured, string ratio) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {measured} | {ratio} |"));

    /// <summary>Milliseconds from the time that a block bears to its being told of as final.</summary>
    private sealed class FinalWatch(int blocks) : INoticeSink
    {
        private readonly List<double> times = [];
        private readonly TaskCompletionSource<List<double>> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int skip = 20; // the first ones compile

        public Task<List<double>> Times => done.Task;

        public void Publish(Notice notice)
        {
            if (notice is Notice.Finalized final && --skip < 0 && times.Count < blocks)
            {
                times.Add((DateTime.UtcNow - DateTime.UnixEpoch).TotalMilliseconds - final.Block.Header.Time);
                if (times.Count == blocks)
                {
                    done.SetResult(times);
                }
            }
        }
    }
}
