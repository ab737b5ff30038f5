using System.Collections.Concurrent;
using System.Threading.Channels;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using Microsoft.Extensions.Logging;

namespace LuxTensor.Rpc;

/// <summary>
/// Turns the node's notices into notes: takes them off the node's loop at once, serialises each once, and posts it to
/// every subscriber's outbox. One thread at a time, which never waits for a reader.
/// </summary>
internal sealed class Hub : INoticeSink, IAsyncDisposable
{
    private const int MaxNotices = 16_384;
    private const int MaxRecent = 256;

    private readonly Channel<Notice> notices = Channel.CreateBounded<Notice>(new BoundedChannelOptions(MaxNotices) { SingleReader = true });
    private readonly SubscriberSet[] streams = [.. Enum.GetValues<NoteStream>().Select(_ => new SubscriberSet())];
    private readonly ConcurrentDictionary<Outbox, bool> connections = new();
    private readonly ConcurrentDictionary<ulong, Note> recent = new(); // finality events, serialised
    private readonly Filters filters;
    private readonly ILogger logger;
    private readonly IDisposable source;
    private readonly Task reading;
    private ulong newestFinal;
    private bool overflown;
    private Notice.Stopped? stopped;
    private Notice.Syncing? syncing;

    public Hub(INode node, Filters filters, RpcOptions options)
    {
        Node = node;
        this.filters = filters;
        logger = options.Logging.CreateLogger("LuxTensor.Rpc");
        source = node.Subscribe(this);
        newestFinal = node.Chain.FinalHeight; // after subscribing: what becomes final between the two is told again, and ignored
        reading = Task.Run(ReadAsync);
    }

    public INode Node { get; }

    /// <summary>The finality feed's newest sequence number: never below what the node shows as final, and notices come after.</summary>
    public ulong NewestFinal => ulong.Max(Volatile.Read(ref newestFinal), Node.View.Final.Height);

    /// <summary>Why the node stopped, once it has.</summary>
    public Notice.Stopped? Stopped => Volatile.Read(ref stopped);

    /// <summary>The last word about catching up; null where it never was.</summary>
    public Notice.Syncing? Syncing => Volatile.Read(ref syncing);

    /// <summary>Subscriptions now, of all streams.</summary>
    public int Subscriptions => streams.Sum(stream => stream.Count);

    /// <summary>Connections that can be sent notes.</summary>
    public int Connections => connections.Count;

    public void Publish(Notice notice)
    {
        if (!notices.Writer.TryWrite(notice))
        {
            Volatile.Write(ref overflown, true);
        }
    }

    public void Add(Outbox outbox)
    {
        connections[outbox] = true;
        if (Stopped is not null)
        {
            outbox.End(new Ending(Ending.Restart, "the node stops"));
        }
    }

    public void Remove(Outbox outbox) => connections.TryRemove(outbox, out _);

    /// <summary>Starts sending to a subscription: its answer must be under way.</summary>
    public void Activate(Subscription subscription)
    {
        streams[(int)subscription.Stream].Add(subscription);
        if (subscription.Feed is { } feed)
        {
            _ = feed.RunAsync(subscription);
        }

        if (subscription.Stream == NoteStream.Syncing && Syncing is { Active: true } now)
        {
            subscription.Outbox.Post(subscription, Notes.Write(json => NodeShape.WriteSyncing(json, now)));
        }
    }

    public void Deactivate(Subscription subscription)
    {
        streams[(int)subscription.Stream].Remove(subscription);
        subscription.Feed?.Dispose();
    }

    /// <summary>A finality event, from memory or from the journal; null where the journal no longer has it.</summary>
    public Note? FinalityNote(ulong sequence)
    {
        if (recent.TryGetValue(sequence, out var note))
        {
            return note;
        }

        return Node.Chain.BlockAt(sequence) is { Certificate: { } certificate } final ? WriteFinality(final.Block, certificate) : null;
    }

    /// <summary>Ends connections whose peer takes nothing any more.</summary>
    public void CutOffStuck(TimeSpan limit)
    {
        foreach (var (outbox, _) in connections)
        {
            if (outbox.IsStuck(limit))
            {
                outbox.End(new Ending(Ending.Policy, $"too slow: a message took more than {limit.TotalSeconds} s"));
            }
        }
    }

    /// <summary>Ends every connection.</summary>
    public void EndAll(Ending ending)
    {
        foreach (var (outbox, _) in connections)
        {
            outbox.End(ending);
        }
    }

