using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace LuxTensor.Crypto;

/// <summary>SHA-256 (FIPS 180-4), the chain's only hash function (PRM-1).</summary>
public static class Sha256
{
    // Up to here a digest takes so little time that the garbage collector can wait for it.
    private const int ShortMessage = 1024;

    private static readonly bool UseLibcrypto = IsLibcryptoRight();

    /// <summary>The digest of <paramref name="data"/>.</summary>
    [SkipLocalsInit]
    public static Hash256 Hash(ReadOnlySpan<byte> data)
    {
        Span<byte> digest = stackalloc byte[Hash256.Size];
        if (UseLibcrypto && data.Length <= ShortMessage)
        {
            HashByLibcrypto(data, digest);
        }
        else
        {
            SHA256.HashData(data, digest);
        }

        return new Hash256(digest);
    }

    // The runtime's one-shot function has OpenSSL 3 look up the algorithm each time, which for a tree node costs several times the hash
    // itself. These three are older, look nothing up, and run the same instructions.
    [SkipLocalsInit]
    private static unsafe void HashByLibcrypto(ReadOnlySpan<byte> data, Span<byte> digest)
    {
        var state = stackalloc ulong[Libcrypto.Sha256StateSize / sizeof(ulong)];
        fixed (byte* input = data, output = digest)
        {
            _ = Libcrypto.SHA256_Init(state);
            _ = Libcrypto.SHA256_Update(state, input, (nuint)data.Length);
            _ = Libcrypto.SHA256_Final(output, state);
        }
    }

    // A libcrypto without the three, or with others under their names, is left alone.
    private static bool IsLibcryptoRight()
    {
        try
        {
            Span<byte> digest = stackalloc byte[Hash256.Size];
            Span<byte> message = stackalloc byte[ShortMessage];
            for (var i = 0; i < message.Length; i++)
            {
                message[i] = (byte)i;
            }

            var right = NativeLibraries.HasCrypto;
            foreach (var length in right ? (ReadOnlySpan<int>)[0, 55, 56, 64, 65, ShortMessage] : [])
            {
                HashByLibcrypto(message[..length], digest);
                right &= digest.SequenceEqual(SHA256.HashData(message[..length]));
            }

            return right;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }
}
