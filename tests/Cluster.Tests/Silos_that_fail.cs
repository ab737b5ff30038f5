using System.Collections.Concurrent;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Grains;
using LuxTensor.Storage;
using LuxTensor.Tests.Engine;
using LuxTensor.Tests.Postgres;

namespace LuxTensor.Tests.Cluster;

/// <summary>A node of two validator silos and two gateways goes on when parts of it fail, and neither signs twice nor forgets.</summary>
[Collection(PostgresCollection.Name)]
public sealed class Silos_that_fail(PostgresFixture postgres)
{
    private readonly TestChain chain = new(4, interval: 50);

    [Fact]
    public async Task The_silo_that_runs_the_chain_is_killed()
    {
        await using var node = await Node.StartAsync(chain, postgres.Server);
        await node.Final(5);
        var accepted = await node.SubmitAsync(0, 10);

        var silo = await node.SiloOfTheChainAsync();
        await node.Cluster.Silos.KillSiloAsync(node.Cluster.Silos.Silos.Single(handle => handle.SiloAddress.Equals(silo)));
        var before = node.Cluster.Gateway.Chain.FinalHeight;
        await node.Final(before + 10);
        accepted = [.. accepted, .. await node.SubmitAsync(10, 10)];
        await node.Until(gateway => accepted.All(id => gateway.Chain.Locate(id) is not null));

        Assert.NotEqual(silo, await node.SiloOfTheChainAsync());
        node.AssertEachEventOnce();
        node.AssertNobodySignedTwice();
    }

    [Fact]
    public async Task Writers_that_others_took_the_node_from_store_nothing_more()
    {
        await using var node = await Node.StartAsync(chain, postgres.Server);
        for (var i = 0; i < 5; i++)
        {
            await node.Final(node.Cluster.Gateway.Chain.FinalHeight + 2);
            using var store = node.OpenStore();
            using var taken = store.OpenWriter(); // as an activation elsewhere that believes it is the only one
        }

        await node.Final(node.Cluster.Gateway.Chain.FinalHeight + 5);

        node.AssertEachEventOnce();
        node.AssertHeadsFollow();
        node.AssertNobodySignedTwice();
    }

    [Fact]
    public async Task A_gateway_shows_how_far_the_height_is_that_is_being_decided()
    {
        await using var node = await Node.StartAsync(chain, postgres.Server);

        await node.Until(gateway => gateway.View is { Final.Height: > 2 } view && view.Progress.Height == view.Chain.Height && view.Progress.Prepared > 0);
    }

    [Fact]
    public async Task A_gateway_is_killed_and_its_clients_go_on_at_another()
    {
        await using var node = await Node.StartAsync(chain, postgres.Server);
        await node.Final(5);
        var gateways = node.Cluster.Silos.Silos.Where(silo => silo.ServiceProvider.GetService(typeof(GatewayNode)) is not null).ToArray();
        var last = node.Cluster.Gateway.Chain.FinalHeight;

        await node.Cluster.Silos.KillSiloAsync(gateways[0]);
        var other = (GatewayNode)gateways[1].ServiceProvider.GetService(typeof(GatewayNode))!;
        await NodeContract.Final(other, last + 10);

        // What a client that saw up to `last` asks the other gateway for is there, without a hole.
        Assert.All(Enumerable.Range(1, 10), step => Assert.NotNull(other.Chain.BlockAt(last + (ulong)step)));
        Assert.NotEmpty(node.Events[1]);
        node.AssertEachEventOnce();
        node.AssertNobodySignedTwice();
    }

    private sealed class Node : IAsyncDisposable
    {
        private readonly ConcurrentQueue<Vote> released = [];
        private readonly TestChain chain;
        private readonly string database;

        private Node(TestChain chain, string database) => (this.chain, this.database) = (chain, database);

        public TestCluster Cluster { get; private set; } = null!;

        /// <summary>The finality events that each gateway told of, in order.</summary>
        public IReadOnlyList<ConcurrentQueue<ulong>> Events { get; private set; } = [];

        /// <summary>How the head of each gateway moved, in order.</summary>
        public IReadOnlyList<ConcurrentQueue<Notice.HeadMoved>> Moves { get; private set; } = [];

