namespace LuxTensor.Network;

/// <summary>Bytes that may be held at once by many holders together. Thread-safe.</summary>
internal sealed class BufferBudget(long most)
{
    private long held;

    /// <summary>What is held now.</summary>
    internal long Held => Volatile.Read(ref held);

    /// <summary>Takes part of the budget; false, and nothing taken, where it does not suffice.</summary>
    internal bool TryTake(long count)
    {
        if (Interlocked.Add(ref held, count) <= most)
        {
            return true;
        }

        Interlocked.Add(ref held, -count);
        return false;
    }

    /// <summary>Gives back what was taken.</summary>
    internal void Return(long count) => Interlocked.Add(ref held, -count);
}
