using System.Net;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

// What runs on the task that owns the router and the links.
public sealed partial class Gossip
{
    private async Task OwnAsync()
    {
        await foreach (var item in work.Reader.ReadAllAsync())
        {
            if (item.Read is { } read)
            {
                foreach (var input in read.Inputs)
                {
                    Step(input);
                }

                read.Taken();
            }
            else if (item.Input is { } input)
            {
                Step(input);
                if (item.Cost > 0)
                {
                    Interlocked.Add(ref publishing, -item.Cost);
                }
            }
            else
            {
                item.Do!();
            }
        }
    }

    private void Step(GossipInput input)
    {
        var now = Now;
        router.Step(input, now, effects);
        for (var i = 0; i < effects.Count; i++)
        {
            switch (effects[i])
            {
                case GossipEffect.SendMessage sent:
                    foreach (var to in sent.To)
                    {
                        if (links.TryGetValue(to, out var link))
                        {
                            link.Queue.TryAdd(sent.Message.Frame, sent.Class, now);
                        }
                    }

                    break;
                case GossipEffect.Deliver delivered:
                    var id = delivered.Message.Id;
                    router.Step(Deliver(delivered) ? new GossipInput.Taken(id) : new GossipInput.Declined(id), now, effects);
                    break;
                case GossipEffect.Send sent:
                    if (links.TryGetValue(sent.To, out var peer) && !peer.Queue.TryAdd(RpcWriter.Frame(sent.Rpc), SendClass.Control, now))
                    {
                        Cut(peer, "it does not read gossip: its control queue is full");
                    }

                    break;
                case GossipEffect.Disconnect disconnect:
                    swarm.Disconnect(disconnect.Peer, disconnect.Why switch
                    {
                        GossipOffence.Persistence => "it went on gossiping long after it was no longer listened to",
                        _ => "its gossip score fell too low",
                    });
                    break;
                default:
                    break;
            }
        }

        effects.Clear();
    }

    private bool Deliver(GossipEffect.Deliver delivered)
    {
        try
        {
            return deliver(new GossipMessage(delivered.From, delivered.Message, judge));
        }
        catch (Exception)
        {
            metrics.DeliveryFailed();
            return false; // the application's fault and not the peer's
        }
    }

    private void Meet(ConnectedPeer peer)
    {
        connected[peer.Id] = peer;
        var spoken = Array.FindIndex(GossipLink.Protocols, peer.Protocols.Contains);
        if (spoken >= 0)
        {
            Join(peer, GossipVersion.V12 - (byte)spoken);
        }
        else if (guests.Find(guest => guest.Stream.Peer == peer.Id) is { } guest)
        {
            Join(peer, VersionOf(guest.Stream)); // it opened a stream of it without having said that it speaks it
        }
    }

    // Through here, a stream meets the link of its own connection and not that of one that is gone.
    private void Admit(Guest guest)
    {
        var peer = guest.Stream.Peer;
        guests.Add(guest);
        if (links.TryGetValue(peer, out var link))
        {
            guest.Link.TrySetResult(link);
        }
        else if (connected.TryGetValue(peer, out var known))
        {
            Join(known, VersionOf(guest.Stream));
        }
    }

    private static GossipVersion VersionOf(IPeerStream stream) => GossipVersion.V12 - (byte)Math.Max(0, Array.IndexOf(GossipLink.Protocols, stream.Protocol));

    private void Join(ConnectedPeer peer, GossipVersion version)
    {
        if (links.ContainsKey(peer.Id))
        {
            return;
        }

        var link = new GossipLink(
            swarm, peer.Id, options, () => Now,
            reopened => work.Writer.TryWrite(new Work(new GossipInput.Reopened(reopened.Peer))),
            lost => work.Writer.TryWrite(new Work(Do: () => Leave(lost))));
        links.Add(peer.Id, link);
        Step(new GossipInput.PeerJoined(peer.Id, version, peer.IsOutbound, AddressOf(peer.Address)));
        if (applicationScores.TryGetValue(peer.Id, out var score))
        {
            Step(new GossipInput.Scored(peer.Id, score));
        }

        link.Start();
        foreach (var guest in guests.Where(guest => guest.Stream.Peer == peer.Id))
        {
            guest.Link.TrySetResult(link);
        }
    }

    private void Part(PeerId peer)
    {
        connected.Remove(peer);
        applicationScores.TryRemove(peer, out _);
        if (links.TryGetValue(peer, out var link))
        {
            Leave(link);
        }
    }

    private void Leave(GossipLink link)
    {
        if (links.TryGetValue(link.Peer, out var current) && current == link)
        {
            links.Remove(link.Peer);
            stopping.Add(link.DisposeAsync().AsTask());
            router.Step(new GossipInput.PeerLeft(link.Peer), Now, effects);
        }
    }

    private void Cut(GossipLink link, string why)
    {
        metrics.CutOff();
        Leave(link);
        swarm.Disconnect(link.Peer, why);
    }

    private void ApplyScores()
    {
        Interlocked.Exchange(ref scoresPosted, 0);
        foreach (var (peer, score) in applicationScores)
        {
            Step(new GossipInput.Scored(peer, score));
        }
    }

    private void Beat()
    {
        Interlocked.Exchange(ref heartbeatPosted, 0);
        Step(new GossipInput.Heartbeat());
        var now = Now;
        foreach (var link in links.Values.ToArray())
        {
            if (now - (link.Queue.FullSince ?? now) > options.SlowPeer || now - (link.WritingSince ?? now) > options.SlowPeer)
            {
                Cut(link, $"it reads gossip too slowly: its queue was full, or a write unfinished, for {options.SlowPeer.TotalSeconds} s");
            }
            else if (now - (link.FrameSince ?? now) > options.FrameTimeout)
            {
                link.ResetInbound();
                Step(new GossipInput.Broken(link.Peer));
            }
        }

        stopping.RemoveAll(task => task.IsCompleted);
        snapshot = Look();
    }

    private GossipSnapshot Look()
    {
        var figures = router.Figures;
        return new GossipSnapshot(
            [.. router.Topics.Values.Select(topic => new GossipTopicFigures(topic.Name, topic.IsSubscribed, topic.Peers.Count, [.. topic.Mesh.Select(peer => peer.Id)]))],
            [.. router.Peers.Values.Where(peer => links.ContainsKey(peer.Id)).Select(Look)],
            figures.Cached,
            figures.CachedBytes,
            figures.Pending,
            figures.PendingBytes);
    }

    private GossipPeerFigures Look(GossipPeer peer)
    {
        var queue = links[peer.Id].Queue;
        return new GossipPeerFigures(peer.Id, peer.IsOutbound, peer.Score.Value, peer.Score.Invalid, peer.Score.Misbehaviour, queue.AllBytes, queue.Dropped);
    }

    // The IP address in a multiaddr; empty where it has none.
    private static string AddressOf(string multiaddr)
    {
        var parts = multiaddr.Split('/');
        var at = Array.FindIndex(parts, part => part is "ip4" or "ip6");
        return at >= 0 && at + 1 < parts.Length && IPAddress.TryParse(parts[at + 1], out var address) ? address.ToString() : "";
    }
}
