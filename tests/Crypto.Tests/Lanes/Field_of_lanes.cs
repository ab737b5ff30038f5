using System.Numerics;
using LuxTensor.Crypto;
using LuxTensor.Crypto.Lanes;

namespace LuxTensor.Tests.Crypto.Lanes;

/// <summary>The field in doubles against big integers, at and within the bounds that its comments state, lane by lane.</summary>
public sealed unsafe class Field_of_lanes
{
    private const double Reduced = (1L << 50) + (1L << 13);
    private const double Settled = (1L << 50) + (1L << 6);
    private const double Sum = (1L << 51) + (1L << 14);

    [SkippableFact]
    public void Four_lanes_compute_in_the_field_up_to_their_bounds() => All<Lanes4>();

    [SkippableFact]
    public void Eight_lanes_compute_in_the_field_up_to_their_bounds() => All<Lanes8>();

    [Fact]
    public void Scalar_elements_compute_in_the_field() => Seeded.Run(300, random =>
    {
        var (a, b) = (Number(random), Number(random));
        var (x, y) = (Element(a), Element(b));
        Assert.Equal(a * b % EdwardsPoint.Prime, Value(x * y));
        Assert.Equal((a + b) % EdwardsPoint.Prime, Value(x + y));
        Assert.Equal(EdwardsPoint.Mod(a - b), Value(x - y));
        Assert.Equal(EdwardsPoint.Mod((a - b) * (a + b) * a), Value((x - y) * (x + y) * x));
        Assert.Equal(EdwardsPoint.Inverse(a), Value(x.Inverse()));
        Assert.Equal((a % EdwardsPoint.Prime).IsEven, !x.IsOdd);
        Span<double> limbs = stackalloc double[5];
        x.WriteSigned(limbs);
        Assert.All(limbs.ToArray(), limb => Assert.InRange(double.Abs(limb), 0, Settled));
        Assert.Equal(a % EdwardsPoint.Prime, EdwardsPoint.Mod(Value(limbs)));
        Assert.Equal(a % EdwardsPoint.Prime, Value(FieldElement.OfSigned(limbs[0], limbs[1], limbs[2], limbs[3], limbs[4])));
    });

    private static void All<V>()
        where V : unmanaged, ILanes<V>
    {
        Skip.IfNot(Lanes4.IsHardware, "without AVX2 and FMA the lanes are not used");
        Seeded.Run(400, random =>
        {
            Element<V> a, b, c;
            Fill(&a, random, 1.9 * (1L << 51));
            Fill(&b, random, Reduced);
            Element<V>.Multiply(&c, &a, &b);
            Expect(Values(&a).Zip(Values(&b), (x, y) => x * y), &c, Reduced);

            Fill(&a, random, Reduced);
            Element<V>.Square(&c, &a);
            Expect(Values(&a).Select(x => x * x), &c, Reduced);

            Element<V>.Add(&c, &a, &b);
            Expect(Values(&a).Zip(Values(&b), (x, y) => x + y), &c, Sum);
            Element<V>.Subtract(&c, &a, &b);
            Expect(Values(&a).Zip(Values(&b), (x, y) => x - y), &c, Sum);

            Fill(&a, random, 1L << 53);
            c = a;
            Element<V>.Settle(&c);
            Expect(Values(&a), &c, Settled + 76);
            Fill(&a, random, Sum);
            c = a;
            Element<V>.Settle(&c);
            Expect(Values(&a), &c, Settled);
        });

        Seeded.Run(10, random =>
        {
            Element<V> a, c;
            Fill(&a, random, Reduced);
            var scratch = stackalloc Element<V>[Element<V>.InvertScratch];
            Element<V>.Invert(&c, &a, scratch);
            Expect(Values(&a).Select(x => EdwardsPoint.Inverse(EdwardsPoint.Mod(x))), &c, Reduced);
        });
    }

    /// <summary>Whole limbs: at the bound, near a multiple of 2^50, at zero, or anywhere between.</summary>
    private static void Fill<V>(Element<V>* element, Random random, double bound)
        where V : unmanaged, ILanes<V>
    {
        for (var i = 0; i < 5 * V.Count; i++)
        {
            var limb = random.Next(4) switch
            {
                0 => bound,
                1 => double.Min(bound, (random.Next(1, 3) * (double)(1L << 50)) + random.Next(-2, 3)),
                2 => random.Next(3),
                _ => random.NextDouble() * bound,
            };
            ((double*)element)[i] = double.Floor(limb) * (random.Next(2) == 0 ? 1 : -1);
        }
    }

    private static void Expect<V>(IEnumerable<BigInteger> values, Element<V>* result, double bound)
        where V : unmanaged, ILanes<V>
    {
        Assert.Equal(values.Select(EdwardsPoint.Mod), Values(result).Select(EdwardsPoint.Mod));
        Assert.InRange(new Span<double>(result, 5 * V.Count).ToArray().Max(double.Abs), 0, bound);
    }

    /// <summary>The value of each lane.</summary>
    private static BigInteger[] Values<V>(Element<V>* element)
        where V : unmanaged, ILanes<V>
    {
        var values = new BigInteger[V.Count];
        for (var i = (5 * V.Count) - 1; i >= 0; i--)
        {
            values[i % V.Count] = (values[i % V.Count] << 51) + new BigInteger(((double*)element)[i]);
        }

        return values;
    }

    private static BigInteger Value(ReadOnlySpan<double> limbs)
    {
        var value = BigInteger.Zero;
        for (var limb = 4; limb >= 0; limb--)
        {
            value = (value << 51) + new BigInteger(limbs[limb]);
        }

        return value;
    }

    private static BigInteger Value(FieldElement element)
    {
        var canonical = element.Canonical();
        var value = ((((((BigInteger)canonical.W3 << 64) + canonical.W2) << 64) + canonical.W1) << 64) + canonical.W0;
        Assert.True(value < EdwardsPoint.Prime);
        return value;
    }

    private static FieldElement Element(BigInteger value)
    {
        var bytes = new byte[32];
        Assert.True(value.TryWriteBytes(bytes, out _, isUnsigned: true));
        return FieldElement.Read(bytes);
    }

    /// <summary>Below 2^255: anything, or close to zero, the prime or a limb's end.</summary>
    private static BigInteger Number(Random random) => random.Next(4) switch
    {
        0 => EdwardsPoint.Prime - 20 + random.Next(39),
        1 => BigInteger.Pow(2, 51 * random.Next(1, 5)) - random.Next(3),
        2 => random.Next(20),
        _ => new BigInteger(random.Bytes(32), isUnsigned: true) % BigInteger.Pow(2, 255),
    };
}
