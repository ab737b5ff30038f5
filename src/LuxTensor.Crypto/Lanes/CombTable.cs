using System.Numerics;

namespace LuxTensor.Crypto.Lanes;

/// <summary>
/// How multiples of a point are tabled (Lim and Lee, "More Flexible Exponentiation with Precomputation", 1994). A scalar c is written in
/// <paramref name="Teeth"/> rows of <paramref name="Columns"/> bits; one look-up adds what a column's bits stand for, a bit 1 as plus and a bit 0
/// as minus, so that no column is empty and half of the entries are opposites of the others. Columns are doubled along in blocks of
/// <paramref name="Depth"/>.
/// </summary>
internal sealed record CombShape(int Teeth, int Columns, int Depth)
{
    /// <summary>A validator's key: 37 additions and 9 doublings from 256 entries, 32 KiB.</summary>
    internal static readonly CombShape OfKey = new(7, 37, 10);

    /// <summary>The base point: 23 additions from 3,072 entries, 384 KiB, in step with the doublings for the key.</summary>
    internal static readonly CombShape OfBase = new(11, 23, 10);

    /// <summary>Bits of the scalars that the comb covers.</summary>
    internal int Bits => Teeth * Columns;

    internal int Blocks => (Columns + Depth - 1) / Depth;

    internal int Entries => Blocks << (Teeth - 1);

    /// <summary>
    /// What <see cref="Recode"/> adds: with c = (k + 2^n - 1)/2, the sum of (2·bit - 1)·2^i over all n bits of c is 2c - (2^n - 1) = k modulo L.
    /// </summary>
    private Scalar Offset { get; } = Scalar.Of((BigInteger.Pow(2, Teeth * Columns) - 1) % EdwardsPoint.Order);

    /// <summary>The scalar whose bits, read as plus and minus, are k modulo L.</summary>
    internal Scalar Recode(in Scalar k) => k.HalfOfSumWith(Offset);
}

/// <summary>
/// Multiples of one point. An entry is 128 bytes, two cache lines: four limbs each of (y + x)/2, (y - x)/2 and dxy, then the fifth limbs of the
/// three, and a zero. Limbs are settled (see <see cref="Element{V}"/>).
/// </summary>
internal sealed unsafe class CombTable
{
    internal const int EntryDoubles = 16;
    internal const int EntryBytes = EntryDoubles * sizeof(double);

    private readonly double[] storage; // pinned, so that the address of an entry stays

    private CombTable(CombShape shape)
    {
        Shape = shape;
        storage = GC.AllocateArray<double>((shape.Entries * EntryDoubles) + 8, pinned: true);
        var start = (nuint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref storage[0]);
        Entries = (double*)((start + 63) & ~(nuint)63);
    }

    /// <summary>The table of the base point.</summary>
    internal static CombTable Base { get; } = Build(CurvePoint.Base, CombShape.OfBase);

    internal CombShape Shape { get; }

    /// <summary>The first entry; valid as long as the table is referenced.</summary>
    internal double* Entries { get; }

    /// <summary>Bytes that a table of the shape takes.</summary>
    internal static int BytesOf(CombShape shape) => (shape.Entries * EntryBytes) + 64;

    /// <summary>The table of -A for an encoded key that is admissible (which is the caller's check); null where it is no point at all.</summary>
    internal static CombTable? OfKey(PublicKey key)
    {
        Span<byte> bytes = stackalloc byte[PublicKey.Size];
        key.CopyTo(bytes);
        return CurvePoint.Decode(bytes) is { } point ? Build(point.Opposite, CombShape.OfKey) : null;
    }

    internal static CombTable Build(in CurvePoint point, CombShape shape)
    {
        var points = new CurvePoint[shape.Entries];
        var teeth = Teeth(point, shape);
        var half = 1 << (shape.Teeth - 1);
        for (var block = 0; block < shape.Blocks; block++)
        {
            // The last tooth counts as plus; entry 0 takes all others as minus, and each of its bits that is set turns one: twice that tooth.
            var row = teeth.AsSpan(block * shape.Teeth, shape.Teeth);
            var entries = points.AsSpan(block * half, half);
            entries[0] = row[^1];
            for (var tooth = 0; tooth < shape.Teeth - 1; tooth++)
            {
                entries[0] = CurvePoint.Add(entries[0], row[tooth].Opposite);
            }

            for (var tooth = 0; tooth < shape.Teeth - 1; tooth++)
            {
                var twice = CurvePoint.Double(row[tooth]);
                for (var i = 0; i < 1 << tooth; i++)
                {
                    entries[(1 << tooth) + i] = CurvePoint.Add(entries[i], twice);
                }
            }
        }

        var table = new CombTable(shape);
        table.Write(points);
        return table;
    }

    /// <summary>2^(column of the tooth)·point, for each block the teeth in order.</summary>
    private static CurvePoint[] Teeth(in CurvePoint point, CombShape shape)
    {
        var teeth = new CurvePoint[shape.Blocks * shape.Teeth];
        var last = ((shape.Teeth - 1) * shape.Columns) + ((shape.Blocks - 1) * shape.Depth);
        var multiple = point;
        for (var exponent = 0; exponent <= last; exponent++)
        {
            var (tooth, column) = (exponent / shape.Columns, exponent % shape.Columns);
            if (column % shape.Depth == 0)
            {
                teeth[(column / shape.Depth * shape.Teeth) + tooth] = multiple;
            }

            multiple = CurvePoint.Double(multiple);
        }

        return teeth;
    }

    /// <summary>Divides by Z, with one inversion for all (Montgomery's trick).</summary>
    private void Write(ReadOnlySpan<CurvePoint> points)
    {
        var products = new FieldElement[points.Length];
        var product = FieldElement.One;
        for (var i = 0; i < points.Length; i++)
        {
            products[i] = product;
            product *= points[i].Z;
        }

        var two = FieldElement.One + FieldElement.One;
        var four = two + two;
        var inverse = product.Inverse();
        var half = two.Inverse();
        Span<double> limbs = stackalloc double[5];
        for (var i = points.Length - 1; i >= 0; i--)
        {
            ref readonly var p = ref points[i];
            var halfOfInverse = inverse * products[i] * half;
            inverse *= p.Z;
            var (x, y) = (p.X * halfOfInverse, p.Y * halfOfInverse); // half of each
            ReadOnlySpan<FieldElement> coordinates = [y + x, y - x, x * y * CurvePoint.D * four];
            var entry = Entries + (i * EntryDoubles);
            for (var c = 0; c < 3; c++)
            {
                coordinates[c].WriteSigned(limbs);
                limbs[..4].CopyTo(new Span<double>(entry + (4 * c), 4));
                entry[12 + c] = limbs[4];
            }
        }
    }
}
