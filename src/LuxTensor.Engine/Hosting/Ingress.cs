using System.Collections.Concurrent;
using System.Threading.Channels;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Engine.Caching;

namespace LuxTensor.Engine;

/// <summary>What the way in needs of whoever runs behind it.</summary>
public sealed record IngressOptions
{
    /// <summary>What all nodes agree on.</summary>
    public required ChainRules Rules { get; init; }

    /// <summary>The node's state now.</summary>
    public required Func<NodeState> View { get; init; }

    /// <summary>The final chain, for the peers that ask for blocks.</summary>
    public required IChainReader Chain { get; init; }

    /// <summary>The network, from which frames come and to which answers go.</summary>
    public required ITransport Transport { get; init; }

    /// <summary>The guard, which must know every vote in the name of a local validator before that signs again (GRD-5).</summary>
    public required ISigningGuard Guard { get; init; }

    /// <summary>Whether a validator's key is this node's.</summary>
    public required Func<Address, bool> IsLocal { get; init; }

    /// <summary>Takes a verified input; waiting holds the worker back.</summary>
    public required Func<NodeInput, ValueTask> Post { get; init; }

    /// <summary>A worker's own failure is the node's: a guard that fails would leave it deaf, and the node would not know.</summary>
    public required Action<Exception> Fail { get; init; }

    /// <summary>Tells the operator what peers asked for and could not be read.</summary>
    public required Action<Notice> Tell { get; init; }

    /// <summary>Takes a useful vote unverified, to verify it with others and judge its frame later; null where each is verified at once.</summary>
    public Action<Vote, IncomingFrame>? PassVote { get; init; }

    /// <summary>Takes an answer to a node that catches up, which only the process that asked can check; null where that is this one.</summary>
    public Action<IncomingFrame>? PassAnswer { get; init; }

    /// <summary>Workers, 1 to 8.</summary>
    public int Workers { get; init; } = int.Clamp(Environment.ProcessorCount, 1, 8);

    /// <summary>Frames that wait at most.</summary>
    public int InboxFrames { get; init; } = 16_384;
}

/// <summary>
/// The way in: frames are decoded, dropped where useless, and verified on several workers, before the loop.
/// Transactions wait in a queue of their own, so that a flood of them keeps no vote out.
/// </summary>
public sealed partial class Ingress
{
    private const int BatchSize = 100;
    private const int MostRequests = 256;
    private const int SeenBytes = 4 << 20;
    private const int MostUnreadable = 64; // told of; more is one disk's story

    private readonly IngressOptions options;
    private readonly Channel<IncomingFrame> consensus;
    private readonly Channel<IncomingFrame> transactions;
    private readonly Channel<IncomingFrame> requests; // of nodes that catch up: they read the disk, and must not hold up a vote
    private readonly SignatureChecks checks;
    private readonly SeenFilter seen = new(SeenBytes); // transactions of the last seconds: each comes once from every peer
    private readonly ConcurrentDictionary<string, bool> unreadable = new(StringComparer.Ordinal);

    /// <summary>Takes nothing before <see cref="RunAsync"/>.</summary>
    public Ingress(IngressOptions options)
    {
        this.options = options;
        checks = SignatureChecks.Of(options.Rules, IsPooled);
        var bounds = new BoundedChannelOptions(options.InboxFrames) { FullMode = BoundedChannelFullMode.Wait };
        consensus = Channel.CreateBounded<IncomingFrame>(bounds);
        transactions = Channel.CreateBounded<IncomingFrame>(bounds);
        requests = Channel.CreateBounded<IncomingFrame>(new BoundedChannelOptions(MostRequests) { SingleReader = true });
    }

    private NodeState View => options.View();

    private ChainRules Rules => options.Rules;

    /// <summary>Takes a frame; false where the queue is full.</summary>
    private bool Offer(IncomingFrame frame) =>
        (frame.Answer is not null ? requests : frame.Topic == Topic.Transactions ? transactions : consensus).Writer.TryWrite(frame);

