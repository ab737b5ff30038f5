using System.Collections.Immutable;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>
/// Gossipsub 1.0, 1.1 and 1.2 as a machine: inputs and effects are immutable, its state is its own, and the same seed and inputs give the
/// same effects. It has no clock and does no I/O. One thread at a time. Every collection that a peer can make grow is bounded by
/// <see cref="GossipParameters"/>; <see cref="Figures"/> says how large they are.
/// </summary>
internal sealed partial class GossipRouter
{
    private const int MostIdsPerFrame = 8192;

    private readonly GossipParameters rules;
    private readonly ScoreParameters scoring;
    private readonly Random random;
    private readonly int idsPerFrame;
    private readonly int haveIdsPerMessage;
    private readonly Dictionary<PeerId, GossipPeer> peers = [];
    private readonly Dictionary<string, GossipTopic> topics = [];
    private readonly List<GossipPeer> touched = [];
    private readonly PeerScores scores;
    private readonly SeenMessages seen;
    private readonly MessageCache cache;
    private readonly PendingMessages pending;
    private readonly Promises promises = new();
    private readonly RouterCounts counts = new();
    private List<GossipEffect> effects = [];
    private TimeSpan now;
    private long ticks;

    public GossipRouter(GossipParameters rules, ScoreParameters scoring, int seed)
    {
        this.rules = rules.Validated();
        this.scoring = scoring.Validated();
        random = new Random(seed);
        idsPerFrame = Math.Min(MostIdsPerFrame, (rules.MaxFrameBytes / (MessageId.Size + 2)) - GossipParameters.MaxTopicBytes);
        haveIdsPerMessage = Math.Min(rules.MaxHaveIds, idsPerFrame);
        scores = new PeerScores(scoring);
        seen = new SeenMessages(rules.MaxSeen, rules.SeenTtl);
        cache = new MessageCache(rules);
        pending = new PendingMessages(rules);
    }

    /// <summary>What happened so far.</summary>
    public RouterCounts Counts => counts;

    /// <summary>How large everything is now.</summary>
    public RouterFigures Figures => new(
        peers.Count,
        topics.Count,
        peers.Values.Sum(peer => peer.Topics.Count),
        seen.Queued,
        cache.Count,
        cache.Bytes,
        pending.Count,
        pending.Bytes,
        promises.Count,
        topics.Values.Sum(topic => topic.Backoffs.Count),
        peers.Values.Sum(peer => peer.DontWantCount),
        scores.Retained);

    public IReadOnlyDictionary<string, GossipTopic> Topics => topics;

    public IReadOnlyDictionary<PeerId, GossipPeer> Peers => peers;

    /// <summary>Takes one input and appends what is to be done about it. Time must not go backwards.</summary>
    public void Step(GossipInput input, TimeSpan at, List<GossipEffect> into)
    {
        (now, effects) = (at, into);
        switch (input)
        {
            case GossipInput.Received received:
                Receive(received.From, received.Rpc);
                break;
            case GossipInput.Judged judged:
                Judge(judged.Id, judged.Verdict);
                break;
            case GossipInput.Taken taken:
                SpareCopies(taken.Id);
                break;
            case GossipInput.Declined declined:
                Decline(declined.Id);
                break;
            case GossipInput.Publish publish:
                Publish(publish.Message, publish.Again);
                break;
            case GossipInput.Heartbeat:
                Heartbeat();
                break;
            case GossipInput.PeerJoined joined:
                Join(joined);
                break;
            case GossipInput.PeerLeft left:
                Leave(left.Peer);
                break;
            case GossipInput.Reopened reopened when peers.TryGetValue(reopened.Peer, out var peer):
                Greet(peer);
                break;
            case GossipInput.Broken broken when peers.TryGetValue(broken.From, out var peer):
                counts.Broken++;
                Penalise(peer, scoring.BehaviourThreshold + 2);
                break;
            case GossipInput.Subscribe subscribe:
                Subscribe(subscribe.Topic);
                break;
            case GossipInput.Unsubscribe unsubscribe:
                Unsubscribe(unsubscribe.Topic);
                break;
            case GossipInput.Scored scored when peers.TryGetValue(scored.Peer, out var peer):
                peer.Score.Apply(scored.Score);
                Watch(peer);
                break;
            default:
                break; // of a peer that is gone
        }

        Flush();
    }

    private void Join(GossipInput.PeerJoined joined)
    {
        if (peers.ContainsKey(joined.Peer))
        {
            return;
        }

        var peer = new GossipPeer(joined.Peer, joined.Version, joined.IsOutbound, joined.Address, scores.Join(joined.Peer, joined.Address));
        peers.Add(peer.Id, peer);
        Watch(peer);
        Greet(peer);
    }

