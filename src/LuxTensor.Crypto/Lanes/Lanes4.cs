using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LuxTensor.Crypto.Lanes;

/// <summary>Four lanes: AVX2 and FMA.</summary>
internal readonly struct Lanes4 : ILanes<Lanes4>
{
    private readonly Vector256<double> value;

    /// <summary>Where each byte of two 64-bit integers comes from, in the opposite order.</summary>
    internal static Vector128<byte> ByteOrder
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create((byte)7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Lanes4(Vector256<double> value) => this.value = value;

    public static int Count => 4;

    public static bool IsHardware => Avx2.IsSupported && Fma.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 Of(double value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 OfBits(ulong value) => new(Vector256.Create(value).AsDouble());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Lanes4 Load(void* source) => new(Vector256.Load((double*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Store(void* destination, Lanes4 value) => Vector256.Store(value.value, (double*)destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void LoadTransposed(double** sources, int offset, out Lanes4 first, out Lanes4 second, out Lanes4 third, out Lanes4 fourth)
    {
        Transpose(sources, offset, out var a, out var b, out var c, out var d);
        first = new(a);
        second = new(b);
        third = new(c);
        fourth = new(d);
    }

    /// <summary>The same for whoever makes a wider register of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static unsafe void Transpose(
        double** sources, int offset, out Vector256<double> first, out Vector256<double> second, out Vector256<double> third, out Vector256<double> fourth)
    {
        var a = Vector256.Load(sources[0] + offset);
        var b = Vector256.Load(sources[1] + offset);
        var c = Vector256.Load(sources[2] + offset);
        var d = Vector256.Load(sources[3] + offset);
        var ab02 = Avx.UnpackLow(a, b);
        var ab13 = Avx.UnpackHigh(a, b);
        var cd02 = Avx.UnpackLow(c, d);
        var cd13 = Avx.UnpackHigh(c, d);
        first = Avx.Permute2x128(ab02, cd02, 0x20);
        second = Avx.Permute2x128(ab13, cd13, 0x20);
        third = Avx.Permute2x128(ab02, cd02, 0x31);
        fourth = Avx.Permute2x128(ab13, cd13, 0x31);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 FusedMultiplyAdd(Lanes4 a, Lanes4 b, Lanes4 c) => new(Fma.MultiplyAdd(a.value, b.value, c.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 FusedMultiplySubtract(Lanes4 a, Lanes4 b, Lanes4 c) => new(Fma.MultiplySubtract(a.value, b.value, c.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator +(Lanes4 left, Lanes4 right) => new(left.value + right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator -(Lanes4 left, Lanes4 right) => new(left.value - right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 Plus(Lanes4 left, Lanes4 right) => new((left.value.AsUInt64() + right.value.AsUInt64()).AsDouble());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator &(Lanes4 left, Lanes4 right) => new((left.value.AsUInt64() & right.value.AsUInt64()).AsDouble());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator |(Lanes4 left, Lanes4 right) => new((left.value.AsUInt64() | right.value.AsUInt64()).AsDouble());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator ^(Lanes4 left, Lanes4 right) => new((left.value.AsUInt64() ^ right.value.AsUInt64()).AsDouble());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator <<(Lanes4 value, int bits) => new((value.value.AsUInt64() << bits).AsDouble());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator >>>(Lanes4 value, int bits) => new((value.value.AsUInt64() >>> bits).AsDouble());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 RotateRight(Lanes4 value, int bits) =>
        new(((value.value.AsUInt64() >>> bits) | (value.value.AsUInt64() << (64 - bits))).AsDouble());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 ReverseBytes(Lanes4 value) => new(Avx2.Shuffle(value.value.AsByte(), Vector256.Create(ByteOrder, ByteOrder)).AsDouble());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 Select(Lanes4 mask, Lanes4 ones, Lanes4 zeros) => new(Avx.BlendVariable(zeros.value, ones.value, mask.value));
}
