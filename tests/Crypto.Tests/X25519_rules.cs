using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

/// <summary>RFC 7748, by each library that is installed.</summary>
public sealed class X25519_rules
{
    // Section 5.2: scalar, point, result.
    private static readonly string[][] Vectors =
    [
        ["a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"],
        ["4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d", "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"],
    ];

    private delegate bool Agreement(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> theirs, Span<byte> shared);

    [SkippableFact]
    public void Both_libraries_give_the_results_of_the_RFC()
    {
        Skip.IfNot(NativeLibraries.HasSodium && NativeLibraries.HasCrypto, "one of the libraries is not installed");
        foreach (var agree in new Agreement[] { X25519.SodiumAgree, X25519.CryptoAgree, X25519.TryAgree })
        {
            foreach (var vector in Vectors)
            {
                var shared = new byte[32];
                Assert.True(agree(Convert.FromHexString(vector[0]), Convert.FromHexString(vector[1]), shared));
                Assert.Equal(vector[2], Convert.ToHexStringLower(shared));
            }
        }
    }

    [Fact]
    public void A_thousand_iterations_give_the_result_of_the_RFC()
    {
        var (scalar, point) = (new byte[32], new byte[32]);
        scalar[0] = point[0] = 9;
        for (var i = 0; i < 1000; i++)
        {
            var next = new byte[32];
            Assert.True(X25519.TryAgree(scalar, point, next));
            (scalar, point) = (next, scalar);
        }

        Assert.Equal("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51", Convert.ToHexStringLower(scalar));
    }

    [SkippableFact]
    public void Both_libraries_derive_the_same_public_key_and_agree_with_each_other()
    {
        Skip.IfNot(NativeLibraries.HasSodium && NativeLibraries.HasCrypto, "one of the libraries is not installed");
        var (secret, key) = (new byte[32], new byte[32]);
        var (other, otherKey) = (new byte[32], new byte[32]);
        X25519.Generate(secret, key);
        X25519.Generate(other, otherKey);
        var (sodium, crypto) = (new byte[32], new byte[32]);
        X25519.SodiumBase(secret, sodium);
        X25519.CryptoBase(secret, crypto);
        Assert.Equal(key, sodium);
        Assert.Equal(key, crypto);

        Assert.True(X25519.SodiumAgree(secret, otherKey, sodium));
        Assert.True(X25519.CryptoAgree(other, key, crypto));
        Assert.Equal(sodium, crypto);
    }

    [SkippableTheory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]
    [InlineData("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    public void A_point_of_small_order_is_refused(string point)
    {
        Skip.IfNot(NativeLibraries.HasSodium && NativeLibraries.HasCrypto, "one of the libraries is not installed");
        var (secret, key) = (new byte[32], new byte[32]);
        X25519.Generate(secret, key);

        Assert.False(X25519.TryAgree(secret, Convert.FromHexString(point), key));
        Assert.False(X25519.CryptoAgree(secret, Convert.FromHexString(point), key));
        Assert.False(X25519.SodiumAgree(secret, Convert.FromHexString(point), key));
    }
}
