using System.Collections.Immutable;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

// The way of a message: taken, judged, forwarded.
internal sealed partial class GossipRouter
{
    /// <summary>Who sent a message that waits for its verdict, the first first.</summary>
    public PeerId[] SendersOf(MessageId id) => pending.TryGet(id, out var waiting) ? [.. waiting.Senders.Select(static peer => peer.Id)] : [];

    private void Receive(PeerId from, Rpc rpc)
    {
        if (!peers.TryGetValue(from, out var peer))
        {
            return;
        }

        foreach (var subscription in rpc.Subscriptions)
        {
            Note(peer, subscription); // also of the graylisted: they are bounded, and said only once
        }

        if (rpc.IsCut)
        {
            Penalise(peer, 1);
        }

        if (peer.Score.Value < scoring.GraylistThreshold)
        {
            counts.Graylisted++;
            if (++peer.GraylistedFrames > scoring.MaxGraylistedFrames)
            {
                Condemn(peer, GossipOffence.Persistence);
            }

            return;
        }

        foreach (var message in rpc.Messages)
        {
            Take(peer, message);
        }

        if (rpc.HasControl)
        {
            Control(peer, rpc);
        }
    }

    private void Note(GossipPeer peer, Subscription said)
    {
        topics.TryGetValue(said.Topic, out var topic);
        if (!said.Begins)
        {
            peer.Topics.Remove(said.Topic);
            if (topic is not null && topic.Peers.Remove(peer))
            {
                Drop(topic, peer);
                topic.Fanout.Remove(peer);
            }

            return;
        }

        if (peer.Topics.Count >= rules.MaxSubscriptionsPerPeer && !peer.Topics.Contains(said.Topic))
        {
            if (!peer.IsFlooding)
            {
                peer.IsFlooding = true;
                Penalise(peer, 1);
            }

            return;
        }

        peer.Topics.Add(said.Topic);
        if (topic is not null && topic.Peers.Add(peer) && topic.IsSubscribed && topic.Mesh.Count < rules.DegreeLow && MayGraft(topic, peer))
        {
            Graft(topic, peer); // a mesh that is short of peers does not wait for the heartbeat
        }
    }

    private void Take(GossipPeer peer, in ReceivedMessage message)
    {
        counts.Received++;
        if (!topics.TryGetValue(message.Topic, out var topic) || !topic.IsSubscribed)
        {
            counts.Unwanted++;
            return;
        }

        if (message.IsSigned)
        {
            counts.Unsigned++;
            peer.Score.DeliveredInvalid(topic.Name);
            Watch(peer);
            return;
        }

        promises.Kept(message.Id);
        if (pending.TryGet(message.Id, out var waiting))
        {
            Copied(peer, message.Id);
            if (!waiting.Senders.Contains(peer))
            {
                waiting.Senders.Add(peer);
            }

            return;
        }

        if (seen.TryGet(message.Id, out var entry))
        {
            Copied(peer, message.Id);
            Repeat(peer, topic, entry);
            return;
        }

        var wire = pending.HasRoom(peer, message.Data.Length) ? WireMessage.Of(topic.Name, message.Id, message.Data.Span) : null;
        if (wire is null || wire.Frame.Length > rules.MaxFrameBytes)
        {
            counts.Overloaded++; // not seen: it may come again
            return;
        }

        seen.Add(message.Id, now);
        pending.Add(wire, peer, now);
        effects.Add(new GossipEffect.Deliver(wire, peer.Id));
    }

    // Everybody says the same once; only who says it for ever costs more than it can be worth.
    private void Copied(GossipPeer peer, MessageId id)
    {
        counts.Duplicates++;
        if (peer.Repeats(id, rules.MaxRepeats))
        {
            Penalise(peer, 1);
        }
    }

    // A copy of a message that was judged.
    private void Repeat(GossipPeer peer, GossipTopic topic, SeenMessages.Entry entry)
    {
        switch (entry.Verdict)
        {
            case GossipVerdict.Accept when now - entry.JudgedAt <= scoring.Of(topic.Name).MeshDeliveriesWindow:
                peer.Score.DeliveredToo(topic.Name);
                break;
            case GossipVerdict.Reject:
                peer.Score.DeliveredInvalid(topic.Name);
                Watch(peer);
                break;
            default:
                break;
        }
    }

