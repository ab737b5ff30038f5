using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Network;

/// <content>What goes to all, and comes from anybody.</content>
public sealed partial class NetworkTransport
{
    private static readonly int MostCarried = new GossipParameters().MaxDataBytes; // on this all nodes agree

    // Whoever says something again after a round's timeout has a reason: by then it must be new. What is useless the node itself refuses.
    private static TimeSpan SeenOf(NetworkTransportOptions options) =>
        TimeSpan.FromMilliseconds(ulong.Clamp(options.Genesis.Rules.RoundTimeout / 2, 6_000, 120_000));

    private static GossipOptions GossipOptionsFor(NetworkTransportOptions options)
    {
        var seen = SeenOf(options);
        return new GossipOptions { Time = options.Time, Parameters = new GossipParameters { SeenTtl = seen, ValidationTimeout = seen / 2 } };
    }

    private void Publish(string topic, ReadOnlyMemory<byte> frame)
    {
        if (gossip is null)
        {
            return; // not started: lost, as on any network
        }

        if (frame.Length < MostCarried)
        {
            gossip.Publish(topic, Announcement.Carry(frame.Span), again: true);
            return;
        }

        var announcement = new Announcement(Sha256.Hash(frame.Span), (uint)frame.Length);
        announced.Add(announcement.Hash, frame.ToArray());
        gossip.Publish(topic, announcement.Encode(), again: true);
    }

    /// <summary>Takes a message of gossip; runs on the task that owns the router.</summary>
    private bool Deliver(GossipMessage message)
    {
        if (!topics.TryFind(message.Topic, out var topic) || !greeted.TryGetValue(message.From, out var sender))
        {
            return false; // of no use before its hello; it may come again
        }

        var (frame, announcement) = Announcement.Read(message.Data);
        if (announcement is { } wanted && wanted.Length >= MostCarried)
        {
            return book.Allow(message.From, topic.Kind, (int)wanted.Length) && TryFetch(wanted, message, sender, topic.Topic, topic.Merit);
        }

        if (frame is not { } bytes)
        {
            message.Judge(GossipVerdict.Reject); // neither, or an announcement of what should have come whole
            Fault(message.From, PeerFault.InvalidFrame);
            return true;
        }

        return book.Allow(message.From, topic.Kind, bytes.Length) && Hand(message, bytes, topic.Topic, topic.Merit);
    }

    private bool Hand(GossipMessage message, ReadOnlyMemory<byte> frame, Topic topic, PeerMerit merit) =>
        take(new IncomingFrame(message.From, topic, frame, verdict =>
        {
            switch (verdict)
            {
                case FrameVerdict.Accept:
                    message.Judge(GossipVerdict.Accept);
                    book.Report(message.From, new PeerInput.Useful(merit));
                    break;
                case FrameVerdict.Reject:
                    message.Judge(GossipVerdict.Reject);
                    Fault(message.From, PeerFault.InvalidFrame);
                    break;
                default:
                    message.Judge(GossipVerdict.Ignore);
                    break;
            }
        })
        { IsHeard = () => !book.IsBanned(message.From) });

    /// <summary>Fetches what was announced, beside a few others of the same peer; further ones may come again.</summary>
    private bool TryFetch(Announcement wanted, GossipMessage message, Greeted sender, Topic topic, PeerMerit merit)
    {
        if (Interlocked.Increment(ref sender.Fetches) > RequestsPerPeer)
        {
            Interlocked.Decrement(ref sender.Fetches);
            return false;
        }

        Run(async () =>
        {
            try
            {
                await FetchAsync(wanted, message, topic, merit).ConfigureAwait(false);
            }
            finally
            {
                Interlocked.Decrement(ref sender.Fetches);
            }
        });
        return true;
    }

    /// <summary>Fetches an announced frame; only then is the announcement judged.</summary>
    private async Task FetchAsync(Announcement wanted, GossipMessage message, Topic topic, PeerMerit merit)
    {
        if ((announced.Find(wanted.Hash) ?? await FetchOfAnyAsync(wanted, message).ConfigureAwait(false)) is not { } bytes)
        {
            gossip!.Decline(message); // who announces it next may have it
            return;
        }

        announced.Add(wanted.Hash, bytes); // before it is forwarded, for those to whom it will be
        if (!Hand(message, bytes, topic, merit))
        {
            message.Judge(GossipVerdict.Ignore);
        }
    }

    /// <summary>
    /// Asks whoever announced it, one, and while that one is slow twice as many each time. Nobody else is asked: by hashes of
    /// nothing a peer would have this node bother all the others.
    /// </summary>
    private async Task<ReadOnlyMemory<byte>?> FetchOfAnyAsync(Announcement wanted, GossipMessage message)
    {
        var pause = SeenOf(options) / 8; // some before the announcement is out of date
        var asked = new HashSet<PeerId>();
        var running = new List<Task<ReadOnlyMemory<byte>?>>();
        for (var more = 1; ; more *= 2)
        {
            foreach (var peer in (await gossip!.SendersAsync(message).ConfigureAwait(false)).Where(peer => !asked.Contains(peer)).Take(more))
            {
                asked.Add(peer);
                running.Add(FetchAsync(wanted, peer));
            }

            if (running.Count == 0)
            {
                return null;
            }

            await Task.WhenAny([.. running, Task.Delay(pause, options.Time, stopping.Token)]).ConfigureAwait(false);
            foreach (var ended in running.FindAll(static it => it.IsCompleted))
            {
                running.Remove(ended);
                if (await ended.ConfigureAwait(false) is { } frame)
                {
                    return frame;
                }
            }
        }
    }

    private async Task<ReadOnlyMemory<byte>?> FetchAsync(Announcement wanted, PeerId peer)
    {
        var hash = new byte[Hash256.Size];
        wanted.Hash.CopyTo(hash);
        if (await ExchangeAsync(frames, peer, hash).ConfigureAwait(false) is not { } frame)
        {
            if (!stopping.IsCancellationRequested)
            {
                Fault(peer, PeerFault.NoAnswer); // it said that it has it
            }

            return null;
        }

        if (frame.Length == wanted.Length && Sha256.Hash(frame.Span) == wanted.Hash)
        {
            return frame;
        }

        Fault(peer, PeerFault.InvalidFrame);
        return null;
    }

    private ValueTask<ReadOnlyMemory<byte>?> AnswerFrameAsync(PeerId peer, ReadOnlyMemory<byte> hash, CancellationToken cancellation) =>
        ValueTask.FromResult(
            hash.Length == Hash256.Size && book.Allow(peer, MessageKind.Requests, hash.Length) && announced.Find(new Hash256(hash.Span)) is { } frame
                ? Reply(peer, frame)
                : null);
}