    // What a peer must know of this node from its first frame on; where it knew it and lost it, also who is in whose mesh.
    private void Greet(GossipPeer peer)
    {
        foreach (var topic in topics.Values.Where(topic => topic.IsSubscribed))
        {
            To(peer).Subscriptions.Add(new Subscription(true, topic.Name));
            if (topic.Mesh.Contains(peer))
            {
                To(peer).Grafts.Add(topic.Name);
            }
        }
    }

    private void Leave(PeerId id)
    {
        if (!peers.Remove(id, out var peer))
        {
            return;
        }

        foreach (var topic in topics.Values)
        {
            topic.Peers.Remove(peer);
            topic.Mesh.Remove(peer);
            topic.Fanout.Remove(peer);
        }

        scores.Leave(id, peer.Address, now);
    }

    private void Subscribe(string name)
    {
        if (Topic(name) is not { IsSubscribed: false } topic)
        {
            return;
        }

        topic.IsSubscribed = true;
        foreach (var peer in peers.Values)
        {
            To(peer).Subscriptions.Add(new Subscription(true, name));
        }

        foreach (var peer in topic.Fanout.Where(peer => MayGraft(topic, peer)).Take(rules.Degree).ToArray())
        {
            Graft(topic, peer);
        }

        topic.Fanout.Clear();
        Fill(topic, rules.Degree - topic.Mesh.Count);
    }

    private void Unsubscribe(string name)
    {
        if (!topics.TryGetValue(name, out var topic) || !topic.IsSubscribed)
        {
            return;
        }

        topic.IsSubscribed = false;
        foreach (var peer in peers.Values)
        {
            To(peer).Subscriptions.Add(new Subscription(false, name));
        }

        foreach (var peer in topic.Mesh.ToArray())
        {
            Prune(topic, peer, rules.UnsubscribeBackoff);
        }
    }

    // A topic of this node; null where it has too many.
    private GossipTopic? Topic(string name)
    {
        if (topics.TryGetValue(name, out var topic) || topics.Count >= rules.MaxTopics)
        {
            return topic;
        }

        topics.Add(name, topic = new GossipTopic(name));
        foreach (var peer in peers.Values.Where(peer => peer.Topics.Contains(name)))
        {
            topic.Peers.Add(peer);
        }

        return topic;
    }

    private Outgoing To(GossipPeer peer)
    {
        if (peer.Outgoing.IsEmpty)
        {
            touched.Add(peer);
        }

        return peer.Outgoing;
    }

    private void Flush()
    {
        foreach (var peer in touched)
        {
            foreach (var rpc in peer.Outgoing.Take(idsPerFrame))
            {
                effects.Add(new GossipEffect.Send(peer.Id, rpc));
            }
        }

        touched.Clear();
    }

    private void Penalise(GossipPeer peer, double count)
    {
        peer.Score.Penalise(count);
        Watch(peer);
    }

    private void Watch(GossipPeer peer)
    {
        if (peer.Score.Value < scoring.DisconnectThreshold)
        {
            Condemn(peer, GossipOffence.Score);
        }
    }

    private void Condemn(GossipPeer peer, GossipOffence why)
    {
        if (!peer.IsCondemned)
        {
            peer.IsCondemned = true;
            counts.Disconnected++;
            effects.Add(new GossipEffect.Disconnect(peer.Id, why));
        }
    }

    private void Shuffle<T>(List<T> items) => random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(items));

    private static ImmutableArray<PeerId> Ids(List<GossipPeer> of) => [.. of.Select(peer => peer.Id)];
}

/// <summary>How large everything in a router is that could grow.</summary>
internal sealed record RouterFigures(
    int Peers, int Topics, int Subscriptions, int Seen, int Cached, long CachedBytes, int Pending, long PendingBytes, int Promises, int Backoffs, int DontWants, int Retained);

/// <summary>What happened in a router since it began.</summary>
internal sealed class RouterCounts
{
    public long Received { get; set; }

    public long Duplicates { get; set; }

    public long Unwanted { get; set; }

    public long Unsigned { get; set; }

    public long Overloaded { get; set; }

    public long Accepted { get; set; }

    public long Rejected { get; set; }

    public long Ignored { get; set; }

    public long Published { get; set; }

    public long Forwarded { get; set; }

    public long Answered { get; set; }

    public long Asked { get; set; }

    public long Spared { get; set; }

    public long Graylisted { get; set; }

    public long Broken { get; set; }

    public long Disconnected { get; set; }

    public long Grafted { get; set; }

    public long Pruned { get; set; }
}
