using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Engine.Cluster;
using Orleans.Concurrency;

namespace LuxTensor.Grains;

/// <summary>
/// The chain as long as one activation runs it: the engine's own loop, on a journal of a new generation, with votes counted and
/// signed by other grains and gateways for a network. It ends when another activation takes the node over, for then the store
/// refuses it.
/// </summary>
internal sealed class ChainSession : IAsyncDisposable
{
    private static readonly TimeSpan Nudge = TimeSpan.FromSeconds(1);

    private readonly PublishingJournal journal;
    private readonly ISigningGuard guard;
    private readonly GrainVoteCounter counter;
    private readonly CancellationTokenSource stop = new();
    private readonly Task nudging;

    private ChainSession(
        PublishingJournal journal, ISigningGuard guard, GrainVoteCounter counter, ClusterTransport transport, NodeHost host, TimeProvider time)
    {
        (this.journal, this.guard, this.counter, Transport, Host) = (journal, guard, counter, transport, host);
        nudging = Task.Run(() => NudgeAsync(time));
    }

    public NodeHost Host { get; }

    public ClusterTransport Transport { get; }

    public ChainStatus Status(byte[] local) => new(journal.Generation, journal.Sequence, journal.FinalHeight, local);

    /// <summary>Takes the node over and brings it back from the store. Blocks: not for a grain's own thread.</summary>
    /// <exception cref="JournalException">The store cannot be reached, or is damaged.</exception>
    public static ChainSession Open(ClusterOptions options, IGrainFactory grains, ICommitFeed feed, TimeProvider time)
    {
        var fenced = options.Store.OpenWriter();
        var generation = fenced.Generation;
        var journal = new PublishingJournal(fenced, feed);
        var guard = options.Store.OpenGuard(generation);
        var transport = new ClusterTransport(time, ClusterOptions.GatewayLease);
        var counter = new GrainVoteCounter(grains, options, transport);
        try
        {
            var host = NodeHost.Open(new NodeOptions
            {
                Genesis = options.Genesis,
                Journal = journal,
                Guard = guard,
                Keys = options.Keys,
                Transport = transport,
                Pool = options.Pool,
                Sync = options.Sync,
                Time = time,
                VerifyWorkers = 1, // frames come in at the gateways
                Counter = counter,
                SignElsewhere = (validator, ballot) => SignAsync(grains, generation, validator, ballot),
            });
            journal.Proven = () => host.View.ProvenHeight;
            return new ChainSession(journal, guard, counter, transport, host, time);
        }
        catch (Exception)
        {
            // It is tried again soon, and what this attempt holds would pile up.
            counter.DisposeAsync().AsTask().GetAwaiter().GetResult();
            transport.DisposeAsync().AsTask().GetAwaiter().GetResult();
            guard.Dispose();
            journal.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await nudging.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Host.DisposeAsync().ConfigureAwait(false);
        await counter.DisposeAsync().ConfigureAwait(false);
        await Transport.DisposeAsync().ConfigureAwait(false);
        guard.Dispose();
        await journal.DisposeAsync().ConfigureAwait(false);
        stop.Dispose();
    }

    /// <summary>
    /// Where nothing has moved for a while, the height's grain may have failed with votes that it had not stored: it gets the own
    /// ones again, and tells again what it knows. Waiting for a round's timeout would do the same, much later.
    /// </summary>
    private async Task NudgeAsync(TimeProvider time)
    {
        using var timer = new PeriodicTimer(Nudge, time);
        (ulong, uint, Phase) before = default;
        while (await timer.WaitForNextTickAsync(stop.Token).ConfigureAwait(false))
        {
            var chain = Host.View.Chain;
            if (before == (chain.Height, chain.Round, chain.Phase))
            {
                foreach (var vote in chain.Standing)
                {
                    counter.Count(vote);
                }

                counter.Recount(chain.Height, chain.Round);
            }

            before = (chain.Height, chain.Round, chain.Phase);
        }
    }

    private static async Task<GuardDecision> SignAsync(IGrainFactory grains, ulong generation, Address validator, Ballot ballot)
    {
        var unsigned = new Immutable<byte[]>(Pack.Encode(new Vote(ballot, validator, default)));
        var answer = await grains.GetGrain<IValidatorGrain>(validator.ToString()).Sign(generation, unsigned).ConfigureAwait(false);
        return GuardCodec.Decode(answer.Value);
    }
}
