using LuxTensor.Engine;
using LuxTensor.Storage;
using LuxTensor.Tests.Engine;
using LuxTensor.Tests.Network;
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
}
