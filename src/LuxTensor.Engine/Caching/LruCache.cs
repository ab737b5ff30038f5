namespace LuxTensor.Engine.Caching;

/// <summary>
/// Keeps the most recently used values within a number of bytes. The caller says what a value weighs; the cache adds nothing
/// for its own nodes. Every operation is O(1) but for the values that a heavy one drives out. Thread-safe.
/// </summary>
/// <param name="capacity">Most bytes held, by the callers' weights; with 0 nothing is kept.</param>
public sealed class LruCache<TKey, TValue>(long capacity)
    where TKey : notnull
{
    private readonly Lock gate = new();
    private readonly Dictionary<TKey, LinkedListNode<Entry>> entries = [];
    private readonly LinkedList<Entry> order = new(); // most recently used first
    private long weight;

    /// <summary>Most bytes held.</summary>
    public long Capacity { get; } = capacity >= 0 ? capacity : throw new ArgumentOutOfRangeException(nameof(capacity));

    /// <summary>Bytes held, by the callers' weights.</summary>
    public long Weight
    {
        get
        {
            lock (gate)
            {
                return weight;
            }
        }
    }

    /// <summary>Values held.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                return entries.Count;
            }
        }
    }

    /// <summary>Finds a value and makes it the most recently used.</summary>
    public bool TryGet(TKey key, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out TValue value)
    {
        lock (gate)
        {
            if (!entries.TryGetValue(key, out var node))
            {
                value = default;
                return false;
            }

            order.Remove(node);
            order.AddFirst(node);
            value = node.Value.Value;
            return true;
        }
    }

    /// <summary>
    /// Sets a value, makes it the most recently used, and drops the least recently used ones that no longer fit. A value
    /// heavier than the whole cache is not kept, and what the key had before goes too.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The weight is not positive.</exception>
    public void Put(TKey key, TValue value, long weight)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(weight);
        lock (gate)
        {
            if (entries.Remove(key, out var old))
            {
                Unlink(old);
            }

            if (weight > Capacity)
            {
                return;
            }

            while (this.weight > Capacity - weight)
            {
                var last = order.Last!;
                entries.Remove(last.Value.Key);
                Unlink(last);
            }

            entries.Add(key, order.AddFirst(new Entry(key, value, weight)));
            this.weight += weight;
        }
    }

    /// <summary>Forgets a value; says whether there was one.</summary>
    public bool Remove(TKey key)
    {
        lock (gate)
        {
            if (!entries.Remove(key, out var node))
            {
                return false;
            }

            Unlink(node);
            return true;
        }
    }

    private void Unlink(LinkedListNode<Entry> node)
    {
        order.Remove(node);
        weight -= node.Value.Weight;
    }

    private readonly record struct Entry(TKey Key, TValue Value, long Weight);
}