        public static async Task<Node> StartAsync(TestChain chain, PostgresServer server)
        {
            var node = new Node(chain, server.NewDatabase());
            PostgresSchema.Migrate(node.database);
            node.Cluster = await TestCluster.StartAsync(new TestClusterOptions
            {
                Genesis = chain.Genesis,
                Keys = chain.Validators,
                Store = () => new ObservedStore(node.OpenStore(), node.released.Enqueue),
                Validators = 2,
                Gateways = 2,
            });
            Sink[] sinks = [.. node.Cluster.Gateways.Select(Watch)];
            (node.Events, node.Moves) = ([.. sinks.Select(sink => sink.Events)], [.. sinks.Select(sink => sink.Moves)]);
            return node;
        }

        public PostgresStore OpenStore() => PostgresStore.Open(new PostgresOptions { ConnectionString = database }, chain.Genesis);

        public async Task<SiloAddress> SiloOfTheChainAsync()
        {
            var grain = Cluster.Silos.Client.GetGrain<IChainGrain>(chain.Genesis.Block.Hash.ToString());
            var where = await Cluster.Silos.Client.GetGrain<IManagementGrain>(0).GetActivationAddress(grain);
            return where ?? throw new InvalidOperationException("no silo runs the chain");
        }

        public async Task<LuxTensor.Crypto.Hash256[]> SubmitAsync(int from, int count)
        {
            var accepted = new List<LuxTensor.Crypto.Hash256>();
            for (var nonce = from; nonce < from + count; nonce++)
            {
                var transaction = chain.Transfer((ulong)nonce, 1);
                var gateway = Cluster.Gateways[nonce % 2];
                Assert.IsType<SubmitOutcome.Accepted>(await gateway.SubmitAsync(transaction.Encoded, CancellationToken.None));
                Assert.NotNull((object?)gateway.View.Pool.Find(transaction.Id) ?? gateway.Chain.Locate(transaction.Id));
                accepted.Add(transaction.Id);
            }

            return [.. accepted];
        }

        public Task Final(ulong height) => Until(gateway => gateway.Chain.FinalHeight >= height);

        public Task Until(Func<INode, bool> holds) => Task.WhenAll(Cluster.Gateways.Select(gateway => NodeContract.Until(gateway, () => holds(gateway))));

        public void AssertEachEventOnce()
        {
            foreach (var events in Events)
            {
                ulong[] seen = [.. events];
                Assert.Equal(Enumerable.Range(0, seen.Length).Select(step => seen[0] + (ulong)step), seen);
            }
        }

        /// <summary>Each move begins where the one before it ended, so no block joined twice, and none was left out.</summary>
        public void AssertHeadsFollow() => Assert.All(Moves, moves =>
        {
            Notice.HeadMoved[] told = [.. moves];
            Assert.Equal(
                told.SkipLast(1).Select(static move => move.Joined.LastOrDefault()?.Hash ?? move.Ancestor),
                told.Skip(1).Select(static move => move.Left.LastOrDefault()?.Hash ?? move.Ancestor));
            Assert.All(told, static move => Assert.Equal(
                move.Joined.Select(static block => block.Hash).Prepend(move.Ancestor).SkipLast(1), move.Joined.Select(static block => block.Header.Parent)));
        });

        public void AssertNobodySignedTwice() => Assert.All(
            released.GroupBy(vote => (vote.Validator, vote.Ballot.Height, vote.Ballot.Round, vote.Ballot.Phase)),
            votes => Assert.Single(votes.Select(vote => vote.Ballot.BlockHash).Distinct()));

        public ValueTask DisposeAsync() => Cluster.DisposeAsync();

        private static Sink Watch(GatewayNode gateway)
        {
            var sink = new Sink();
            gateway.Subscribe(sink);
            return sink;
        }
    }

    private sealed class Sink : INoticeSink
    {
        public ConcurrentQueue<ulong> Events { get; } = [];

        public ConcurrentQueue<Notice.HeadMoved> Moves { get; } = [];

        public void Publish(Notice notice)
        {
            if (notice is Notice.Finalized final)
            {
                Events.Enqueue(final.Sequence);
            }
            else if (notice is Notice.HeadMoved moved)
            {
                Moves.Enqueue(moved);
            }
        }
    }
}
