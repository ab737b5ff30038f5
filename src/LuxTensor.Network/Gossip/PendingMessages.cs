using System.Diagnostics.CodeAnalysis;

namespace LuxTensor.Network;

/// <summary>The messages that wait for a verdict, and who sent them. Bounded in number and bytes, in all and for each peer.</summary>
internal sealed class PendingMessages(GossipParameters rules)
{
    private readonly Dictionary<MessageId, LinkedListNode<Pending>> entries = [];
    private readonly LinkedList<Pending> order = new(); // the oldest first

    public int Count => entries.Count;

    public long Bytes { get; private set; }

    public bool TryGet(MessageId id, [NotNullWhen(true)] out Pending? pending)
    {
        pending = entries.TryGetValue(id, out var node) ? node.Value : null;
        return pending is not null;
    }

    public bool HasRoom(GossipPeer peer, int bytes) =>
        entries.Count < rules.MaxPendingMessages
        && Bytes + bytes <= rules.MaxPendingBytes
        && peer.PendingMessages < Math.Max(1, rules.MaxPendingMessages * rules.PendingShareOfPeer)
        && peer.PendingBytes + bytes <= rules.MaxPendingBytes * rules.PendingShareOfPeer;

    public void Add(WireMessage message, GossipPeer peer, TimeSpan now)
    {
        entries.Add(message.Id, order.AddLast(new Pending(message, peer, now)));
        Account(peer, 1, message.Frame.Length);
    }

    public bool Remove(MessageId id, [NotNullWhen(true)] out Pending? pending)
    {
        pending = null;
        if (!entries.Remove(id, out var node))
        {
            return false;
        }

        order.Remove(node);
        pending = node.Value;
        Account(pending.Senders[0], -1, -pending.Message.Frame.Length);
        return true;
    }

    /// <summary>Forgets what got no verdict in time.</summary>
    public void Expire(TimeSpan now)
    {
        while (order.First is { } oldest && now - oldest.Value.At >= rules.ValidationTimeout)
        {
            Remove(oldest.Value.Message.Id, out _);
        }
    }

    private void Account(GossipPeer peer, int messages, int bytes)
    {
        Bytes += bytes;
        peer.PendingMessages += messages;
        peer.PendingBytes += bytes;
    }
}

/// <summary>A message that waits for its verdict.</summary>
internal sealed class Pending(WireMessage message, GossipPeer first, TimeSpan at)
{
    public WireMessage Message { get; } = message;

    /// <summary>When it came.</summary>
    public TimeSpan At { get; } = at;

    /// <summary>Who sent it, the first first; each once.</summary>
    public List<GossipPeer> Senders { get; } = [first];
}
