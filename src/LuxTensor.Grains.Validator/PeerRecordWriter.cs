using System.Threading.Channels;
using LuxTensor.Core.Consensus;
using LuxTensor.Engine;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LuxTensor.Grains;

/// <summary>
/// Stores the records of the peers whose grains are on this silo, behind them and in batches: the newest of each peer, every two
/// seconds, and at once where there is a new ban. What cannot be stored is kept and stored later.
/// </summary>
internal sealed partial class PeerRecordWriter(ClusterOptions options, TimeProvider time, ILogger<PeerRecordWriter> log) : IHostedService, IAsyncDisposable
{
    private const int LargestBatch = 512;
    private const int MostWaiting = 65_536; // more than a silo has peers; past it the oldest record is as good as any
    private const int MostStored = 100_000;
    private const int BatchesBetweenTrims = 500;

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(2);

    private readonly Lock gate = new();
    private readonly Channel<bool> wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private Dictionary<PeerId, PeerRecord> waiting = [];
    private Dictionary<PeerId, PeerRecord> writing = [];
    private ITimer? timer;
    private Task loop = Task.CompletedTask;
    private int batches;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        timer = time.CreateTimer(_ => wake.Writer.TryWrite(true), null, Beat, Beat);
        loop = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <summary>Stores what waits, once more, and ends.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (timer is { } running)
        {
            timer = null;
            await running.DisposeAsync();
        }

        wake.Writer.TryComplete();
        await loop;
        await SaveAsync();
    }

    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    /// <summary>Takes the newest record of a peer.</summary>
    public void Add(PeerRecord record, bool atOnce)
    {
        lock (gate)
        {
            if (waiting.Count < MostWaiting || waiting.ContainsKey(record.Id))
            {
                waiting[record.Id] = record;
            }
        }

        if (atOnce)
        {
            wake.Writer.TryWrite(true);
        }
    }

    /// <summary>The newest record of a peer: one that waits here, or the stored one.</summary>
    /// <exception cref="JournalException">The store cannot be read.</exception>
    public async Task<PeerRecord?> FindAsync(PeerId peer, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (waiting.TryGetValue(peer, out var known) || writing.TryGetValue(peer, out known))
            {
                return known;
            }
        }

        return await options.Store.Peers.FindAsync(peer, cancellation);
    }

    private async Task RunAsync()
    {
        await foreach (var _ in wake.Reader.ReadAllAsync())
        {
            await SaveAsync();
        }
    }

    private async Task SaveAsync()
    {
        lock (gate)
        {
            (writing, waiting) = (waiting, []);
        }

        try
        {
            foreach (var batch in writing.Values.Chunk(LargestBatch))
            {
                await options.Store.Peers.SaveAsync(batch, [], CancellationToken.None);
                if (batches++ % BatchesBetweenTrims == 0)
                {
                    await options.Store.Peers.TrimAsync(MostStored, CancellationToken.None);
                }
            }
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            LogUnwritten(writing.Count, failure.Message);
            lock (gate)
            {
                foreach (var (peer, record) in writing)
                {
                    waiting.TryAdd(peer, record); // a newer one stays
                }
            }
        }

        lock (gate)
        {
            writing = [];
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} records of peers are not stored yet: {Reason}")]
    private partial void LogUnwritten(int count, string reason);
}