    private void Judge(MessageId id, GossipVerdict verdict)
    {
        if (!pending.Remove(id, out var waiting))
        {
            return; // too late
        }

        seen.Judge(id, verdict, now);
        var (message, senders) = (waiting.Message, waiting.Senders);
        switch (verdict)
        {
            case GossipVerdict.Accept:
                counts.Accepted++;
                senders[0].Score.DeliveredFirst(message.Topic);
                for (var i = 1; i < senders.Count; i++)
                {
                    senders[i].Score.DeliveredToo(message.Topic);
                }

                cache.Put(message);
                Forward(message, senders);
                break;
            case GossipVerdict.Reject:
                counts.Rejected++;
                foreach (var sender in senders)
                {
                    sender.Score.DeliveredInvalid(message.Topic);
                    Watch(sender);
                }

                break;
            default:
                counts.Ignored++;
                break;
        }
    }

    // The mesh need not send what this node has. Not said before the application took it: of what it declines, another copy must come.
    private void SpareCopies(MessageId id)
    {
        if (!pending.TryGet(id, out var waiting) || waiting.Message.Data.Length < rules.DontWantBytes || !topics.TryGetValue(waiting.Message.Topic, out var topic))
        {
            return;
        }

        foreach (var peer in topic.Mesh)
        {
            if (peer.Version >= GossipVersion.V12 && !waiting.Senders.Contains(peer))
            {
                To(peer).DontWants.Add(id);
            }
        }
    }

    private void Decline(MessageId id)
    {
        if (pending.Remove(id, out _))
        {
            counts.Overloaded++;
            seen.Forget(id);
        }
    }

    private void Forward(WireMessage message, List<GossipPeer> senders)
    {
        if (!topics.TryGetValue(message.Topic, out var topic))
        {
            return;
        }

        var to = ImmutableArray.CreateBuilder<PeerId>(topic.Mesh.Count);
        foreach (var peer in topic.Mesh)
        {
            if (senders.Contains(peer))
            {
                continue;
            }

            if (peer.DontWants(message.Id))
            {
                counts.Spared++;
                continue;
            }

            to.Add(peer.Id);
        }

        if (to.Count > 0)
        {
            counts.Forwarded += to.Count;
            effects.Add(new GossipEffect.SendMessage(message, to.DrainToImmutable(), SendClass.Forwarded));
        }
    }

    private void Publish(WireMessage message, bool again)
    {
        if (message.Frame.Length > rules.MaxFrameBytes || (!again && seen.Contains(message.Id)) || Topic(message.Topic) is not { } topic)
        {
            return;
        }

        // A message of a peer's that waits for its verdict is forwarded here: the application says that it is valid.
        if (pending.Remove(message.Id, out _) || !seen.Contains(message.Id))
        {
            seen.Add(message.Id, now);
        }

        seen.Judge(message.Id, GossipVerdict.Accept, now);
        cache.Put(message);
        counts.Published++;
        topic.LastPublished = now;
        List<GossipPeer> to = rules.FloodPublish
            ? [.. topic.Peers.Where(peer => peer.Score.Value >= scoring.PublishThreshold)]
            : topic.IsSubscribed ? topic.Mesh : Fanout(topic);
        to = [.. to.Where(peer => !peer.DontWants(message.Id))];
        if (to.Count > 0)
        {
            effects.Add(new GossipEffect.SendMessage(message, Ids(to), SendClass.Own));
        }
    }

    private List<GossipPeer> Fanout(GossipTopic topic)
    {
        var missing = rules.Degree - topic.Fanout.Count;
        if (missing > 0)
        {
            List<GossipPeer> others = [.. topic.Peers.Where(peer => !topic.Fanout.Contains(peer) && peer.Score.Value >= scoring.PublishThreshold)];
            Shuffle(others);
            topic.Fanout.AddRange(others.Take(missing));
        }

        return topic.Fanout;
    }
}
