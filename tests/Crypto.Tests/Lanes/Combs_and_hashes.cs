using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using LuxTensor.Crypto;
using LuxTensor.Crypto.Lanes;

namespace LuxTensor.Tests.Crypto.Lanes;

public sealed unsafe class Combs_and_hashes
{
    [Fact]
    public void A_wide_number_is_reduced_modulo_the_order() => Seeded.Run(2000, random =>
    {
        var bytes = random.Bytes(64);
        if (random.Next(3) == 0)
        {
            bytes.AsSpan(random.Next(64)).Fill((byte)(random.Next(2) * 255)); // carries through whole words, or nothing above
        }

        var wide = new ulong[8];
        Buffer.BlockCopy(bytes, 0, wide, 0, 64);
        Assert.Equal(new BigInteger(bytes, isUnsigned: true) % Curve.L, Value(Scalar.Reduce(wide)));
    });

    [Fact]
    public void Multiples_of_the_order_and_their_neighbours_are_reduced()
    {
        foreach (var factor in new[] { 0, 1, 2, 3, 15, 16, BigInteger.Pow(2, 130), (BigInteger.Pow(2, 512) / Curve.L) - 1 })
        {
            for (var near = -1; near <= 1; near++)
            {
                var value = BigInteger.Max(0, (factor * Curve.L) + near);
                var bytes = new byte[64];
                Assert.True(value.TryWriteBytes(bytes, out _, isUnsigned: true));
                var wide = new ulong[8];
                Buffer.BlockCopy(bytes, 0, wide, 0, 64);
                Assert.Equal(value % Curve.L, Value(Scalar.Reduce(wide)));
            }
        }
    }

    [Fact]
    public void The_bits_of_a_recoded_scalar_read_as_plus_and_minus_are_the_scalar() => Seeded.Run(500, random =>
    {
        var k = random.Next(4) == 0 ? EdwardsPoint.Mod(random.Next(3)) + (random.Next(2) * (Curve.L - 3)) : Curve.Scalar(random);
        foreach (var shape in new[] { CombShape.OfKey, CombShape.OfBase })
        {
            var recoded = shape.Recode(Scalar.Of(k));
            var ones = Value(recoded);
            Assert.True(ones < BigInteger.Pow(2, shape.Bits));
            var sum = ones - (BigInteger.Pow(2, shape.Bits) - 1 - ones); // each bit that is not one counts as minus
            Assert.Equal(k, ((sum % Curve.L) + Curve.L) % Curve.L);
        }
    });

    [Fact]
    public void Bits_are_cut_out_across_words() => Seeded.Run(200, random =>
    {
        var bytes = random.Bytes(32);
        var (from, count) = (random.Next(256), random.Next(1, 64));
        var expected = (new BigInteger(bytes, isUnsigned: true) >> from) & (BigInteger.Pow(2, count) - 1);
        Assert.Equal(expected, Scalar.Read(bytes).Bits(from, count));
    });

    [Fact]
    public void An_entry_of_a_table_is_its_combination_of_the_teeth() => Seeded.Run(30, random =>
    {
        var shape = random.Next(2) == 0 ? CombShape.OfKey : CombShape.OfBase;
        var point = shape == CombShape.OfKey ? Curve.B.Multiply(Curve.Scalar(random)) : Curve.B;
        var table = shape == CombShape.OfKey ? CombTable.OfKey(new PublicKey(Curve.Encode(Curve.Negate(point))))! : CombTable.Base;
        var (block, index) = (random.Next(shape.Blocks), random.Next(1 << (shape.Teeth - 1)));
        BigInteger factor = 0;
        for (var tooth = 0; tooth < shape.Teeth; tooth++)
        {
            var isPlus = tooth == shape.Teeth - 1 || ((index >> tooth) & 1) == 1;
            factor += (isPlus ? 1 : -1) * BigInteger.Pow(2, (tooth * shape.Columns) + (block * shape.Depth));
        }

        var expected = point.Multiply(((factor % Curve.L) + Curve.L) % Curve.L);
        var inverse = EdwardsPoint.Inverse(expected.Z);
        var (x, y) = (EdwardsPoint.Mod(expected.X * inverse), EdwardsPoint.Mod(expected.Y * inverse));
        var d = EdwardsPoint.Mod(-121665 * EdwardsPoint.Inverse(121666));
        var entry = table.Entries + (((block << (shape.Teeth - 1)) + index) * CombTable.EntryDoubles);
        Assert.Equal(EdwardsPoint.Mod(y + x), EdwardsPoint.Mod(2 * Coordinate(entry, 0)));
        Assert.Equal(EdwardsPoint.Mod(y - x), EdwardsPoint.Mod(2 * Coordinate(entry, 1)));
        Assert.Equal(EdwardsPoint.Mod(d * x * y), EdwardsPoint.Mod(Coordinate(entry, 2)));
        GC.KeepAlive(table);
    });