    /// <summary>Starts the workers, which run until <see cref="Complete"/>, and then the network, whose failure is the node's like a worker's.</summary>
    public Task RunAsync()
    {
        var workers = Task.WhenAll(
            [Task.Run(() => WorkAsync(ServeAsync)), .. Enumerable.Range(0, int.Clamp(options.Workers, 1, 8)).Select(_ => Task.Run(() => WorkAsync(TakeFramesAsync)))]);
        options.Transport.Start(Offer);
        _ = options.Transport.Completion.ContinueWith(
            ended => options.Fail(ended.Exception!.InnerException!), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return workers;
    }

    /// <summary>Takes no more; the workers end when they are through.</summary>
    public void Complete()
    {
        consensus.Writer.TryComplete();
        transactions.Writer.TryComplete();
        requests.Writer.TryComplete();
    }

    private async Task WorkAsync(Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            options.Fail(failure);
        }
    }

    /// <summary>Answers requests one after the other, beside the workers.</summary>
    private async Task ServeAsync()
    {
        var verified = new List<NodeInput>();
        var votes = new List<(Vote Vote, IncomingFrame Frame)>();
        await foreach (var frame in requests.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            Judge(frame, verified, votes);
            TakeVotes(votes, verified);
            await PostAsync(verified).ConfigureAwait(false);
        }
    }

    private async Task TakeFramesAsync()
    {
        var verified = new List<NodeInput>();
        var votes = new List<(Vote Vote, IncomingFrame Frame)>(); // those that came together are verified together, which costs a fraction
        Task<bool>? votesWait = null, transactionsWait = null; // kept while pending: a new wait each time would pile up
        while (true)
        {
            var source = consensus.Reader.TryPeek(out _) ? consensus.Reader : transactions.Reader;
            var taken = 0;
            for (; taken < BatchSize && source.TryRead(out var frame); taken++)
            {
                if (frame.Topic != Topic.Votes)
                {
                    TakeVotes(votes, verified); // none of them waits for what may take longer
                }

                Judge(frame, verified, votes);
                await PostAsync(verified).ConfigureAwait(false); // at once: the first of a batch does not wait for its last
            }

            TakeVotes(votes, verified);
            await PostAsync(verified).ConfigureAwait(false);

            if (taken == 0 && !consensus.Reader.TryPeek(out _) && !transactions.Reader.TryPeek(out _))
            {
                votesWait = votesWait is { IsCompleted: false } ? votesWait : consensus.Reader.WaitToReadAsync().AsTask();
                transactionsWait = transactionsWait is { IsCompleted: false } ? transactionsWait : transactions.Reader.WaitToReadAsync().AsTask();
                var more = await Task.WhenAny(votesWait, transactionsWait).ConfigureAwait(false);
                if (!await more.ConfigureAwait(false))
                {
                    return; // both are completed together
                }
            }
        }
    }

    /// <summary>
    /// Judges a frame, or puts it where it is judged later. What is stored and cannot be read is not answered with, and told of: a peer
    /// chooses what is asked for, and must not stop a node that decides without it.
    /// </summary>
    private void Judge(IncomingFrame frame, List<NodeInput> batch, List<(Vote Vote, IncomingFrame Frame)> votes)
    {
        try
        {
            if (Take(frame, batch, votes) is { } verdict)
            {
                frame.Judge(verdict);
            }
        }
        catch (JournalException failure)
        {
            frame.Judge(FrameVerdict.Ignore);
            if (unreadable.Count < MostUnreadable && unreadable.TryAdd(failure.Message, true))
            {
                options.Tell(new Notice.Unreadable(failure.Message));
            }
        }
    }

