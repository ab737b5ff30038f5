using System.Security.Cryptography;

namespace LuxTensor.Crypto;

/// <summary>SHA-256 (FIPS 180-4), the chain's only hash function.</summary>
public static class Sha256
{
    /// <summary>The digest of <paramref name="data"/>.</summary>
    public static Hash256 Hash(ReadOnlySpan<byte> data)
    {
        Span<byte> digest = stackalloc byte[Hash256.Size];
        SHA256.HashData(data, digest);
        return new Hash256(digest);
    }
}
