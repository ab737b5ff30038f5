using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>The messages of the last heartbeats, for those who missed them. Bounded in number and bytes; the oldest leaves first.</summary>
internal sealed class MessageCache
{
    private const int MaxAskers = 256;

    private readonly GossipParameters rules;
    private readonly Dictionary<MessageId, Entry> entries = [];
    private readonly LinkedList<Queue<WireMessage>> windows = new(); // the newest first

    public MessageCache(GossipParameters rules)
    {
        this.rules = rules;
        windows.AddFirst(new Queue<WireMessage>());
    }

    public int Count => entries.Count;

    public long Bytes { get; private set; }

    public void Put(WireMessage message)
    {
        if (!entries.TryAdd(message.Id, new Entry(message)))
        {
            return;
        }

        windows.First!.Value.Enqueue(message);
        Bytes += message.Frame.Length;
        while (entries.Count > rules.MaxCachedMessages || Bytes > rules.MaxCachedBytes)
        {
            RemoveOldest();
        }
    }

    /// <summary>The message, for a peer that asks; null where it is gone, or the peer had it often enough.</summary>
    public WireMessage? Ask(MessageId id, PeerId peer)
    {
        if (!entries.TryGetValue(id, out var entry))
        {
            return null;
        }

        var askers = entry.Askers ??= [];
        var times = askers.GetValueOrDefault(peer);
        if (times >= rules.MaxRetransmissions || (times == 0 && askers.Count >= MaxAskers))
        {
            return null;
        }

        askers[peer] = times + 1;
        return entry.Message;
    }

    /// <summary>The ids to tell of, by topic.</summary>
    public Dictionary<string, List<MessageId>> Recent()
    {
        var recent = new Dictionary<string, List<MessageId>>();
        foreach (var message in windows.Take(rules.HistoryGossip).SelectMany(window => window))
        {
            if (!recent.TryGetValue(message.Topic, out var ids))
            {
                recent.Add(message.Topic, ids = []);
            }

            ids.Add(message.Id);
        }

        return recent;
    }

    /// <summary>A heartbeat has passed.</summary>
    public void Shift()
    {
        windows.AddFirst(new Queue<WireMessage>());
        while (windows.Count > rules.History)
        {
            foreach (var message in windows.Last!.Value)
            {
                Remove(message);
            }

            windows.RemoveLast();
        }
    }

    private void RemoveOldest()
    {
        var window = windows.Last;
        while (window!.Value.Count == 0)
        {
            window = window.Previous;
        }

        Remove(window.Value.Dequeue());
    }

    private void Remove(WireMessage message)
    {
        entries.Remove(message.Id);
        Bytes -= message.Frame.Length;
    }

    private sealed class Entry(WireMessage message)
    {
        public WireMessage Message { get; } = message;

        public Dictionary<PeerId, int>? Askers { get; set; }
    }
}
