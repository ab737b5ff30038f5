using System.Collections.Concurrent;
using LuxTensor.Core;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Grains;
using LuxTensor.Storage;
using LuxTensor.Tests.Engine;
using LuxTensor.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ClusterMembershipOptions = Orleans.Configuration.ClusterMembershipOptions;
using Orleans.TestingHost;

namespace LuxTensor.Tests.Cluster;

/// <summary>One PostgreSQL for all tests of this assembly.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresFixture>
{
    public const string Name = "PostgreSQL";
}

/// <summary>The contract of every host, on clusters of a validator silo and a gateway silo each, with PostgreSQL.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ClusterContract(PostgresFixture postgres) : NodeContract
{
    private protected override ITestNetwork Network(TestChain chain) => new ClusterNetwork(chain, postgres.Server);
}

/// <summary>Nodes that are clusters within this process; each has a database of its own.</summary>
internal sealed class ClusterNetwork(TestChain chain, PostgresServer server) : ITestNetwork
{
    private readonly LocalNetwork wire = new();
    private readonly ConcurrentQueue<Vote> released = [];
    private readonly ConcurrentDictionary<int, string> databases = new();
    private readonly Dictionary<int, TestCluster> running = [];

    public TestChain Chain => chain;

    public IReadOnlyList<Vote> Released => [.. released];

    public INode Start(int index)
    {
        var database = databases.GetOrAdd(index, _ =>
        {
            var created = server.NewDatabase();
            PostgresSchema.Migrate(created);
            return created;
        });
        var cluster = Task.Run(() => TestCluster.StartAsync(new TestClusterOptions
        {
            Genesis = chain.Genesis,
            Keys = [chain.Validators[index]],
            Transport = _ => wire.Join(new PeerId($"node-{index}")),
            Store = () => new ObservedStore(PostgresStore.Open(new PostgresOptions { ConnectionString = database }, chain.Genesis), released.Enqueue),
        })).GetAwaiter().GetResult();
        running.Add(index, cluster);
        return cluster.Gateway;
    }

    public async Task StopAsync(int index)
    {
        if (running.Remove(index, out var cluster))
        {
            await cluster.DisposeAsync();
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

/// <summary>What a cluster within this process is made of.</summary>
internal sealed record TestClusterOptions
{
    public required Genesis Genesis { get; init; }

    public IReadOnlyList<LuxTensor.Crypto.SigningKey> Keys { get; init; } = [];

    /// <summary>A gateway's network, by its number.</summary>
    public Func<int, ITransport>? Transport { get; init; }

    /// <summary>The account that a gateway keeps of its peers, by its number.</summary>
    public Func<int, LuxTensor.Engine.Peers.PeerBook>? Peers { get; init; }

    /// <summary>Opens the shared memory, once a silo.</summary>
    public required Func<IClusterStore> Store { get; init; }

    public int Validators { get; init; } = 1;

    public int Gateways { get; init; } = 1;
}

/// <summary>A node as a cluster of silos within this process: the validator silos first, then the gateways.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> transports = [];
    private readonly List<IClusterStore> stores = [];
    private InProcessTestCluster cluster = null!;

    public InProcessTestCluster Silos => cluster;

    public GatewayNode Gateway => Gateways[0];

    public IReadOnlyList<GatewayNode> Gateways =>
        [.. cluster.Silos.Select(silo => silo.ServiceProvider.GetService<GatewayNode>()).OfType<GatewayNode>()];

    public static async Task<TestCluster> StartAsync(TestClusterOptions options)
    {
        var made = new TestCluster();
        var builder = new InProcessTestClusterBuilder((short)(options.Validators + options.Gateways));
        builder.Options.ConfigureFileLogging = false;
#pragma warning disable ORLEANSEXP003 // the directory that keeps surviving grains where they are is still called experimental
        builder.Options.UseDistributedGrainDirectory = true;
#pragma warning restore ORLEANSEXP003
        builder.Options.UseRealEnvironmentStatistics = false;
        var number = -1;
        builder.ConfigureSilo((_, silo) =>
        {
            var index = Interlocked.Increment(ref number);
            var isGateway = index >= options.Validators && index < options.Validators + options.Gateways;
            var store = options.Store();
            var transport = isGateway ? options.Transport?.Invoke(index - options.Validators) : null;
            lock (made.stores)
            {
                made.stores.Add(store);
                if (transport is not null)
                {
                    made.transports.Add(transport);
                }
            }

            silo.Services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning));
            silo.Configure<ClusterMembershipOptions>(membership =>
            {
                membership.ProbeTimeout = membership.MaxProbeTimeout = TimeSpan.FromSeconds(1);
                membership.NumMissedProbesLimit = 2;
            });
            silo.AddNode(new ClusterOptions
            {
                Genesis = options.Genesis,
                Role = isGateway ? SiloRole.Gateway : SiloRole.Validator,
                Store = store,
                Keys = isGateway ? [] : options.Keys,
                Transport = transport,
                Peers = isGateway ? options.Peers?.Invoke(index - options.Validators) : null,
            });
        });
        made.cluster = builder.Build();
        await made.cluster.DeployAsync();
        return made;
    }

    public async ValueTask DisposeAsync()
    {
        await cluster.DisposeAsync();
        foreach (var transport in transports)
        {
            await transport.DisposeAsync();
        }

        stores.ForEach(store => store.Dispose());
    }
}

/// <summary>A store that tells of every vote that a guard released.</summary>
internal sealed class ObservedStore(IClusterStore inner, Action<Vote> released) : IClusterStore
{
    public IChainReader Reader => inner.Reader;

    public IVoteStore Votes => inner.Votes;

    public Task<FinalBlock?> BlockAtAsync(ulong height, CancellationToken cancellation) => inner.BlockAtAsync(height, cancellation);

    public Task<EpochSnapshot?> SetOfAsync(ulong epoch, CancellationToken cancellation) => inner.SetOfAsync(epoch, cancellation);

    public IPeerRecords Peers => inner.Peers;

    public void Learn(ulong finalHeight) => inner.Learn(finalHeight);

    public IFencedJournal OpenWriter() => inner.OpenWriter();

    public JournalSnapshot Load() => inner.Load();

    public ISigningGuard OpenGuard(ulong? generation) => new ObservedGuard(inner.OpenGuard(generation), generation is null ? static _ => { } : released);

    public void Dispose() => inner.Dispose();
}
