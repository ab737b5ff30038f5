namespace LuxTensor.Network;

/// <summary>The ids of the messages taken lately and what became of them. Bounded by time and number; the oldest leaves first.</summary>
internal sealed class SeenMessages(int most, TimeSpan ttl)
{
    private readonly Dictionary<MessageId, Entry> entries = [];
    private readonly Queue<(MessageId Id, TimeSpan At)> order = new();

    public int Count => entries.Count;

    /// <summary>Entries in the order of arrival, which is what takes memory: those forgotten since stand in it until their time.</summary>
    public int Queued => order.Count;

    public bool Contains(MessageId id) => entries.ContainsKey(id);

    public bool TryGet(MessageId id, out Entry entry) => entries.TryGetValue(id, out entry);

    public void Add(MessageId id, TimeSpan now)
    {
        while (order.Count >= most)
        {
            RemoveOldest();
        }

        entries[id] = new Entry(now, null, default);
        order.Enqueue((id, now));
    }

    public void Judge(MessageId id, GossipVerdict verdict, TimeSpan now)
    {
        if (entries.TryGetValue(id, out var entry))
        {
            entries[id] = entry with { Verdict = verdict, JudgedAt = now };
        }
    }

    public void Forget(MessageId id) => entries.Remove(id);

    public void Expire(TimeSpan now)
    {
        while (order.TryPeek(out var oldest) && now - oldest.At >= ttl)
        {
            RemoveOldest();
        }
    }

    private void RemoveOldest()
    {
        var (id, at) = order.Dequeue();
        if (entries.TryGetValue(id, out var entry) && entry.At == at)
        {
            entries.Remove(id);
        }
    }

    /// <summary>A message taken.</summary>
    /// <param name="At">When it came.</param>
    /// <param name="Verdict">What the application said; null as long as it did not.</param>
    /// <param name="JudgedAt">When it said so.</param>
    internal readonly record struct Entry(TimeSpan At, GossipVerdict? Verdict, TimeSpan JudgedAt);
}
