using System.Runtime.CompilerServices;

namespace LuxTensor.Crypto.Lanes;

/// <summary>One point of edwards25519, (X/Z, Y/Z) with T = XY/Z, for tables and for processors without the lanes' instructions. Public values only.</summary>
internal readonly struct CurvePoint(in FieldElement x, in FieldElement y, in FieldElement z, in FieldElement t)
{
    private static readonly FieldElement RootOfMinusOne = Read("b0a00e4a271beec478e42fad0618432fa7d7fb3d99004d2b0bdfc14f8024832b");

    /// <summary>d = -121665/121666, the curve's constant.</summary>
    internal static readonly FieldElement D = Read("a3785913ca4deb75abd841414d0a700098e879777940c78c73fe6f2bee6c0352");

    private static readonly FieldElement TwiceD = D + D;

    internal static readonly CurvePoint Neutral = new(default, FieldElement.One, FieldElement.One, default);

    /// <summary>The base point B of RFC 8032: y = 4/5, x even.</summary>
    internal static readonly CurvePoint Base = Decode(Convert.FromHexString("58" + string.Concat(Enumerable.Repeat("66", 31))))!.Value;

    internal readonly FieldElement X = x, Y = y, Z = z, T = t;

    internal CurvePoint Opposite => new(default(FieldElement) - X, Y, Z, default(FieldElement) - T);

    /// <summary>Decodes a canonical encoding (which is the caller's check); null where no point has that y.</summary>
    internal static CurvePoint? Decode(ReadOnlySpan<byte> bytes)
    {
        // x² = u/v, u = y² - 1, v = dy² + 1; the candidate is u·v³·(u·v⁷)^((p-5)/8), right up to a factor √-1 (RFC 8032, 5.1.3).
        var y = FieldElement.Read(bytes);
        var square = y * y;
        var u = square - FieldElement.One;
        var v = (square * D) + FieldElement.One;
        var v3 = v * v * v;
        var x = u * v3 * (u * v3 * v3 * v).PowerForRoot();
        var vx2 = v * x * x;
        if (!(vx2 - u).IsZero)
        {
            if (!(vx2 + u).IsZero)
            {
                return null;
            }

            x *= RootOfMinusOne;
        }

        if (x.IsOdd != ((bytes[31] & 0x80) != 0))
        {
            x = default(FieldElement) - x;
        }

        return new CurvePoint(x, y, FieldElement.One, x * y);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static CurvePoint Add(in CurvePoint p, in CurvePoint q)
    {
        var a = (p.Y - p.X) * (q.Y - q.X);
        var b = (p.Y + p.X) * (q.Y + q.X);
        var c = p.T * q.T * TwiceD;
        var d = p.Z * q.Z;
        return Finish(b - a, d + d - c, d + d + c, b + a);
    }

    /// <summary>Adds an entry of a table: (y + x)/2, (y - x)/2 and dxy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static CurvePoint AddEntry(in CurvePoint p, in FieldElement plus, in FieldElement minus, in FieldElement product)
    {
        var a = (p.Y - p.X) * minus;
        var b = (p.Y + p.X) * plus;
        var c = p.T * product;
        return Finish(b - a, p.Z - c, p.Z + c, b + a);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static CurvePoint Double(in CurvePoint p)
    {
        var a = p.X * p.X;
        var b = p.Y * p.Y;
        var c = p.Z * p.Z;
        var e = (p.X + p.X) * p.Y;
        var g = b - a;
        return Finish(e, g - (c + c), g, default(FieldElement) - (a + b));
    }

    private static CurvePoint Finish(in FieldElement e, in FieldElement f, in FieldElement g, in FieldElement h) => new(e * f, g * h, f * g, e * h);

    private static FieldElement Read(string hex) => FieldElement.Read(Convert.FromHexString(hex));
}
