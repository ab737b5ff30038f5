using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LuxTensor.Crypto;

/// <summary>Ed25519 by libsodium. Nothing is allocated when it verifies.</summary>
internal sealed unsafe class SodiumProvider : Ed25519Provider
{
    private static readonly byte[] OrderPlusOne = PlusOne(Ed25519Rule.Order);

    private SodiumProvider() => Name = "libsodium " + Marshal.PtrToStringUTF8(Libsodium.sodium_version_string());

    internal override string Name { get; }

    /// <summary>Whether libsodium is installed and initialised; safe to ask repeatedly.</summary>
    internal static bool IsAvailable => NativeLibraries.HasSodium && Libsodium.sodium_init() >= 0;

    internal static SodiumProvider? TryCreate() => IsAvailable ? new SodiumProvider() : null;

    // is_valid_point of libsodium before 1.0.21 compares only x of L·A with the identity's, and so takes A + (0, -1) for any good A
    // (CVE-2025-69277). (L + 1)·A = A says the same about the subgroup and leaves no room for that.
    internal override bool IsInPrimeOrderSubgroup(ReadOnlySpan<byte> key)
    {
        Span<byte> product = stackalloc byte[PublicKey.Size];
        fixed (byte* k = key, q = product, n = OrderPlusOne)
        {
            return Libsodium.crypto_core_ed25519_is_valid_point(k) == 1
                && Libsodium.crypto_scalarmult_ed25519_noclamp(q, n, k) == 0
                && product.SequenceEqual(key);
        }
    }

    internal override bool EquationHolds(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        fixed (byte* k = key, m = message, s = signature)
        {
            return Libsodium.crypto_sign_verify_detached(s, m, (ulong)message.Length, k) == 0;
        }
    }

    internal override void Expand(ReadOnlySpan<byte> seed, Span<byte> secret)
    {
        Span<byte> key = stackalloc byte[PublicKey.Size];
        fixed (byte* s = seed, sk = secret, pk = key)
        {
            Expect(Libsodium.crypto_sign_seed_keypair(pk, sk, s), nameof(Libsodium.crypto_sign_seed_keypair));
        }
    }

    internal override void Sign(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> message, Span<byte> signature)
    {
        fixed (byte* sk = secret, m = message, s = signature)
        {
            Expect(Libsodium.crypto_sign_detached(s, null, m, (ulong)message.Length, sk), nameof(Libsodium.crypto_sign_detached));
        }
    }

    private static void Expect(int result, string function)
    {
        if (result != 0)
        {
            throw new CryptographicException($"libsodium's {function} failed with {result}");
        }
    }

    private static byte[] PlusOne(byte[] littleEndian)
    {
        var sum = (byte[])littleEndian.Clone();
        sum[0]++; // L ends in 0xed, so nothing carries
        return sum;
    }
}
