using LuxTensor.Crypto;

namespace LuxTensor.Engine.Caching;

/// <summary>
/// Remembers digests seen lately, in two generations of fixed size: when the younger is full it becomes the older, and the
/// older is forgotten. "Seen" saves work and nothing else: a digest may be forgotten at any time, so a duplicate may pass
/// as new, and whoever must not act twice has to know so from its own state. A digest never added is never called seen.
/// Memory is taken once, at construction. Thread-safe; O(1).
/// </summary>
public sealed class SeenFilter
{
    private const int MaxProbes = 32; // a chooser of digests can make a run of neighbours long, and gains a forgotten digest by it

    private readonly Lock gate = new();
    private readonly int salt = Random.Shared.Next();
    private Hash256[] younger, older; // open addressing; zero is a free place
    private int used;

    /// <summary>Takes at most so many bytes, and at least 4 KiB.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 4 KiB.</exception>
    public SeenFilter(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 4096);
        var places = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(bytes / (2 * Hash256.Size)) + 1) / 2;
        (younger, older) = (new Hash256[places], new Hash256[places]);
    }

    /// <summary>Bytes of the two generations.</summary>
    public int Bytes => 2 * Hash256.Size * younger.Length;

    /// <summary>At least so many of the digests added last are remembered, unless their places collide.</summary>
    public int Generation => younger.Length / 2;

    /// <summary>Remembers a digest. True where it is new, as far as the filter remembers; the zero digest always is.</summary>
    public bool Add(Hash256 digest)
    {
        lock (gate)
        {
            if (digest.IsZero || Find(younger, digest))
            {
                return digest.IsZero;
            }

            var isNew = !Find(older, digest);
            if (used >= Generation)
            {
                (older, younger) = (younger, older);
                Array.Clear(younger);
                used = 0;
            }

            Store(digest); // also where the older generation has it: what is seen again stays
            return isNew;
        }
    }

    /// <summary>Whether a digest was added and is remembered.</summary>
    public bool Contains(Hash256 digest)
    {
        lock (gate)
        {
            return !digest.IsZero && (Find(younger, digest) || Find(older, digest));
        }
    }

    private void Store(Hash256 digest)
    {
        for (var probe = 0; probe < MaxProbes; probe++)
        {
            ref var place = ref younger[PlaceOf(digest, probe)];
            if (place.IsZero)
            {
                place = digest;
                used++;
                return;
            }
        }
    }

    private bool Find(Hash256[] generation, Hash256 digest)
    {
        for (var probe = 0; probe < MaxProbes; probe++)
        {
            var there = generation[PlaceOf(digest, probe)];
            if (there.IsZero || there == digest)
            {
                return there == digest;
            }
        }

        return false;
    }

    private int PlaceOf(Hash256 digest, int probe) =>
        (HashCode.Combine(digest, salt) + probe) & (younger.Length - 1);
}
