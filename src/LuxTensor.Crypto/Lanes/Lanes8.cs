using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LuxTensor.Crypto.Lanes;

/// <summary>Eight lanes: AVX-512F. Where a processor lacks it they are computed as two halves of four, for the tests.</summary>
internal readonly struct Lanes8 : ILanes<Lanes8>
{
    private readonly Vector512<double> value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Lanes8(Vector512<double> value) => this.value = value;

    public static int Count => 8;

    public static bool IsHardware => Avx512F.IsSupported && Avx512BW.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Of(double value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 OfBits(ulong value) => new(Vector512.Create(value).AsDouble());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Lanes8 Load(void* source) => new(Vector512.Load((double*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Store(void* destination, Lanes8 value) => Vector512.Store(value.value, (double*)destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void LoadTransposed(double** sources, int offset, out Lanes8 first, out Lanes8 second, out Lanes8 third, out Lanes8 fourth)
    {
        Lanes4.Transpose(sources, offset, out var a, out var b, out var c, out var d);
        Lanes4.Transpose(sources + 4, offset, out var e, out var f, out var g, out var h);
        first = new(Vector512.Create(a, e));
        second = new(Vector512.Create(b, f));
        third = new(Vector512.Create(c, g));
        fourth = new(Vector512.Create(d, h));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 FusedMultiplyAdd(Lanes8 a, Lanes8 b, Lanes8 c) => new(Avx512F.IsSupported
        ? Avx512F.FusedMultiplyAdd(a.value, b.value, c.value)
        : Vector512.Create(
            Fma.MultiplyAdd(a.value.GetLower(), b.value.GetLower(), c.value.GetLower()),
            Fma.MultiplyAdd(a.value.GetUpper(), b.value.GetUpper(), c.value.GetUpper())));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 FusedMultiplySubtract(Lanes8 a, Lanes8 b, Lanes8 c) => new(Avx512F.IsSupported
        ? Avx512F.FusedMultiplySubtract(a.value, b.value, c.value)
        : Vector512.Create(
            Fma.MultiplySubtract(a.value.GetLower(), b.value.GetLower(), c.value.GetLower()),
            Fma.MultiplySubtract(a.value.GetUpper(), b.value.GetUpper(), c.value.GetUpper())));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator +(Lanes8 left, Lanes8 right) => new(left.value + right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator -(Lanes8 left, Lanes8 right) => new(left.value - right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Plus(Lanes8 left, Lanes8 right) => new((left.value.AsUInt64() + right.value.AsUInt64()).AsDouble());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator &(Lanes8 left, Lanes8 right) => new((left.value.AsUInt64() & right.value.AsUInt64()).AsDouble());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator |(Lanes8 left, Lanes8 right) => new((left.value.AsUInt64() | right.value.AsUInt64()).AsDouble());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator ^(Lanes8 left, Lanes8 right) => new((left.value.AsUInt64() ^ right.value.AsUInt64()).AsDouble());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator <<(Lanes8 value, int bits) => new((value.value.AsUInt64() << bits).AsDouble());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator >>>(Lanes8 value, int bits) => new((value.value.AsUInt64() >>> bits).AsDouble());

#pragma warning disable CA1857 // constant where it is inlined, which is everywhere
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 RotateRight(Lanes8 value, int bits) => new(Avx512F.IsSupported
        ? Avx512F.RotateRight(value.value.AsUInt64(), (byte)bits).AsDouble()
        : ((value.value.AsUInt64() >>> bits) | (value.value.AsUInt64() << (64 - bits))).AsDouble());
#pragma warning restore CA1857

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 ReverseBytes(Lanes8 value)
    {
        var half = Vector256.Create(Lanes4.ByteOrder, Lanes4.ByteOrder);
        return new(Avx512BW.IsSupported
            ? Avx512BW.Shuffle(value.value.AsByte(), Vector512.Create(half, half)).AsDouble()
            : Vector512.Create(
                Avx2.Shuffle(value.value.GetLower().AsByte(), half).AsDouble(),
                Avx2.Shuffle(value.value.GetUpper().AsByte(), half).AsDouble()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Select(Lanes8 mask, Lanes8 ones, Lanes8 zeros) => new(Vector512.ConditionalSelect(mask.value, ones.value, zeros.value));
}
