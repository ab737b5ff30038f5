namespace LuxTensor.Rpc;

/// <summary>The newest entries of an endless sequence, which readers poll from where they were. Bounded; adding is O(1) whatever their number.</summary>
internal sealed class Ring<T>(int capacity)
{
    private readonly T[] entries = new T[capacity];
    private long next;

    /// <summary>The number that the next entry will have.</summary>
    public long Next
    {
        get
        {
            lock (entries)
            {
                return next;
            }
        }
    }

    public void Add(T entry)
    {
        lock (entries)
        {
            entries[next++ % capacity] = entry;
        }
    }

    /// <summary>The entries from <paramref name="position"/> on, which moves to the end; null where some of them are gone.</summary>
    public T[]? Take(ref long position)
    {
        lock (entries)
        {
            if (next - position > capacity)
            {
                return null;
            }

            var taken = new T[next - position];
            for (var i = 0; i < taken.Length; i++)
            {
                taken[i] = entries[(position + i) % capacity];
            }

            position = next;
            return taken;
        }
    }
}
