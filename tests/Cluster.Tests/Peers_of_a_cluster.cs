using System.Collections.Concurrent;
using System.Diagnostics;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Core.Validators;
using LuxTensor.Engine;
using LuxTensor.Engine.Cluster;
using LuxTensor.Engine.Peers;
using LuxTensor.Grains;
using LuxTensor.Storage;
using LuxTensor.Tests.Engine;
using LuxTensor.Tests.Postgres;
using Orleans.Concurrency;

namespace LuxTensor.Tests.Cluster;

/// <summary>Two gateways of one node judge their peers together: through the peers' grains, with PostgreSQL behind them.</summary>
[Collection(PostgresCollection.Name)]
public sealed class Peers_of_a_cluster(PostgresFixture postgres)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2); // only turns a hang into a failure
    private static readonly PeerId Evil = new("evil"), Good = new("good");

    private readonly TestChain chain = new(1, interval: 200, timeout: 2_000);

    [SkippableFact]
    public async Task A_ban_at_one_gateway_holds_at_the_other_and_after_a_restart()
    {
        using var store = OpenStore(NewDatabase(out var database));
        var (first, second) = (await OpenBookAsync(store), await OpenBookAsync(store));
        await using (await StartAsync(database, [first, second]))
        {
            var disconnected = Told(second, static effect => effect is PeerEffect.Disconnect);
            foreach (var peer in (PeerId[])[Evil, Good])
            {
                first.Joined(peer, "/ip4/192.0.2.1/tcp/1", "evil/1", isOutbound: false);
                second.Joined(peer, "/ip4/192.0.2.1/tcp/1", "evil/1", isOutbound: true);
            }

            first.Report(Evil, new PeerInput.Faulty(PeerFault.ForgedCertificate));

            Assert.Equal((Evil, new PeerEffect.Disconnect(PeerFault.ForgedCertificate)), await disconnected.WaitAsync(Patience));
            Assert.Equal((true, false), (second.IsBanned(Evil), second.Allow(Evil, MessageKind.Votes, 10)));
            Assert.Equal((false, true), (second.IsBanned(Good), second.Allow(Good, MessageKind.Votes, 10)));
            await UntilAsync(async () => await store.Peers.FindAsync(Evil, default) is { State.BannedUntil: > 0, Agent: "evil/1" }, "the ban is stored");
        }

        // A gateway that begins with the records refuses at once; one that knows nothing learns it from the others.
        var (third, stranger) = (await OpenBookAsync(store), await PeerBook.OpenAsync(new PeerBookOptions { Settings = Settings }));
        Assert.Equal((true, false), (third.IsBanned(Evil), third.IsBanned(Good)));
        Assert.InRange(third.BannedUntil(Evil)!.Value, first.BannedUntil(Evil)!.Value, first.BannedUntil(Evil)!.Value + 60_000);
        var learned = Told(stranger, static effect => effect is PeerEffect.Ban);
        await using (await StartAsync(database, [third, stranger]))
        {
            Assert.Equal(Evil, (await learned.WaitAsync(Patience)).Peer);
            Assert.False(stranger.IsBanned(Good));
        }
    }

    [SkippableFact]
    public async Task What_both_gateways_find_out_adds_up_and_is_stored_in_batches()
    {
        const int Peers = 300;
        const uint Answers = 200;
        using var store = OpenStore(NewDatabase(out var database));
        var saved = new ConcurrentQueue<int>();
        PeerBook[] books = [await OpenBookAsync(store), await OpenBookAsync(store)];
        await using var cluster = await StartAsync(database, books, saved.Enqueue);
        PeerId[] peers = [.. Enumerable.Range(0, Peers).Select(static i => new PeerId($"peer {i}"))];
        foreach (var peer in peers)
        {
            foreach (var book in books)
            {
                book.Joined(peer, "", "", isOutbound: false);
                for (var i = 0U; i < Answers; i++)
                {
                    book.Report(peer, new PeerInput.Useful(PeerMerit.Answer));
                }
            }
        }

        // Alone each gateway would come to 70 points.
        await UntilAsync(
            async () => (await store.Peers.LoadAsync(1_000, default)).Count(static record => record is { State.Successes: 2 * Answers, State.Points: > 75 }) == Peers,
            "the records have what both found out");
        foreach (var book in books)
        {
            book.Report(peers[0], new PeerInput.Met()); // whose answer brings what the other one found out
        }

        await UntilAsync(() => Task.FromResult(books.All(book => book.ReputationOf(peers[0]) > 75)), "both gateways know what both found out");
        Assert.InRange(saved.Count, 1, Peers / 4);
        Assert.InRange(saved.Max(), 2, 512);
    }

    [SkippableFact]
    public async Task A_report_that_is_sent_again_counts_once()
    {
        await using var cluster = await StartAsync(NewDatabase(out _), []);
        var grain = cluster.Silos.Client.GetGrain<IPeerGrain>("somebody");
        var report = new PeerReport { Address = "/ip4/192.0.2.7/tcp/7" };
        report.Add(new PeerInput.Met());
        report.Add(new PeerInput.Useful(PeerMerit.Block, 3));
        var bytes = new Immutable<byte[]>(report.Encode());
        Assert.Null(await grain.Get());

        foreach (var (gateway, number) in ((string, ulong)[])[("a", 1), ("a", 1), ("b", 1), ("a", 2), ("b", 1), ("a", 1)])
        {
            Assert.NotNull(PeerVerdict.Decode((await grain.Report(gateway, number, bytes)).Value));
        }

        var record = PeerRecord.Decode(new PeerId("somebody"), (await grain.Get())!.Value.Value)!;
        Assert.Equal((9UL, "/ip4/192.0.2.7/tcp/7"), (record.State.Successes, record.Address));
    }

    private PeerSettings Settings => new() { Limits = PeerLimits.For(chain.Genesis.Rules) };

    private string NewDatabase(out string database)
    {
        database = postgres.Server.NewDatabase();
        PostgresSchema.Migrate(database);
        return database;
    }

    private PostgresStore OpenStore(string database) => PostgresStore.Open(new PostgresOptions { ConnectionString = database }, chain.Genesis);

    private Task<PeerBook> OpenBookAsync(IClusterStore store) => PeerBook.OpenAsync(new PeerBookOptions { Settings = Settings, Records = new SharedPeerRecords(store.Peers) });

    private Task<TestCluster> StartAsync(string database, PeerBook[] books, Action<int>? saved = null) => TestCluster.StartAsync(new TestClusterOptions
    {
        Genesis = chain.Genesis,
        Keys = [chain.Validators[0]],
        Store = () => saved is null ? OpenStore(database) : new CountingStore(OpenStore(database), saved),
        Peers = number => books[number],
        Gateways = books.Length,
    });

    private static Task<(PeerId Peer, PeerEffect Effect)> Told(PeerBook book, Func<PeerEffect, bool> which)
    {
        var told = new TaskCompletionSource<(PeerId, PeerEffect)>(TaskCreationOptions.RunContinuationsAsynchronously);
        book.Follow((peer, effect) =>
        {
            if (which(effect))
            {
                told.TrySetResult((peer, effect));
            }
        });
        return told.Task;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var since = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(since) < Patience, $"waited in vain until {what}");
            await Task.Delay(50);
        }
    }

    /// <summary>A store that tells of the size of every batch of peer records.</summary>
    private sealed class CountingStore(IClusterStore inner, Action<int> saved) : IClusterStore
    {
        public IChainReader Reader => inner.Reader;

        public IVoteStore Votes => inner.Votes;

        public Task<FinalBlock?> BlockAtAsync(ulong height, CancellationToken cancellation) => inner.BlockAtAsync(height, cancellation);

        public Task<EpochSnapshot?> SetOfAsync(ulong epoch, CancellationToken cancellation) => inner.SetOfAsync(epoch, cancellation);

        public IPeerRecords Peers { get; } = new CountingRecords(inner.Peers, saved);

        public void Learn(ulong finalHeight) => inner.Learn(finalHeight);

        public IFencedJournal OpenWriter() => inner.OpenWriter();

        public JournalSnapshot Load() => inner.Load();

        public ISigningGuard OpenGuard(ulong? generation) => inner.OpenGuard(generation);

        public void Dispose() => inner.Dispose();
    }

    private sealed class CountingRecords(IPeerRecords inner, Action<int> saved) : IPeerRecords
    {
        public Task<IReadOnlyList<PeerRecord>> LoadAsync(int most, CancellationToken cancellation) => inner.LoadAsync(most, cancellation);

        public Task<PeerRecord?> FindAsync(PeerId peer, CancellationToken cancellation) => inner.FindAsync(peer, cancellation);

        public Task SaveAsync(IReadOnlyCollection<PeerRecord> batch, IReadOnlyCollection<PeerId> forgotten, CancellationToken cancellation)
        {
            saved(batch.Count);
            return inner.SaveAsync(batch, forgotten, cancellation);
        }

        public Task TrimAsync(int most, CancellationToken cancellation) => inner.TrimAsync(most, cancellation);
    }
}
