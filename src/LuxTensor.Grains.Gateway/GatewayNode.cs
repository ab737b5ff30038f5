using System.Collections.Immutable;
using System.Threading.Channels;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Engine.Cluster;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace LuxTensor.Grains;

/// <summary>
/// The node as a gateway's applications see it: a replica that follows the chain's commits, and relays what applications and
/// peers send. A commit that does not come is noticed by its number, at the latest when the chain is asked where it is, and
/// read from the store; so applications are told of every final block, once and in order.
/// </summary>
public sealed partial class GatewayNode : INode, IHostedService, IGatewayObserver, IAsyncDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly ClusterOptions options;
    private readonly IGrainFactory grains;
    private readonly ICommitFeed feed;
    private readonly ILogger log;
    private readonly IHostApplicationLifetime lifetime;
    private readonly TimeProvider time;
    private readonly string name = Guid.NewGuid().ToString("n");
    private readonly Channel<Step> steps = Channel.CreateUnbounded<Step>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource stop = new();
    private readonly NoticeSinks sinks = new();
    private readonly SyncWatch sync;
    private readonly GatewayRelay relay;
    private readonly Lock viewGate = new();
    private Replica? replica; // of the loop
    private NodeState? view;
    private FinalityState? passing; // votes of the height being decided that came through this gateway, for whoever asks how far it is
    private ulong sequence;
    private TaskCompletionSource moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task[] tasks = [];
    private IGatewayObserver? self;
    private int stopping;

    /// <summary>A gateway that <see cref="StartAsync"/> brings up.</summary>
    internal GatewayNode(ClusterOptions options, IGrainFactory grains, ICommitFeed feed, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<GatewayNode> log)
    {
        (this.options, this.grains, this.feed, this.time, this.lifetime, this.log) = (options, grains, feed, time, lifetime, log);
        sync = new SyncWatch(sinks.Tell, time);
        relay = new GatewayRelay(options, grains, () => View, See, notice => steps.Writer.TryWrite(new Step.Told(notice)), Fail, time);
    }

    /// <inheritdoc/>
    public Genesis Genesis => options.Genesis;

    /// <inheritdoc/>
    public NodeState View => Volatile.Read(ref view) ?? throw new InvalidOperationException("the gateway has not started yet");

    /// <inheritdoc/>
    public IChainReader Chain => options.Store.Reader;

    /// <inheritdoc/>
    public IReadOnlyCollection<PeerId> Peers => options.Transport?.Peers ?? [];

    /// <inheritdoc/>
    public NetworkView Network => options.Transport?.Network ?? NetworkView.Of([]);

    /// <summary>The number of the last commit that <see cref="View"/> shows.</summary>
    public ulong Sequence => Volatile.Read(ref sequence);

    private IChainGrain ChainGrain => grains.GetGrain<IChainGrain>(options.ChainKey);

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        self = grains.CreateObjectReference<IGatewayObserver>(this);
        while (replica is null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                var status = await AttachAsync().ConfigureAwait(false);
                Show(await Task.Run(() => Read(status), cancellationToken).ConfigureAwait(false), []);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                LogNoChain(failure.Message);
                await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
            }
        }

        tasks = [Task.Run(FollowAsync, CancellationToken.None), Task.Run(BeatAsync, CancellationToken.None)];
        relay.Start();
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref stopping, 1) != 0)
        {
            return;
        }

        await stop.CancelAsync().ConfigureAwait(false);
        steps.Writer.TryComplete();
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await relay.DisposeAsync().ConfigureAwait(false);
        sinks.Tell(new Notice.Stopped(null));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task Carry(Immutable<byte[]> frames)
    {
        if (options.Transport is { } transport)
        {
            foreach (var frame in Pack.Read(frames.Value))
            {
                OutgoingFrame.Carry(frame, transport);
            }
        }

        foreach (var vote in OutgoingFrame.VotesIn(frames.Value, options.Genesis.Rules))
        {
            See(vote);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public IDisposable Subscribe(INoticeSink sink) => sinks.Add(sink);

    /// <inheritdoc/>
    public async ValueTask<SubmitOutcome> SubmitAsync(ReadOnlyMemory<byte> encoded, CancellationToken cancellation)
    {
        // Beside the caller: it may read the store.
        var (known, verified) = await Task.Run(() => (Submission.Check(this, encoded.Span, out var it), it), cancellation).ConfigureAwait(false);
        if (known is not null)
        {
            return known;
        }

        var transaction = verified.Value;
        var (code, stored) = await relay.SubmitAsync(transaction, cancellation).ConfigureAwait(false);
        await ReachedAsync(stored).WaitAsync(cancellation).ConfigureAwait(false); // whoever submitted sees it in the pool
        return code switch
        {
            SubmitCode.Added => new SubmitOutcome.Accepted(transaction.Id, Known: false),
            SubmitCode.Known => new SubmitOutcome.Accepted(transaction.Id, Known: true),
            SubmitCode.Refused when View.Pool.Add(verified, View.FinalLedger, options.Genesis.Rules).Outcome is MempoolOutcome.Rejected rejected =>
                new SubmitOutcome.Rejected(transaction.Id, rejected.Why),
            _ => new SubmitOutcome.Busy(), // also where the pool has room again meanwhile
        };
    }

    /// <summary>Shows a vote that was verified in the progress of its height.</summary>
    private void See(Vote vote)
    {
        lock (viewGate)
        {
            if (Volatile.Read(ref view) is { } now && vote.Ballot.Height == now.Chain.Height && now.Chain.Set.IndexOf(vote.Validator) >= 0)
            {
                var before = passing?.Height == now.Chain.Height ? passing : BlockFinality.Begin(now.Chain.Height, now.Chain.Set, now.Chain.Rules.QuorumPercent);
                passing = BlockFinality.Count(BlockFinality.Advance(before, now.Chain.Round), Verifier.Attested(vote)).Next;
                Publish(now);
            }
        }
    }

    private void Publish(NodeState state) => Volatile.Write(ref view, state with
    {
        Heights = passing?.Height == state.Chain.Height
            ? ImmutableSortedDictionary<ulong, FinalityState>.Empty.Add(passing.Height, BlockFinality.Advance(passing, state.Chain.Round))
            : ImmutableSortedDictionary<ulong, FinalityState>.Empty,
    });

    /// <summary>A gateway that no longer hears its peers is worse than one that is started anew.</summary>
    private void Fail(Exception failure)
    {
        LogDeaf(failure);
        lifetime.StopApplication();
    }

    private async Task ReachedAsync(ulong wanted)
    {
        while (Sequence < wanted && !stop.IsCancellationRequested)
        {
            var next = Volatile.Read(ref moved).Task;
            if (Sequence < wanted)
            {
                await next.ConfigureAwait(false);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "the chain does not answer: {Reason}")]
    private partial void LogNoChain(string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "what peers send can no longer be taken: this silo stops")]
    private partial void LogDeaf(Exception failure);
}
