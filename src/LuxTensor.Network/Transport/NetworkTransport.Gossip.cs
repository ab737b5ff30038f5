using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Network;

/// <content>What goes to all, and comes from anybody.</content>
public sealed partial class NetworkTransport
{
    private const int OthersAsked = 2;

    private static GossipOptions GossipOptionsFor(NetworkTransportOptions options)
    {
        // Whoever says something again after a round's timeout has a reason: by then it must be new. What is useless the node itself refuses.
        var seen = TimeSpan.FromMilliseconds(ulong.Clamp(options.Genesis.Rules.RoundTimeout / 2, 6_000, 120_000));
        return new GossipOptions { Time = options.Time, Parameters = new GossipParameters { SeenTtl = seen, ValidationTimeout = seen / 2 } };
    }

    private void Publish(string topic, ReadOnlyMemory<byte> frame)
    {
        if (gossip is null)
        {
            return; // not started: lost, as on any network
        }

        if (frame.Length < gossip.MaxDataBytes)
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
        if (!topics.TryFind(message.Topic, out var topic) || !greeted.ContainsKey(message.From))
        {
            return false; // of no use before its hello; it may come again
        }

        var (frame, announcement) = Announcement.Read(message.Data);
        if (announcement is { } wanted)
        {
            if (!book.Allow(message.From, topic.Kind, (int)wanted.Length))
            {
                return false;
            }

            Run(() => FetchAsync(wanted, message, topic.Topic, topic.Merit));
            return true;
        }

        if (frame is not { } bytes)
        {
            message.Judge(GossipVerdict.Reject);
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
        }));

    /// <summary>Fetches an announced frame from whoever announced it, or from others; only then is the announcement judged.</summary>
    private async Task FetchAsync(Announcement wanted, GossipMessage message, Topic topic, PeerMerit merit)
    {
        var frame = announced.Find(wanted.Hash);
        foreach (var peer in greeted.Keys.Where(peer => peer != message.From).OrderBy(static _ => Random.Shared.Next()).Take(OthersAsked).Prepend(message.From))
        {
            frame ??= await FetchAsync(wanted, peer).ConfigureAwait(false);
        }

        if (frame is not { } bytes)
        {
            message.Judge(GossipVerdict.Ignore);
            return;
        }

        announced.Add(wanted.Hash, bytes); // before it is forwarded, for those to whom it will be
        if (!Hand(message, bytes, topic, merit))
        {
            message.Judge(GossipVerdict.Ignore);
        }
    }

    private async Task<ReadOnlyMemory<byte>?> FetchAsync(Announcement wanted, PeerId peer)
    {
        var hash = new byte[Hash256.Size];
        wanted.Hash.CopyTo(hash);
        var answer = await ExchangeAsync(frames, peer, hash).ConfigureAwait(false);
        if (answer is not { } frame)
        {
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
