using LuxTensor.Engine;
using LuxTensor.Network;
using LuxTensor.Storage;
using LuxTensor.Tests.Engine;
using LuxTensor.Tests.Postgres;

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
        await using var others = new Neighbours(chain);
        for (var index = 1; index < 4; index++)
        {
            await others.StartAsync(index);
        }

        await NodeContract.Until(others[1], () => others[1].View.Final.Height >= Behind); // three of four hold more than two thirds

        var database = postgres.Server.NewDatabase();
        PostgresSchema.Migrate(database);
        await using var network = await OpenAsync(chain, 0);
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
        await others.StartAsync(3, dial: false);
        await others.DialAsync(3, network.Addresses[0]);
        await NodeContract.Until(others[3], () => others[3].View.Final.Height >= at);
        Assert.Equal(cluster.Gateway.Chain.BlockAt(at)!.Block.Header.StateRoot, others[3].Chain.BlockAt(at)!.Block.Header.StateRoot);
    }

    private static Task<NetworkNode> OpenAsync(TestChain chain, int index) => NetworkNode.OpenAsync(
        chain.Genesis,
        PeerIdentity.FromSeed([.. Enumerable.Repeat((byte)(index + 1), 32)]),
        new NetworkSettings { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")], MostPerAddress = 64 },
        records: null,
        events: null,
        TimeProvider.System);

    /// <summary>Embedded nodes of other operators, with journals in memory.</summary>
    private sealed class Neighbours(TestChain chain) : IAsyncDisposable
    {
        private readonly IJournal[] journals = [.. chain.Validators.Select(_ => new MemoryJournal(chain.Genesis))];
        private readonly ISigningGuard[] guards = [.. chain.Validators.Select(_ => new MemoryGuard())];
        private readonly SortedDictionary<int, (NodeHost Host, NetworkNode Network)> running = [];

        public NodeHost this[int index] => running[index].Host;

        public Multiaddr AddressOf(int index) => running[index].Network.Addresses[0];

        public async Task StartAsync(int index, bool dial = true)
        {
            var network = await OpenAsync(chain, index);
            var host = NodeHost.Open(new NodeOptions
            {
                Genesis = chain.Genesis,
                Journal = journals[index],
                Guard = guards[index],
                Keys = [chain.Validators[index]],
                Transport = network.Transport,
            });
            host.Start();
            await network.StartAsync(CancellationToken.None);
            foreach (var other in running.Values.Where(_ => dial))
            {
                await network.DialAsync(other.Network.Addresses[0], CancellationToken.None);
            }

            running.Add(index, (host, network));
        }

        public Task DialAsync(int index, Multiaddr address) => running[index].Network.DialAsync(address, CancellationToken.None);

        public async Task StopAsync(int index)
        {
            if (running.Remove(index, out var node))
            {
                await node.Host.DisposeAsync();
                await node.Network.DisposeAsync();
                await node.Host.Completion;
            }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var index in running.Keys.ToArray())
            {
                await StopAsync(index);
            }
        }
    }
}
