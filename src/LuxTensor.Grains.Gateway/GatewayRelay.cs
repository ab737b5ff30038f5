using System.Threading.Channels;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Engine.Caching;
using LuxTensor.Engine.Cluster;
using Orleans.Concurrency;

namespace LuxTensor.Grains;

/// <summary>
/// A gateway's way in: frames pass the engine's cheap checks; votes are verified in packs on this silo and go to their height's
/// grain; all else, verified, and transactions go to the chain.
/// </summary>
internal sealed class GatewayRelay : IAsyncDisposable
{
    private const int SeenBytes = 512 << 10;
    private const int MostWaiting = 16_384;
    private const int CountAttempts = 10;

    private static readonly TimeSpan CountPause = TimeSpan.FromMilliseconds(100);

    private readonly ClusterOptions options;
    private readonly IGrainFactory grains;
    private readonly Func<NodeState> view;
    private readonly Action<Vote> see;
    private readonly TimeProvider time;
    private readonly Lock seenGate = new();
    private SeenFilter seen = new(SeenBytes); // votes come once from every peer
    private long seenFrom;
    private readonly Channel<(Vote Vote, IncomingFrame Frame)> votes = Channel.CreateBounded<(Vote, IncomingFrame)>(
        new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Channel<(Transaction Transaction, TaskCompletionSource<(SubmitCode, ulong)> Reply)> submissions =
        Channel.CreateBounded<(Transaction, TaskCompletionSource<(SubmitCode, ulong)>)>(new BoundedChannelOptions(MostWaiting));

    private readonly CancellationTokenSource stop = new();
    private readonly Packer toChain;
    private readonly Ingress? ingress;
    private readonly ISigningGuard guard;
    private Task[] tasks = [];

    public GatewayRelay(ClusterOptions options, IGrainFactory grains, Func<NodeState> view, Action<Vote> see, Action<Notice> tell, Action<Exception> fail, TimeProvider time)
    {
        (this.options, this.grains, this.view, this.see, this.time) = (options, grains, view, see, time);
        guard = options.Store.OpenGuard(null);
        toChain = new Packer(pack => Chain.Take(new Immutable<byte[]>(pack)), static () => false); // a peer says again what matters
        ingress = options.Transport is null ? null : new Ingress(new IngressOptions
        {
            Rules = options.Genesis.Rules,
            View = view,
            Chain = options.Store.Reader,
            Transport = options.Transport,
            Guard = guard,
            IsLocal = validator => view().Chain.IsLocal(validator),
            Post = input =>
            {
                Relay(input);
                return ValueTask.CompletedTask;
            },
            Fail = fail,
            Tell = tell,
            PassVote = PassVote,
            PassAnswer = frame => toChain.Add(RelayCodec.EncodeAnswer(frame.From, frame.Bytes)),
        });
    }

    private IChainGrain Chain => grains.GetGrain<IChainGrain>(options.ChainKey);

    public void Start()
    {
        tasks =
        [
            .. Enumerable.Range(0, int.Clamp(Environment.ProcessorCount, 1, 8)).Select(_ => Task.Run(VerifyAsync)),
            Task.Run(SubmitAsync),
            ingress?.RunAsync() ?? Task.CompletedTask,
        ];
    }

    /// <summary>Has the chain store a transaction that was verified; gives what became of it, and after which commit.</summary>
    public async Task<(SubmitCode Code, ulong Stored)> SubmitAsync(Transaction transaction, CancellationToken cancellation)
    {
        var reply = new TaskCompletionSource<(SubmitCode, ulong)>(TaskCreationOptions.RunContinuationsAsynchronously);
        return submissions.Writer.TryWrite((transaction, reply)) ? await reply.Task.WaitAsync(cancellation).ConfigureAwait(false) : (SubmitCode.Busy, 0);
    }

    public async ValueTask DisposeAsync()
    {
        ingress?.Complete();
        votes.Writer.TryComplete();
        submissions.Writer.TryComplete();
        await stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await toChain.DisposeAsync().ConfigureAwait(false);
        guard.Dispose();
        stop.Dispose();
    }

    private void Relay(NodeInput input)
    {
        if (RelayCodec.Encode(input, options.Genesis.Rules.ChainId) is { } bytes)
        {
            toChain.Add(bytes);
        }
    }

    private void PassVote(Vote vote, IncomingFrame frame)
    {
        if (!IsNew(frame) || !votes.Writer.TryWrite((vote, frame)))
        {
            frame.Judge(FrameVerdict.Ignore);
        }
    }

    /// <summary>
    /// Whether a vote did not come lately. A validator that says it again after a round's timeout has a reason: whoever counted
    /// it may have failed, so by then it must be new.
    /// </summary>
    private bool IsNew(IncomingFrame frame)
    {
        var digest = Sha256.Hash(frame.Bytes.Span);
        lock (seenGate)
        {
            if (time.GetElapsedTime(seenFrom) >= TimeSpan.FromMilliseconds(options.Genesis.Rules.RoundTimeout / 2.0))
            {
                (seen, seenFrom) = (new SeenFilter(SeenBytes), time.GetTimestamp());
            }

            return seen.Add(digest);
        }
    }

    private async Task VerifyAsync()
    {
        var batch = new List<(Vote Vote, IncomingFrame Frame)>();
        var verifier = grains.GetGrain<IVoteVerifierGrain>(options.ChainKey);
        while (await votes.Reader.WaitToReadAsync(stop.Token).ConfigureAwait(false))
        {
            while (batch.Count < Pack.MostItems && votes.Reader.TryRead(out var next))
            {
                batch.Add(next);
            }

            try
            {
                (Vote Vote, IncomingFrame Frame)[] asked = [.. batch.GroupBy(static entry => entry.Vote.Ballot).SelectMany(static same => same)]; // few bytes
                var pack = new Immutable<byte[]>(Pack.OfVotes(asked.Select(static entry => entry.Vote)));
                var verdicts = (await verifier.Verify(pack).ConfigureAwait(false)).Value;
                for (var i = 0; i < asked.Length; i++)
                {
                    Judge(asked[i].Vote, asked[i].Frame, verdicts[i] == 1);
                }

                foreach (var height in asked.Where((_, i) => verdicts[i] == 1).Select(static entry => entry.Vote).GroupBy(static vote => vote.Ballot.Height))
                {
                    await CountAsync(height.Key, Pack.OfVotes(height)).ConfigureAwait(false);
                    foreach (var vote in height)
                    {
                        see(vote); // only now: what this gateway has seen it passes on no more
                    }
                }
            }
            catch (Exception) when (!stop.IsCancellationRequested)
            {
                // lost: their validators say them again while it matters
            }

            batch.Clear();
        }
    }

    private void Judge(Vote vote, IncomingFrame frame, bool holds)
    {
        frame.Judge(holds ? FrameVerdict.Accept : FrameVerdict.Reject);
        if (!holds)
        {
            Relay(new NodeInput.BadVote(vote.Validator, vote.Ballot.Height));
            return;
        }

        if (view().Chain.IsLocal(vote.Validator))
        {
            guard.Record(vote); // GRD-5
        }
    }

    /// <summary>Has votes counted; again where a call failed, because waiting for their validators to say them again costs a round.</summary>
    private async Task CountAsync(ulong height, byte[] pack)
    {
        for (var attempt = 1; ; attempt++)
        {
            var chain = view().Chain;
            try
            {
                await grains.GetGrain<IBlockFinalityGrain>((long)height, options.ChainKey, null)
                    .Take(chain.Height, chain.Round, new Immutable<byte[]>(pack)).ConfigureAwait(false);
                return;
            }
            catch (Exception) when (attempt < CountAttempts && height >= chain.Height && !stop.IsCancellationRequested)
            {
                await Task.Delay(CountPause, time, stop.Token).ConfigureAwait(false);
            }
        }
    }

    private async Task SubmitAsync()
    {
        var batch = new List<(Transaction Transaction, TaskCompletionSource<(SubmitCode, ulong)> Reply)>();
        while (await submissions.Reader.WaitToReadAsync(stop.Token).ConfigureAwait(false))
        {
            while (batch.Count < Pack.MostItems && submissions.Reader.TryRead(out var next))
            {
                batch.Add(next);
            }

            var answers = await SubmitAsync([.. batch.Select(entry => entry.Transaction.Encoded)]).ConfigureAwait(false);
            for (var i = 0; i < batch.Count; i++)
            {
                if (answers is { Length: > 8 })
                {
                    batch[i].Reply.TrySetResult(((SubmitCode)answers[8 + i], System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(answers)));
                }
                else
                {
                    batch[i].Reply.TrySetException(new JournalException("the chain did not answer whether it stored this transaction: ask for its id, or send it again"));
                }
            }

            batch.Clear();
        }
    }

    /// <summary>Asks again where a call failed: what was stored before is known then.</summary>
    private async Task<byte[]?> SubmitAsync(ReadOnlyMemory<byte>[] items)
    {
        var pack = new Immutable<byte[]>(Pack.Of(items));
        for (var attempt = 0; attempt < 40 && !stop.IsCancellationRequested; attempt++)
        {
            try
            {
                return (await Chain.Submit(pack).ConfigureAwait(false)).Value;
            }
            catch (Exception) when (!stop.IsCancellationRequested)
            {
                await Task.Delay(250, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        return null;
    }
}
