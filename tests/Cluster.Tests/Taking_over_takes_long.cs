using LuxTensor.Core.Validators;
using LuxTensor.Engine;
using LuxTensor.Grains;
using LuxTensor.Storage;
using LuxTensor.Tests.Engine;
using LuxTensor.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using GrainCollectionOptions = Orleans.Configuration.GrainCollectionOptions;

namespace LuxTensor.Tests.Cluster;

/// <summary>A node with much stored is not cut off while it is taken over; an activation that is cut off nevertheless holds nothing.</summary>
[Collection(PostgresCollection.Name)]
public sealed class Taking_over_takes_long(PostgresFixture postgres)
{
    private readonly TestChain chain = new(1);

    [Fact]
    public async Task Silos_give_it_the_time()
    {
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions { Genesis = chain.Genesis, Keys = chain.Validators, Store = OpenStore() });

        var validator = cluster.Silos.Silos.Single(silo => silo.ServiceProvider.GetService<GatewayNode>() is null).ServiceProvider;

        Assert.Equal(TimeSpan.FromMinutes(10), validator.GetRequiredService<IOptions<GrainCollectionOptions>>().Value.ActivationTimeout);
    }

    [Fact]
    public async Task An_activation_that_is_given_up_meanwhile_gives_up_what_it_opened()
    {
        using var givenUp = new CancellationTokenSource();
        using var store = new Watched(OpenStore()(), givenUp.Cancel);
        var options = new ClusterOptions { Genesis = chain.Genesis, Role = SiloRole.Validator, Store = store, Keys = chain.Validators };
        var grain = new ChainGrain(options, null!, null!, TimeProvider.System, NullLogger<ChainGrain>.Instance); // it never gets to calling anybody

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => grain.OnActivateAsync(givenUp.Token));

        Assert.Throws<ObjectDisposedException>(() => store.Writer!.Load());
    }

    private Func<IClusterStore> OpenStore()
    {
        var database = postgres.Server.NewDatabase();
        PostgresSchema.Migrate(database);
        return () => PostgresStore.Open(new PostgresOptions { ConnectionString = database }, chain.Genesis);
    }

    /// <summary>A store that tells when the node is taken over, and keeps the journal that it gave out.</summary>
    private sealed class Watched(IClusterStore inner, Action opening) : IClusterStore
    {
        public IFencedJournal? Writer { get; private set; }

        public IChainReader Reader => inner.Reader;

        public IVoteStore Votes => inner.Votes;

        public IPeerRecords Peers => inner.Peers;

        public Task<FinalBlock?> BlockAtAsync(ulong height, CancellationToken cancellation) => inner.BlockAtAsync(height, cancellation);

        public Task<EpochSnapshot?> SetOfAsync(ulong epoch, CancellationToken cancellation) => inner.SetOfAsync(epoch, cancellation);

        public void Learn(ulong finalHeight) => inner.Learn(finalHeight);

        public IFencedJournal OpenWriter()
        {
            opening();
            return Writer = inner.OpenWriter();
        }

        public JournalSnapshot Load() => inner.Load();

        public ISigningGuard OpenGuard(ulong? generation) => inner.OpenGuard(generation);

        public void Dispose() => inner.Dispose();
    }
}
