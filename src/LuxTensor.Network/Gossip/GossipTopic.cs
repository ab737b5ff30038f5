using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>A topic that this node subscribed to or published in.</summary>
internal sealed class GossipTopic(string name)
{
    public string Name { get; } = name;

    public bool IsSubscribed { get; set; }

    /// <summary>The peers that are subscribed.</summary>
    public HashSet<GossipPeer> Peers { get; } = [];

    /// <summary>The peers that get every message; empty where this node is not subscribed.</summary>
    public List<GossipPeer> Mesh { get; } = [];

    /// <summary>The peers that get own messages where this node is not subscribed and does not flood.</summary>
    public List<GossipPeer> Fanout { get; } = [];

    public TimeSpan LastPublished { get; set; }

    public Backoffs Backoffs { get; } = new();
}

/// <summary>Until when which peer is not to be grafted. Kept over a peer's leaving; bounded, the oldest leaves first.</summary>
internal sealed class Backoffs
{
    private readonly Dictionary<PeerId, Entry> entries = [];

    public int Count => entries.Count;

    /// <summary>Whether a graft of the peer comes too early.</summary>
    public bool IsActive(PeerId peer, TimeSpan now) => entries.TryGetValue(peer, out var entry) && now < entry.Until;

    /// <summary>Whether this node may graft the peer.</summary>
    public bool Allows(PeerId peer, TimeSpan now, TimeSpan slack) => !entries.TryGetValue(peer, out var entry) || now >= entry.Until + slack;

    public TimeSpan? PrunedAt(PeerId peer) => entries.TryGetValue(peer, out var entry) ? entry.At : null;

    /// <summary>A backoff is never made shorter.</summary>
    public void Add(PeerId peer, TimeSpan now, TimeSpan backoff, int most)
    {
        if (entries.TryGetValue(peer, out var entry))
        {
            entries[peer] = new Entry(now, entry.Until > now + backoff ? entry.Until : now + backoff);
            return;
        }

        if (entries.Count >= most)
        {
            entries.Remove(entries.MinBy(known => known.Value.At).Key);
        }

        entries.Add(peer, new Entry(now, now + backoff));
    }

    public void Expire(TimeSpan now, TimeSpan slack)
    {
        foreach (var (peer, entry) in entries)
        {
            if (now >= entry.Until + slack)
            {
                entries.Remove(peer);
            }
        }
    }

    private readonly record struct Entry(TimeSpan At, TimeSpan Until);
}