    /// <summary>Gives the verdict, or null where it is given later.</summary>
    private FrameVerdict? Take(IncomingFrame frame, List<NodeInput> batch, List<(Vote Vote, IncomingFrame Frame)> votes)
    {
        if (frame.IsHeard?.Invoke() == false)
        {
            return FrameVerdict.Ignore;
        }

        if (!MessageCodec.TryDecode(frame.Bytes.Span, Rules, out var message, out _) || !frame.Topic.Carries(message!))
        {
            return FrameVerdict.Reject;
        }

        switch (message)
        {
            case Message.CastVote { Vote: var vote }:
                return TakeVote(vote, frame, votes);
            case Message.Submit { Transaction: var transaction }:
                return TakeTransaction(transaction, batch);
            case Message.GetBlock { Hash: var hash }:
                return Serving.Block(View, options.Chain, hash) is { } held ? Reply(frame, held) : FrameVerdict.Ignore;
            case Message.GetBlocks request:
                return Reply(frame, Serving.Blocks(options.Chain, request));
            case Message.GetBlockHeaders request:
                return Reply(frame, Serving.Headers(options.Chain, Rules, request));
            case Message.Ping { Nonce: var nonce }:
                return Reply(frame, new Message.Pong(nonce));
            case Message.Pong:
                return FrameVerdict.Ignore; // that it came is all it says
            case Message.Accuse { Offence: var offence }:
                return TakeAccusation(offence, batch);
            case Message.BlockHeaders or Message.Blocks when options.PassAnswer is { } pass:
                pass(frame);
                return FrameVerdict.Accept;
            case Message.BlockHeaders headers:
                return TakeHeaders(SyncVerifier.Check(headers, frame.From, View.Sync, View.Chain, checks), batch);
            case Message.Blocks blocks:
                var arrived = SyncVerifier.Check(blocks, frame.From, View.Sync, View.Chain, checks);
                batch.Add(new NodeInput.Sync(arrived));
                return arrived.Fault is null ? FrameVerdict.Accept : FrameVerdict.Ignore; // the machine names who failed
            default:
                return TakeChainMessage(message!, frame.From, batch);
        }
    }

    private FrameVerdict? TakeVote(Vote vote, IncomingFrame frame, List<(Vote Vote, IncomingFrame Frame)> votes)
    {
        if (!Routing.IsUseful(View, vote))
        {
            return FrameVerdict.Ignore;
        }

        if (options.PassVote is { } pass)
        {
            pass(vote, frame);
        }
        else
        {
            votes.Add((vote, frame));
        }

        return null;
    }

    /// <summary>Verifies votes together, judges their frames and empties the list.</summary>
    private void TakeVotes(List<(Vote Vote, IncomingFrame Frame)> votes, List<NodeInput> batch)
    {
        if (votes.Count == 0)
        {
            return;
        }

        var verdicts = Verifier.Check([.. votes.Select(static entry => entry.Vote)], Rules, View.Chain.Epochs.Find);
        foreach (var (verdict, (vote, frame)) in verdicts.Zip(votes))
        {
            frame.Judge(verdict.Why is null ? FrameVerdict.Accept : FrameVerdict.Reject);
            if (verdict.Why is not null)
            {
                if (!View.RefusedVotes.ContainsKey((vote.Ballot.Height, vote.Validator)))
                {
                    batch.Add(new NodeInput.BadVote(vote.Validator, vote.Ballot.Height));
                }

                continue;
            }

            batch.Add(new NodeInput.CastVote(verdict.Vote, frame.From));
        }

        votes.Clear();
    }

    /// <summary>A full mailbox holds the worker back, and then the inbox drops.</summary>
    private async ValueTask PostAsync(List<NodeInput> verified)
    {
        foreach (var input in verified)
        {
            foreach (var own in SignedVotes.In(input, View).Where(vote => options.IsLocal(vote.Validator)))
            {
                // GRD-5: signed with a key of ours, by an earlier life or another instance: the guard must know before it signs again.
                options.Guard.Record(own);
            }

            await options.Post(input).ConfigureAwait(false);
        }

        verified.Clear();
    }

    private FrameVerdict TakeTransaction(Transaction transaction, List<NodeInput> batch)
    {
        if (View.Pool.Find(transaction.Id) is not null
            || View.Pool.Check(transaction, View.FinalLedger, Rules) is not null // anybody can sign what nobody pays for: it goes no further
            || !seen.Add(transaction.Id))
        {
            return FrameVerdict.Ignore;
        }

        if (Verifier.Check(transaction, Rules, out var verified) is not null)
        {
            return FrameVerdict.Reject;
        }

        batch.Add(new NodeInput.Submit(verified));
        return FrameVerdict.Accept;
    }

    private bool IsPooled(Transaction transaction) => View.Pool.Find(transaction.Id) is not null;

    private FrameVerdict Reply(IncomingFrame frame, Message message)
    {
        var bytes = MessageCodec.Encode(Rules.ChainId, message);
        if (frame.Answer is { } answer)
        {
            answer(bytes);
        }
        else
        {
            options.Transport.Send(frame.From, bytes);
        }

        return FrameVerdict.Accept;
    }
}
