using System.Security.Cryptography;

namespace LuxTensor.Crypto.Lanes;

/// <summary>The method of <see cref="LaneEngine{V}"/>, one signature after the other, for processors without its instructions.</summary>
internal sealed unsafe class ScalarEngine : EquationEngine
{
    private const int Chunk = 128; // signatures that share an inversion

    internal override SignatureEngineKind Kind => SignatureEngineKind.Scalar;

    internal override bool IsHardware => true;

    internal override void Check(ReadOnlySpan<Claim> claims, Span<bool> holds)
    {
        var points = new CurvePoint[int.Min(Chunk, claims.Length)];
        var products = new FieldElement[points.Length];
        for (var from = 0; from < claims.Length; from += Chunk)
        {
            var count = int.Min(Chunk, claims.Length - from);
            CheckChunk(claims.Slice(from, count), holds.Slice(from, count), points, products);
        }
    }

    private static void CheckChunk(ReadOnlySpan<Claim> claims, Span<bool> holds, CurvePoint[] points, FieldElement[] products)
    {
        Span<byte> r = stackalloc byte[Signature.Size];
        var product = FieldElement.One;
        for (var i = 0; i < claims.Length; i++)
        {
            points[i] = Combine(claims[i]);
            products[i] = product;
            product *= points[i].Z;
        }

        var inverse = product.Inverse();
        for (var i = claims.Length - 1; i >= 0; i--)
        {
            var ofZ = inverse * products[i];
            inverse *= points[i].Z;
            var y = (points[i].Y * ofZ).Canonical();
            var isOdd = (points[i].X * ofZ).IsOdd;
            claims[i].Signed.Signature.CopyTo(r);
            holds[i] = Scalar.Read(r) == y with { W3 = y.W3 | (isOdd ? 1UL << 63 : 0) };
        }
    }

    /// <summary>S·B - k·A.</summary>
    private static CurvePoint Combine(in Claim claim)
    {
        var message = claim.Signed.Message.Span;
        Span<byte> hashed = stackalloc byte[Signature.Size + LongestMessage];
        Span<byte> digest = stackalloc byte[64];
        claim.Signed.Signature.CopyTo(hashed); // R and S, and over S the key
        var s = Scalar.Read(hashed[32..]);
        claim.Signed.Key.CopyTo(hashed[32..]);
        message.CopyTo(hashed[64..]);
        SHA512.HashData(hashed[..(64 + message.Length)], digest);
        Span<ulong> wide = stackalloc ulong[8];
        for (var i = 0; i < 8; i++)
        {
            wide[i] = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(digest[(8 * i)..]);
        }

        var (shapeOfA, shapeOfB) = (CombShape.OfKey, CombShape.OfBase);
        var k = shapeOfA.Recode(Scalar.Reduce(wide));
        s = shapeOfB.Recode(s);
        var sum = CurvePoint.Neutral;
        for (var column = int.Max(shapeOfA.Depth, shapeOfB.Depth) - 1; column >= 0; column--)
        {
            sum = CurvePoint.Double(sum);
            AddColumn(ref sum, claim.Table, k, column);
            AddColumn(ref sum, CombTable.Base, s, column);
        }

        return sum;
    }

    private static void AddColumn(ref CurvePoint sum, CombTable table, in Scalar scalar, int column)
    {
        var shape = table.Shape;
        for (var block = 0; block < shape.Blocks && (block * shape.Depth) + column < shape.Columns && column < shape.Depth; block++)
        {
            var bits = 0UL;
            for (var tooth = 0; tooth < shape.Teeth; tooth++)
            {
                bits |= scalar.Bits((tooth * shape.Columns) + (block * shape.Depth) + column, 1) << tooth;
            }

            var half = 1UL << (shape.Teeth - 1);
            var isOpposite = bits < half;
            var index = (isOpposite ? ~bits : bits) & (half - 1);
            var entry = table.Entries + ((((ulong)block * half) + index) * CombTable.EntryDoubles);
            var plus = FieldElement.OfSigned(entry[0], entry[1], entry[2], entry[3], entry[12]);
            var minus = FieldElement.OfSigned(entry[4], entry[5], entry[6], entry[7], entry[13]);
            var product = FieldElement.OfSigned(entry[8], entry[9], entry[10], entry[11], entry[14]);
            sum = isOpposite
                ? CurvePoint.AddEntry(sum, minus, plus, default(FieldElement) - product)
                : CurvePoint.AddEntry(sum, plus, minus, product);
        }

        GC.KeepAlive(table);
    }
}