    [Fact]
    public void A_point_is_decoded_as_the_definition_has_it() => Seeded.Run(200, random =>
    {
        var bytes = random.Bytes(32);
        var expected = EdwardsPoint.Decode(bytes);
        var decoded = CurvePoint.Decode(bytes);
        Assert.Equal(expected is null, decoded is null);
        if (expected is { } point)
        {
            Assert.Equal(Scalar.Of(point.X), decoded!.Value.X.Canonical());
            Assert.Equal(Scalar.Of(point.Y), decoded.Value.Y.Canonical());
        }
    });

    [Fact]
    public void The_constants_are_the_standards()
    {
        Assert.Equal(0x6a09e667f3bcc908UL, Sha512Constants.Initial[0]);
        Assert.Equal(0x5be0cd19137e2179UL, Sha512Constants.Initial[7]);
        Assert.Equal(0x428a2f98d728ae22UL, Sha512Constants.Round[0]);
        Assert.Equal(0x6c44198c4a475817UL, Sha512Constants.Round[79]);
    }

    [SkippableFact]
    public void Four_lanes_hash_messages_of_every_length() => HashAll<Lanes4>();

    [SkippableFact]
    public void Eight_lanes_hash_messages_of_every_length() => HashAll<Lanes8>();

    private static void HashAll<V>()
        where V : unmanaged, ILanes<V>
    {
        Skip.IfNot(Lanes4.IsHardware, "without AVX2 and FMA the lanes are not used");
        var next = 0;
        Seeded.Run(301, random =>
        {
            var first = next++;
            var messages = new byte[V.Count][];
            var buffers = new byte[V.Count][];
            var pointers = stackalloc double*[V.Count];
            var blocks = new int[V.Count];
            for (var lane = 0; lane < V.Count; lane++)
            {
                messages[lane] = random.Bytes(lane == 0 ? first : random.Next(301));
                buffers[lane] = GC.AllocateArray<byte>(512, pinned: true);
                Array.Fill(buffers[lane], (byte)0xaa); // what an earlier message left
                messages[lane].CopyTo(buffers[lane], 0);
                blocks[lane] = Sha512Padding.Pad(buffers[lane], messages[lane].Length);
                fixed (byte* pointer = buffers[lane])
                {
                    pointers[lane] = (double*)pointer;
                }
            }

            var digests = new ulong[8 * V.Count];
            var scratch = stackalloc V[Sha512Lanes<V>.Words];
            fixed (ulong* words = digests)
            {
                Sha512Lanes<V>.Hash(pointers, blocks, words, scratch);
            }

            for (var lane = 0; lane < V.Count; lane++)
            {
                var digest = new byte[64];
                for (var word = 0; word < 8; word++)
                {
                    BinaryPrimitives.WriteUInt64BigEndian(digest.AsSpan(8 * word), digests[(word * V.Count) + lane]);
                }

                Assert.Equal(Convert.ToHexString(SHA512.HashData(messages[lane])), Convert.ToHexString(digest));
            }

            GC.KeepAlive(buffers);
        });
    }

    private static BigInteger Coordinate(double* entry, int coordinate)
    {
        var value = new BigInteger(entry[12 + coordinate]);
        for (var limb = 3; limb >= 0; limb--)
        {
            value = (value << 51) + new BigInteger(entry[(4 * coordinate) + limb]);
        }

        return value;
    }

    private static BigInteger Value(Scalar scalar) =>
        ((((((BigInteger)scalar.W3 << 64) + scalar.W2) << 64) + scalar.W1) << 64) + scalar.W0;
}
