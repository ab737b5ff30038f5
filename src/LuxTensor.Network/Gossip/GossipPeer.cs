using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>What the router knows of a connected peer. Every collection is bounded by <see cref="GossipParameters"/>.</summary>
internal sealed class GossipPeer(PeerId id, GossipVersion version, bool isOutbound, string address, PeerScore score)
{
    private readonly HashSet<MessageId> copies = []; // since the last heartbeat
    private int repeats;
    private HashSet<MessageId> dontWants = [];
    private HashSet<MessageId> olderDontWants = [];

    public PeerId Id { get; } = id;

    public GossipVersion Version { get; } = version;

    public bool IsOutbound { get; } = isOutbound;

    public string Address { get; } = address;

    public PeerScore Score { get; } = score;

    public HashSet<string> Topics { get; } = [];

    /// <summary>What is to be sent at the end of the step.</summary>
    public Outgoing Outgoing { get; } = new();

    // Messages this peer was the first to send that wait for a verdict.
    public int PendingMessages { get; set; }

    public long PendingBytes { get; set; }

    // Since the last heartbeat.
    public int HaveMessages { get; set; }

    public int AskedIds { get; set; }

    public int WantedIds { get; set; }

    public long WantedBytes { get; set; }

    public int ControlIds { get; set; }

    public bool BrokePromise { get; set; }

    public bool IsFlooding { get; set; }

    /// <summary>Frames that were not listened to.</summary>
    public int GraylistedFrames { get; set; }

    /// <summary>Whether it was said once that the peer is to be disconnected.</summary>
    public bool IsCondemned { get; set; }

    /// <summary>Messages that the peer asked to be spared, at most those of two heartbeats.</summary>
    public int DontWantCount => dontWants.Count + olderDontWants.Count;

    public bool DontWants(MessageId id) => dontWants.Contains(id) || olderDontWants.Contains(id);

    public void AddDontWant(MessageId id, int most)
    {
        if (dontWants.Count < most)
        {
            dontWants.Add(id);
        }
    }

    /// <summary>Counts a copy of a message that was seen; true each time that so many were copies of what this peer said itself.</summary>
    public bool Repeats(MessageId id, int most)
    {
        if (copies.Count < most ? copies.Add(id) : !copies.Contains(id))
        {
            return false; // it may be the first time that this peer says it
        }

        return ++repeats % most == 0;
    }

    public void Heartbeat()
    {
        repeats = 0;
        copies.Clear();
        (HaveMessages, AskedIds, WantedIds, WantedBytes, ControlIds) = (0, 0, 0, 0, 0);
        (BrokePromise, IsFlooding) = (false, false);
        (dontWants, olderDontWants) = (olderDontWants, dontWants);
        dontWants.Clear();
    }
}

/// <summary>Subscriptions and control for one peer, gathered during a step.</summary>
internal sealed class Outgoing
{
    public List<Subscription> Subscriptions { get; } = [];

    public List<Have> Haves { get; } = [];

    public List<MessageId> Wants { get; } = [];

    public List<string> Grafts { get; } = [];

    public List<Prune> Prunes { get; } = [];

    public List<MessageId> DontWants { get; } = [];

    public bool IsEmpty => Subscriptions.Count + Haves.Count + Wants.Count + Grafts.Count + Prunes.Count + DontWants.Count == 0;

    /// <summary>The frames, emptied here: one, unless what is told of would make it too long.</summary>
    public IEnumerable<Rpc> Take(int idsPerFrame)
    {
        var (from, ids) = (0, Wants.Count + DontWants.Count);
        var first = new Rpc
        {
            Subscriptions = [.. Subscriptions],
            Wants = [.. Wants],
            Grafts = [.. Grafts],
            Prunes = [.. Prunes],
            DontWants = [.. DontWants],
        };
        var rpc = first;
        for (var i = 0; i < Haves.Count; i++)
        {
            if (ids > 0 && ids + Haves[i].Ids.Length > idsPerFrame)
            {
                yield return rpc with { Haves = [.. Haves[from..i]] };
                (rpc, from, ids) = (new Rpc(), i, 0);
            }

            ids += Haves[i].Ids.Length;
        }

        yield return rpc with { Haves = [.. Haves[from..]] };
        Subscriptions.Clear();
        Haves.Clear();
        Wants.Clear();
        Grafts.Clear();
        Prunes.Clear();
        DontWants.Clear();
    }
}
