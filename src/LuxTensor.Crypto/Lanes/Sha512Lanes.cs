using System.Numerics;
using System.Runtime.CompilerServices;

namespace LuxTensor.Crypto.Lanes;

/// <summary>SHA-512 (FIPS 180-4), one message a lane. Messages may differ in length; a lane's digest is taken after its own last block.</summary>
internal static unsafe class Sha512Lanes<V>
    where V : unmanaged, ILanes<V>
{
    /// <summary>Registers of aligned scratch memory that <see cref="Hash"/> takes: the state, and a window of the message schedule.</summary>
    internal const int Words = 8 + 16;

    private const int Rounds = 80;

    /// <summary>
    /// Hashes messages that <see cref="Sha512Padding.Pad"/> has padded. <paramref name="blocks"/> says how many blocks each lane has;
    /// <paramref name="digests"/> gets word i of lane j at [i·lanes + j], as an integer.
    /// </summary>
    internal static void Hash(double** messages, ReadOnlySpan<int> blocks, ulong* digests, V* scratch)
    {
        var (first, last) = (int.MaxValue, 0);
        foreach (var count in blocks)
        {
            first = int.Min(first, count);
            last = int.Max(last, count);
        }

        var state = scratch;
        for (var i = 0; i < 8; i++)
        {
            state[i] = V.OfBits(Sha512Constants.Initial[i]);
        }

        for (var block = 0; block < last; block++)
        {
            Compress(state, scratch + 8, messages, block * (Sha512Padding.BlockBytes / sizeof(double)));
            if (block + 1 >= first)
            {
                Take(state, blocks, block + 1, digests);
            }
        }
    }

    private static void Take(V* state, ReadOnlySpan<int> blocks, int done, ulong* digests)
    {
        for (var lane = 0; lane < V.Count; lane++)
        {
            for (var word = 0; word < 8 && blocks[lane] == done; word++)
            {
                digests[(word * V.Count) + lane] = ((ulong*)state)[(word * V.Count) + lane];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Compress(V* state, V* w, double** messages, int offset)
    {
        for (var i = 0; i < 16; i += 4)
        {
            V.LoadTransposed(messages, offset + i, out var w0, out var w1, out var w2, out var w3);
            w[i] = V.ReverseBytes(w0);
            w[i + 1] = V.ReverseBytes(w1);
            w[i + 2] = V.ReverseBytes(w2);
            w[i + 3] = V.ReverseBytes(w3);
        }

        V a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
        fixed (ulong* k = Sha512Constants.Round)
        {
            for (var t = 0; t < Rounds; t += 8)
            {
                // Eight rounds bring every variable back to its place.
                var at = w + (t & 8);
                Round(a, b, c, ref d, e, f, g, ref h, at[0], k[t]);
                Round(h, a, b, ref c, d, e, f, ref g, at[1], k[t + 1]);
                Round(g, h, a, ref b, c, d, e, ref f, at[2], k[t + 2]);
                Round(f, g, h, ref a, b, c, d, ref e, at[3], k[t + 3]);
                Round(e, f, g, ref h, a, b, c, ref d, at[4], k[t + 4]);
                Round(d, e, f, ref g, h, a, b, ref c, at[5], k[t + 5]);
                Round(c, d, e, ref f, g, h, a, ref b, at[6], k[t + 6]);
                Round(b, c, d, ref e, f, g, h, ref a, at[7], k[t + 7]);
                if (t < Rounds - 16)
                {
                    for (var i = t & 8; i < (t & 8) + 8; i++)
                    {
                        var next = V.Plus(Sigma(w[(i + 1) & 15], 1, 8, 7), Sigma(w[(i + 14) & 15], 19, 61, 6));
                        w[i] = V.Plus(V.Plus(w[i], w[(i + 9) & 15]), next);
                    }
                }
            }
        }

        state[0] = V.Plus(state[0], a);
        state[1] = V.Plus(state[1], b);
        state[2] = V.Plus(state[2], c);
        state[3] = V.Plus(state[3], d);
        state[4] = V.Plus(state[4], e);
        state[5] = V.Plus(state[5], f);
        state[6] = V.Plus(state[6], g);
        state[7] = V.Plus(state[7], h);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(V a, V b, V c, ref V d, V e, V f, V g, ref V h, V w, ulong k)
    {
        var choice = g ^ (e & (f ^ g));
        var first = V.Plus(V.Plus(V.Plus(h, V.OfBits(k)), w), V.Plus(choice, V.RotateRight(e, 14) ^ V.RotateRight(e, 18) ^ V.RotateRight(e, 41)));
        var majority = (a & b) | (c & (a | b));
        d = V.Plus(d, first);
        h = V.Plus(first, V.Plus(majority, V.RotateRight(a, 28) ^ V.RotateRight(a, 34) ^ V.RotateRight(a, 39)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Sigma(V word, int rotateA, int rotateB, int shift) =>
        V.RotateRight(word, rotateA) ^ V.RotateRight(word, rotateB) ^ (word >>> shift);
}

/// <summary>The padding of FIPS 180-4, 5.1.2.</summary>
internal static class Sha512Padding
{
    internal const int BlockBytes = 128;

    /// <summary>Blocks of a message of so many bytes.</summary>
    internal static int Blocks(int length) => (length + 17 + BlockBytes - 1) / BlockBytes;

    /// <summary>Writes what follows the first <paramref name="length"/> bytes of a buffer, and gives its blocks.</summary>
    internal static int Pad(Span<byte> buffer, int length)
    {
        var blocks = Blocks(length);
        var end = blocks * BlockBytes;
        buffer[length..end].Clear();
        buffer[length] = 0x80;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(buffer[(end - 8)..], (ulong)length * 8);
        return blocks;
    }
}

/// <summary>The constants of FIPS 180-4, 4.2.3 and 5.3.5, from their definition: the first 64 bits of the fractions of roots of the first primes.</summary>
internal static class Sha512Constants
{
    /// <summary>Of the cube roots of the first 80 primes.</summary>
    internal static readonly ulong[] Round = [.. Primes().Take(80).Select(prime => Fraction(prime, 3))];

    /// <summary>Of the square roots of the first 8 primes.</summary>
    internal static readonly ulong[] Initial = [.. Primes().Take(8).Select(prime => Fraction(prime, 2))];

    private static IEnumerable<int> Primes() => Enumerable.Range(2, 408).Where(n => Enumerable.Range(2, n - 2).All(divisor => n % divisor != 0));

    /// <summary>The largest r with r^degree at most prime·2^(64·degree), without its whole part, by its bits from the top.</summary>
    private static ulong Fraction(int prime, int degree)
    {
        var power = (BigInteger)prime << (64 * degree);
        var root = BigInteger.Zero;
        for (var bit = 68; bit >= 0; bit--)
        {
            var larger = root | (BigInteger.One << bit);
            root = BigInteger.Pow(larger, degree) <= power ? larger : root;
        }

        return (ulong)(root & ulong.MaxValue);
    }
}
