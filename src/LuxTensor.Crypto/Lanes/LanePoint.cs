using System.Runtime.CompilerServices;

namespace LuxTensor.Crypto.Lanes;

/// <summary>
/// A point of edwards25519 a lane, (X/Z, Y/Z) with T = XY/Z, all four reduced. The formulas are those of Hisil, Wong, Carter and Dawson,
/// "Twisted Edwards Curves Revisited" (2008), which on this curve hold for all points, equal, opposite or neutral.
/// </summary>
internal struct LanePoint<V>
    where V : unmanaged, ILanes<V>
{
    internal Element<V> X, Y, Z, T;

    // Between two steps nothing is kept in these; they lie here so that a whole step works on one piece of aligned memory.
    private Element<V> a, b, c, e, f, g, h;
    private Element<V> plus, minus, product;

    /// <summary>The neutral point.</summary>
    internal static unsafe void SetNeutral(LanePoint<V>* point)
    {
        point->X = default;
        point->Y = default;
        point->Z = default;
        point->T = default;
        point->Y.L0 = V.Of(1);
        point->Z.L0 = V.Of(1);
    }

    /// <summary>Adds to each lane the entry at its address (see <see cref="CombTable"/>), or the opposite point where the mask is all ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static unsafe void AddEntry(LanePoint<V>* p, double** entries, V opposite, bool needsT)
    {
        LoadEntry(p, entries, opposite);
        Element<V>.Subtract(&p->a, &p->Y, &p->X);
        Element<V>.Add(&p->b, &p->Y, &p->X);
        Element<V>.Multiply(&p->a, &p->a, &p->minus);   // sum by settled
        Element<V>.Multiply(&p->b, &p->b, &p->plus);    // sum by settled
        Element<V>.Multiply(&p->c, &p->T, &p->product);
        Element<V>.Subtract(&p->e, &p->b, &p->a);
        Element<V>.Settle(&p->e);
        Element<V>.Add(&p->h, &p->b, &p->a);
        Element<V>.Subtract(&p->f, &p->Z, &p->c);
        Element<V>.Add(&p->g, &p->Z, &p->c);
        Element<V>.Settle(&p->g);
        Finish(p, needsT);
    }

    /// <summary>Doubles each lane; T is not used.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static unsafe void Double(LanePoint<V>* p)
    {
        Element<V>.Add(&p->e, &p->X, &p->X);
        Element<V>.Multiply(&p->e, &p->e, &p->Y);       // E = 2XY: sum by reduced
        Element<V>.Add(&p->c, &p->Z, &p->Z);
        Element<V>.Multiply(&p->c, &p->c, &p->Z);       // 2Z²
        Element<V>.Square(&p->a, &p->X);
        Element<V>.Square(&p->b, &p->Y);
        Element<V>.Subtract(&p->g, &p->b, &p->a);
        Element<V>.Settle(&p->g);                       // G = Y² - X²
        Element<V>.Subtract(&p->f, &p->g, &p->c);       // F = G - 2Z²: a sum
        Element<V>.Add(&p->h, &p->a, &p->b);
        Element<V> zero = default;
        Element<V>.Subtract(&p->h, &zero, &p->h);       // H = -(X² + Y²): a sum
        Finish(p, needsT: true);
    }

    /// <summary>X = EF, Y = GH, Z = FG, T = EH: E and G are reduced or settled, F and H sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Finish(LanePoint<V>* p, bool needsT)
    {
        Element<V>.Multiply(&p->X, &p->e, &p->f);
        Element<V>.Multiply(&p->Y, &p->g, &p->h);
        Element<V>.Multiply(&p->Z, &p->f, &p->g);
        if (needsT)
        {
            Element<V>.Multiply(&p->T, &p->e, &p->h);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void LoadEntry(LanePoint<V>* p, double** entries, V opposite)
    {
        V.LoadTransposed(entries, 0, out var p0, out var p1, out var p2, out var p3);
        V.LoadTransposed(entries, 4, out var m0, out var m1, out var m2, out var m3);
        V.LoadTransposed(entries, 8, out var t0, out var t1, out var t2, out var t3);
        V.LoadTransposed(entries, 12, out var p4, out var m4, out var t4, out _);

        // -(x, y) = (-x, y): y + x and y - x change places, and the product changes its sign.
        var sign = opposite & V.OfBits(1UL << 63);
        p->plus.L0 = V.Select(opposite, m0, p0);
        p->plus.L1 = V.Select(opposite, m1, p1);
        p->plus.L2 = V.Select(opposite, m2, p2);
        p->plus.L3 = V.Select(opposite, m3, p3);
        p->plus.L4 = V.Select(opposite, m4, p4);
        p->minus.L0 = V.Select(opposite, p0, m0);
        p->minus.L1 = V.Select(opposite, p1, m1);
        p->minus.L2 = V.Select(opposite, p2, m2);
        p->minus.L3 = V.Select(opposite, p3, m3);
        p->minus.L4 = V.Select(opposite, p4, m4);
        p->product.L0 = t0 ^ sign;
        p->product.L1 = t1 ^ sign;
        p->product.L2 = t2 ^ sign;
        p->product.L3 = t3 ^ sign;
        p->product.L4 = t4 ^ sign;
    }
}
