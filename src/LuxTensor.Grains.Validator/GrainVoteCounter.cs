using System.Threading.Channels;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Engine;
using Orleans.Concurrency;

namespace LuxTensor.Grains;

/// <summary>
/// Has the votes counted by the heights' grains. In order, one call at a time, votes of a height packed; a call that failed is
/// made again, because it is unknown whether it was carried out, and twice does no harm.
/// </summary>
internal sealed class GrainVoteCounter : IVoteCounter, IAsyncDisposable
{
    private const int MostAttempts = 100;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Channel<Request> queue = Channel.CreateUnbounded<Request>(new UnboundedChannelOptions { SingleReader = true });
    private readonly IGrainFactory grains;
    private readonly ClusterOptions options;
    private readonly ITransport transport;
    private readonly CancellationTokenSource stop = new();
    private readonly Task loop;
    private (ulong Height, uint Round) at; // of the loop

    public GrainVoteCounter(IGrainFactory grains, ClusterOptions options, ITransport transport)
    {
        (this.grains, this.options, this.transport) = (grains, options, transport);
        loop = Task.Run(RunAsync);
    }

    private abstract record Request(ulong Height)
    {
        public sealed record Count(Vote Vote) : Request(Vote.Ballot.Height);

        public sealed record Recount(ulong Height, uint Round) : Request(Height);

        public sealed record Repeat(ulong Height, uint Round, Phase Phase) : Request(Height);

        public sealed record Decided(Certificate Certificate) : Request(Certificate.Height);
    }

    public void Count(Vote vote) => queue.Writer.TryWrite(new Request.Count(vote));

    public void Recount(ulong height, uint round) => queue.Writer.TryWrite(new Request.Recount(height, round));

    public void Repeat(ulong height, uint round, Phase phase) => queue.Writer.TryWrite(new Request.Repeat(height, round, phase));

    public void Decided(Certificate certificate) => queue.Writer.TryWrite(new Request.Decided(certificate));

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await stop.CancelAsync().ConfigureAwait(false);
        await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (await queue.Reader.WaitToReadAsync(stop.Token).ConfigureAwait(false))
        {
            while (queue.Reader.TryRead(out var request))
            {
                await PerformAsync(Prepare(request)).ConfigureAwait(false);
            }
        }
    }

    private Func<Task> Prepare(Request request)
    {
        var grain = grains.GetGrain<IBlockFinalityGrain>((long)request.Height, options.ChainKey, null);
        switch (request)
        {
            case Request.Count first:
                var votes = new List<Vote> { first.Vote };
                while (votes.Count < Pack.MostItems && queue.Reader.TryPeek(out var next) && next is Request.Count more && more.Height == first.Height)
                {
                    queue.Reader.TryRead(out _);
                    votes.Add(more.Vote);
                }

                var pack = new Immutable<byte[]>(Pack.OfVotes(votes));
                return () => grain.Take(at.Height, at.Round, pack);
            case Request.Recount recount:
                at = (recount.Height, recount.Round);
                return () => grain.Enter(recount.Round);
            case Request.Repeat repeat:
                return () => RepeatAsync(grain, repeat);
            case Request.Decided decided:
                var writer = new WireWriter(1024);
                decided.Certificate.Write(writer);
                var certificate = new Immutable<byte[]>(writer.ToArray());
                return () => grain.Decide(certificate);
            default:
                throw new ArgumentOutOfRangeException(nameof(request));
        }
    }

    private async Task RepeatAsync(IBlockFinalityGrain grain, Request.Repeat repeat)
    {
        var pack = await grain.VotesOf(repeat.Round, (byte)repeat.Phase).ConfigureAwait(false);
        foreach (var vote in Pack.ReadVotes(pack.Value).SelectMany(static run => run.Votes))
        {
            transport.Broadcast(Topic.Votes, MessageCodec.Encode(options.Genesis.Rules.ChainId, new Message.CastVote(vote)));
        }
    }

    /// <summary>Gives up in the end, lest one height's grain that always fails holds up all heights: what was asked is asked again.</summary>
    private async Task PerformAsync(Func<Task> call)
    {
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            try
            {
                await call().ConfigureAwait(false);
                return;
            }
            catch (Exception) when (!stop.IsCancellationRequested)
            {
                await Task.Delay(Pause, stop.Token).ConfigureAwait(false);
            }
        }
    }
}
