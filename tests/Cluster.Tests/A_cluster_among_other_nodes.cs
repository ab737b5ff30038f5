using System.Threading.Channels;
using LuxTensor.Engine;
using LuxTensor.Engine.Cluster;
using LuxTensor.Grains;
using LuxTensor.Storage;
using LuxTensor.Tests.Engine;
using LuxTensor.Tests.Network;
using LuxTensor.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace LuxTensor.Tests.Cluster;

/// <summary>A cluster is one node of the chain: its gateway meets nodes of other operators over libp2p.</summary>
[Collection(PostgresCollection.Name)]
public sealed class A_cluster_among_other_nodes(PostgresFixture postgres)
{
    private const ulong Behind = 25;

    [Fact]
    public async Task It_catches_up_through_its_gateway_votes_with_the_others_and_serves_those_that_are_behind()
    {
        var chain = new TestChain(4, epochLength: 100_000); // in a short one the cluster would be jailed before it is there
        await using var others = new Libp2pNetwork(chain);
        for (var index = 1; index < 4; index++)
        {
            await others.StartAsync(index);
        }

        await NodeContract.Until(others[1], () => others[1].View.Final.Height >= Behind); // three of four hold more than two thirds

        var database = postgres.Server.NewDatabase();
        PostgresSchema.Migrate(database);
        await using var network = await Libp2pNetwork.OpenAsync(chain, 0);
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions
        {
            Genesis = chain.Genesis,
            Keys = [chain.Validators[0]],
            Transport = _ => network.Transport,
            Peers = _ => network.Book,
            Store = () => PostgresStore.Open(new PostgresOptions { ConnectionString = database }, chain.Genesis),
        });
        await network.StartAsync(CancellationToken.None);
        for (var index = 1; index < 4; index++)
        {
            await network.DialAsync(others.AddressOf(index), CancellationToken.None);
        }

        // Headers and blocks come in at the gateway, are asked for and checked by the chain's silo.
        await NodeContract.Until(cluster.Gateway, () => cluster.Gateway.View.Final.Height >= Behind);
        Assert.Equal(others[1].Chain.BlockAt(Behind)!.Block.Hash, cluster.Gateway.Chain.BlockAt(Behind)!.Block.Hash);

        // Without the third of the others, nothing becomes final but by the cluster's votes; and what it takes in reaches all.
        await others.StopAsync(3);
        var sent = chain.Transfer(0, 5);
        Assert.IsType<SubmitOutcome.Accepted>(await cluster.Gateway.SubmitAsync(sent.Encoded, CancellationToken.None));
        await NodeContract.Until(others[1], () => others[1].Chain.Locate(sent.Id) is not null);
        var at = others[1].Chain.Locate(sent.Id)!.Value.Height;
        Assert.Contains(
            chain.Genesis.EpochZero.IndexOf(Core.Address.Of(chain.Validators[0].PublicKey)),
            others[1].Chain.BlockAt(at)!.Certificate!.Signed.Select(static signed => signed.Index));

        // The one that was gone catches up from the cluster alone.
        await others.StopAsync(1);
        await others.StopAsync(2);
        await others.StartAsync(3, network.Addresses[0]);
        await NodeContract.Until(others[3], () => others[3].View.Final.Height >= at);
        Assert.Equal(cluster.Gateway.Chain.BlockAt(at)!.Block.Header.StateRoot, others[3].Chain.BlockAt(at)!.Block.Header.StateRoot);
    }

    [Fact]
    public async Task Its_gateway_tells_that_it_catches_up_with_what_the_chain_has_proven()
    {
        const ulong Proven = 1_000;
        var chain = new TestChain(4);
        var database = postgres.Server.NewDatabase();
        PostgresSchema.Migrate(database);
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions
        {
            Genesis = chain.Genesis,
            Store = () => PostgresStore.Open(new PostgresOptions { ConnectionString = database }, chain.Genesis),
        });
        var silo = cluster.Silos.Silos.Single(it => it.ServiceProvider.GetService<GatewayNode>() is not null).ServiceProvider;
        var feed = new Feed();
        await using var gateway = new GatewayNode(
            silo.GetRequiredService<ClusterOptions>(), silo.GetRequiredService<IGrainFactory>(), feed, TimeProvider.System,
            silo.GetRequiredService<IHostApplicationLifetime>(), NullLogger<GatewayNode>.Instance);
        var told = Channel.CreateUnbounded<Notice>();
        using var telling = gateway.Subscribe(new Sink(told));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await gateway.StartAsync(patience.Token);
        var hear = await feed.Subscribed.Task.WaitAsync(patience.Token);
        var chainGrain = cluster.Silos.Client.GetGrain<IChainGrain>(chain.Genesis.Block.Hash.ToString());

        await SayAsync(Proven, static _ => new JournalBatch());
        Assert.True(await told.Reader.ReadAsync(patience.Token) is Notice.Syncing { Active: true, Starting: 0, Current: 0, Highest: Proven });

        // Where it reads the store, which does not keep what is proven, it still catches up.
        hear(new Commit((await chainGrain.Ensure()).Generation, 1_000_000, 0, new JournalBatch()).Encode());
        await SayAsync(0, step => new JournalBatch { PoolAdded = [new PoolEntry((ulong)step, chain.Transfer((ulong)step, 5))] });
        Assert.IsType<Notice.Pending>(await told.Reader.ReadAsync(patience.Token));
        Assert.Equal(Proven, gateway.View.ProvenHeight);

        // Several commits, for the chain may store one itself meanwhile: the gateway takes those that follow on what it has.
        async Task SayAsync(ulong proven, Func<int, JournalBatch> batch)
        {
            var running = await chainGrain.Ensure();
            for (var step = 0; step < 20; step++)
            {
                hear(new Commit(running.Generation, running.Sequence + 1 + (ulong)step, proven, batch(step)).Encode());
            }
        }
    }

    private sealed class Sink(Channel<Notice> told) : INoticeSink
    {
        public void Publish(Notice notice) => told.Writer.TryWrite(notice);
    }

    /// <summary>A feed that brings what the test says.</summary>
    private sealed class Feed : ICommitFeed
    {
        public TaskCompletionSource<Action<byte[]>> Subscribed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task PublishAsync(byte[] commit) => Task.CompletedTask;

        public Task<IAsyncDisposable> SubscribeAsync(Action<byte[]> handler)
        {
            Subscribed.TrySetResult(handler);
            return Task.FromResult<IAsyncDisposable>(new Subscription());
        }
    }

    private sealed class Subscription : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