    public async ValueTask DisposeAsync()
    {
        source.Dispose();
        notices.Writer.TryComplete();
        await reading;
        EndAll(new Ending(Ending.Restart, "the server stops"));
    }

    private async Task ReadAsync()
    {
        await foreach (var notice in notices.Reader.ReadAllAsync())
        {
            try
            {
                Handle(notice);
            }
            catch (Exception e)
            {
                logger.LogError(e, "a notice could not be passed on; connections are ended, so that none misses it unknowingly");
                EndAll(new Ending(Ending.TryLater, "a note was lost, connect again"));
            }

            if (Volatile.Read(ref overflown))
            {
                Volatile.Write(ref overflown, false);
                logger.LogWarning("more than {Limit} notices waited; connections are ended, so that none misses one unknowingly", MaxNotices);
                EndAll(new Ending(Ending.TryLater, "notes were lost, connect again"));
            }
        }
    }

    private void Handle(Notice notice)
    {
        switch (notice)
        {
            case Notice.HeadMoved moved:
                HandleHead(moved);
                break;
            case Notice.Finalized final:
                HandleFinal(final);
                break;
            case Notice.Pending pending:
                filters.Pending.Add(pending.Transaction.Id);
                Send(NoteStream.Pending, () => Notes.Write(json => json.HashValue(pending.Transaction.Id)));
                Send(NoteStream.PendingFull, () => Notes.Write(json => TransactionShape.Write(json, pending.Transaction, null, 0)));
                break;
            case Notice.RoundMoved:
                SendProgress();
                break;
            case Notice.Syncing now:
                Volatile.Write(ref syncing, now);
                Send(NoteStream.Syncing, () => Notes.Write(json => NodeShape.WriteSyncing(json, now)));
                break;
            case Notice.Conflict conflict:
                Send(NoteStream.Evidence, () => Notes.Write(json => FinalityShape.WriteEvidence(json, conflict.Evidence)));
                break;
            case Notice.Stopped now:
                Volatile.Write(ref stopped, now);
                EndAll(new Ending(Ending.Restart, "the node stops"));
                break;
        }
    }

    private void HandleHead(Notice.HeadMoved moved)
    {
        foreach (var block in moved.Joined)
        {
            filters.Blocks.Add(block.Hash);
            Send(NoteStream.Heads, () => Notes.Write(json => BlockShape.WriteHeader(json, block)));
            Send(NoteStream.BlockEvents, () => EventShape.Block(block));
        }

        if (!moved.Joined.IsEmpty)
        {
            Send(NoteStream.HeadEvents, () => EventShape.Head(moved.Joined[^1], Node.Genesis.Rules));
        }

        if (!moved.Left.IsEmpty)
        {
            Send(NoteStream.Reorganisations, () => Notes.Write(json => FinalityShape.WriteReorganisation(json, moved)));
            Send(NoteStream.ReorganisationEvents, () => EventShape.Reorganisation(moved));
        }

        SendProgress();
    }

    private void HandleFinal(Notice.Finalized final)
    {
        if (streams[(int)NoteStream.Finality].Count > 0)
        {
            recent[final.Sequence] = WriteFinality(final.Block, final.Certificate);
        }

        if (final.Sequence >= MaxRecent)
        {
            recent.TryRemove(final.Sequence - MaxRecent, out _);
        }

        Volatile.Write(ref newestFinal, ulong.Max(newestFinal, final.Sequence));
        foreach (var subscription in streams[(int)NoteStream.Finality].All())
        {
            subscription.Feed!.Wake(subscription, final.Sequence);
        }

        Send(NoteStream.FinalEvents, () => EventShape.Final(final.Block));
        SendProgress();
    }

    private Note WriteFinality(Block block, Certificate certificate) =>
        Notes.Write(json => FinalityShape.WriteEvent(json, block, certificate, Lookup.Set(Node, block.Header.Epoch)));

    private void SendProgress() => Send(NoteStream.Progress, () => Notes.Write(json => FinalityShape.WriteProgress(json, Node.View)));

    private void Send(NoteStream stream, Func<Note> note)
    {
        var all = streams[(int)stream].All();
        if (all.Length == 0)
        {
            return;
        }

        var written = note();
        foreach (var subscription in all)
        {
            subscription.Outbox.Post(subscription, written);
        }
    }
}
