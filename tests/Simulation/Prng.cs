namespace LuxTensor.Tests.Simulation;

/// <summary>
/// xoshiro256** seeded by splitmix64: integers only, the same on every platform and runtime. Streams split by label depend
/// on the seed alone, so that switching one kind of fault off leaves the draws of the others as they were.
/// </summary>
internal sealed class Prng
{
    private readonly ulong origin;
    private ulong s0, s1, s2, s3;

    public Prng(ulong seed)
    {
        origin = seed;
        s0 = Mix(ref seed);
        s1 = Mix(ref seed);
        s2 = Mix(ref seed);
        s3 = Mix(ref seed);
    }

    public Prng Split(string label)
    {
        var seed = origin;
        foreach (var letter in label)
        {
            seed = Mix(ref seed) ^ letter;
        }

        return new Prng(Mix(ref seed));
    }

    public ulong Next()
    {
        var result = ulong.RotateLeft(s1 * 5, 7) * 9;
        var t = s1 << 17;
        s2 ^= s0;
        s3 ^= s1;
        s1 ^= s2;
        s0 ^= s3;
        s2 ^= t;
        s3 = ulong.RotateLeft(s3, 45);
        return result;
    }

    /// <summary>0 to <paramref name="bound"/> - 1; the bias of 2^-32 is the same everywhere.</summary>
    public int Below(int bound) => (int)(((UInt128)Next() * (uint)bound) >> 64);

    /// <summary>Both ends included.</summary>
    public ulong Between(ulong low, ulong high) => low + (ulong)(((UInt128)Next() * (high - low + 1)) >> 64);

    public bool Chance(int perMille) => perMille > 0 && Below(1000) < perMille;

    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    public void Shuffle<T>(IList<T> items)
    {
        for (var i = items.Count - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    private static ulong Mix(ref ulong state)
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
