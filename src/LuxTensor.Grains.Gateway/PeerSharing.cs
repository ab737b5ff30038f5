using System.Collections.Concurrent;
using System.Threading.Channels;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Engine.Cluster;
using LuxTensor.Engine.Peers;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace LuxTensor.Grains;

/// <summary>
/// Makes the account that this gateway keeps of its peers part of the node's: what it found out goes to the peers' grains every
/// second, a report a peer and never a call a frame, and what all gateways found out comes back with the answer. New bans of
/// any gateway are asked for every second, and taken whether the peer is connected here or not. Without an answer the gateway
/// goes on by its own account.
/// </summary>
internal sealed partial class PeerSharing : IHostedService, IAsyncDisposable
{
    private const int MostUnreported = 16_384;
    private const int AtOnce = 16;

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    private readonly ClusterOptions options;
    private readonly PeerBook book;
    private readonly IGrainFactory grains;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly string name = Guid.NewGuid().ToString("n");
    private readonly Lock gate = new();
    private readonly Channel<bool> wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ConcurrentDictionary<PeerId, (ulong Number, byte[] Report)> unanswered = new();
    private readonly CancellationTokenSource stop = new();
    private Dictionary<PeerId, PeerReport> pending = [];
    private IDisposable[] watching = [];
    private ITimer? timer;
    private Task loop = Task.CompletedTask;
    private ulong number, list, newest;

    public PeerSharing(ClusterOptions options, PeerBook book, IGrainFactory grains, TimeProvider time, ILogger<PeerSharing> log) =>
        (this.options, this.book, this.grains, this.time, this.log) = (options, book, grains, time, log);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        watching = [book.Observe(Note), book.Follow(Follow)];
        timer = time.CreateTimer(_ => wake.Writer.TryWrite(true), null, TimeSpan.Zero, Beat);
        loop = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (timer is not { } running)
        {
            return;
        }

        timer = null;
        await running.DisposeAsync();
        foreach (var one in watching)
        {
            one.Dispose();
        }

        wake.Writer.TryComplete();
        await stop.CancelAsync();
        await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        stop.Dispose();
    }

    /// <summary>Adds an input to the peer's next report.</summary>
    private void Note(PeerId peer, PeerInput input)
    {
        if (string.IsNullOrEmpty(peer.Name))
        {
            return; // this node itself
        }

        lock (gate)
        {
            if (!pending.TryGetValue(peer, out var report))
            {
                if (pending.Count >= MostUnreported)
                {
                    return; // the grains do not answer: each gateway has its own account meanwhile
                }

                pending.Add(peer, report = new PeerReport());
            }

            report.Add(input);
        }
    }

    /// <summary>A ban decided here goes out at once.</summary>
    private void Follow(PeerId peer, PeerEffect effect)
    {
        if (effect is PeerEffect.Ban)
        {
            wake.Writer.TryWrite(true);
        }
    }

    private async Task RunAsync()
    {
        await foreach (var _ in wake.Reader.ReadAllAsync(stop.Token).ConfigureAwait(false))
        {
            try
            {
                await ReportAsync().ConfigureAwait(false);
                await LearnBansAsync().ConfigureAwait(false);
            }
            catch (Exception failure) when (!stop.IsCancellationRequested)
            {
                LogAlone(failure.Message);
            }
        }
    }

    private async Task ReportAsync()
    {
        Dictionary<PeerId, PeerReport> found;
        lock (gate)
        {
            found = pending.Where(it => !unanswered.ContainsKey(it.Key)).ToDictionary();
            pending = pending.Where(it => unanswered.ContainsKey(it.Key)).ToDictionary(); // one report of a peer at a time
        }

        foreach (var (peer, report) in found)
        {
            if (book.Find(peer) is { } info)
            {
                (report.Address, report.Agent) = (info.Address, info.Agent);
                var state = info.State;
                report.Ban = state.BannedUntil == 0 ? null : new PeerBan(state.BannedUntil, state.Bans, state.BanReason);
            }

            unanswered[peer] = (++number, report.Encode());
        }

        await Parallel.ForEachAsync(
            unanswered, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop.Token },
            async (it, _) => await SendAsync(it.Key, it.Value.Number, it.Value.Report).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private async Task SendAsync(PeerId peer, ulong its, byte[] report)
    {
        try
        {
            var answer = await grains.GetGrain<IPeerGrain>(peer.Name).Report(name, its, new Immutable<byte[]>(report)).ConfigureAwait(false);
            unanswered.TryRemove(peer, out _);
            foreach (var input in PeerVerdict.Decode(answer.Value)?.ToInputs() ?? [])
            {
                book.Adopt(peer, input);
            }
        }
        catch (Exception failure) when (!stop.IsCancellationRequested)
        {
            LogAlone(failure.Message); // the same report, with its number, again at the next beat
        }
    }

    private async Task LearnBansAsync()
    {
        var answer = await grains.GetGrain<IPeerBansGrain>(options.ChainKey).Since(list, newest).ConfigureAwait(false);
        if (BanList.Read(answer.Value) is not var (life, last, bans))
        {
            throw new FormatException("these bytes are no bans: do all silos run the same version?");
        }

        foreach (var (peer, ban) in bans)
        {
            book.Adopt(peer, ban.ToInput());
        }

        (list, newest) = (life, last);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "this gateway judges its peers alone for now: {Reason}")]
    private partial void LogAlone(string reason);
}
