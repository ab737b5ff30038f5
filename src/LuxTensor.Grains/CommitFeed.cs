using System.Threading.Channels;
using LuxTensor.Engine;
using LuxTensor.Engine.Cluster;
using Orleans.Streams;

namespace LuxTensor.Grains;

/// <summary>How a node's commits reach its gateways: the only place that knows of streams. It may lose commits and deliver them twice.</summary>
internal interface ICommitFeed
{
    /// <summary>Sends a commit; fails where it is unknown whether it was taken.</summary>
    Task PublishAsync(byte[] commit);

    /// <summary>Gives every commit that comes to a handler that queues it.</summary>
    Task<IAsyncDisposable> SubscribeAsync(Action<byte[]> handler);
}

/// <summary>Commits on an Orleans stream.</summary>
internal sealed class StreamFeed(IClusterClient client, ClusterOptions options) : ICommitFeed
{
    private IAsyncStream<byte[]> Stream => client.GetStreamProvider(ClusterOptions.StreamProvider)
        .GetStream<byte[]>(StreamId.Create("luxtensor.commits", options.ChainKey));

    public Task PublishAsync(byte[] commit) => Stream.OnNextAsync(commit);

    public async Task<IAsyncDisposable> SubscribeAsync(Action<byte[]> handler)
    {
        var handle = await Stream.SubscribeAsync((commit, _) =>
        {
            handler(commit);
            return Task.CompletedTask;
        }).ConfigureAwait(false);
        return new Subscription(handle);
    }

    private sealed class Subscription(StreamSubscriptionHandle<byte[]> handle) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await handle.UnsubscribeAsync().ConfigureAwait(false);
    }
}

/// <summary>The chain's journal: each commit, once it is durable, goes to the gateways, before anything else that follows from it.</summary>
internal sealed class PublishingJournal : IJournal, IAsyncDisposable
{
    private const int MostWaiting = 4_096; // behind that a gateway reads from the store anyway

    private readonly IFencedJournal inner;
    private readonly Channel<byte[]> waiting = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    private readonly ICommitFeed feed;
    private readonly Task loop;

    public PublishingJournal(IFencedJournal inner, ICommitFeed feed)
    {
        (this.inner, this.feed) = (inner, feed);
        loop = Task.Run(RunAsync);
    }

    /// <summary>The highest height that the node knows a certificate of.</summary>
    public Func<ulong> Proven { get; set; } = static () => 0;

    public ulong Generation => inner.Generation;

    public ulong Sequence => inner.Sequence;

    public ulong FinalHeight => inner.FinalHeight;

    public JournalContents Load() => inner.Load();

    public void Commit(JournalBatch batch)
    {
        inner.Commit(batch);
        waiting.Writer.TryWrite(new Commit(inner.Generation, inner.Sequence, Proven(), batch).Encode());
    }

    public FinalBlock? BlockAt(ulong height) => inner.BlockAt(height);

    public FinalBlock? BlockBy(Crypto.Hash256 hash) => inner.BlockBy(hash);

    public ulong? HeightOf(Crypto.Hash256 hash) => inner.HeightOf(hash);

    public TransactionPlace? Locate(Crypto.Hash256 transactionId) => inner.Locate(transactionId);

    public Core.Validators.EpochSnapshot? SetOf(ulong epoch) => inner.SetOf(epoch);

    public MissedDuty? MissOf(Core.Address validator, ulong height) => inner.MissOf(validator, height);

    public IReadOnlyList<Core.Finality.Evidence> Evidence(int limit) => inner.Evidence(limit);

    public void Dispose() => inner.Dispose();

    public async ValueTask DisposeAsync()
    {
        waiting.Writer.TryComplete();
        await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        inner.Dispose();
    }

    private async Task RunAsync()
    {
        await foreach (var commit in waiting.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                await feed.PublishAsync(commit).ConfigureAwait(false);
            }
            catch (Exception)
            {
                // lost: the gateways see the gap and read the store
            }
        }
    }
}
