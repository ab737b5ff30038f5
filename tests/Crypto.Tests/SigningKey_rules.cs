using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

public sealed class SigningKey_rules
{
    [SkippableTheory]
    [InlineData(Providers.Sodium)]
    [InlineData(Providers.Libcrypto)]
    public void A_seed_goes_in_and_comes_out_unchanged(string provider)
    {
        var seed = new Random(3).Bytes(32);
        using var key = SigningKey.FromSeed(Providers.Get(provider), seed);
        var exported = new byte[32];
        key.ExportSeed(exported);
        Assert.Equal(seed, exported);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    [InlineData(64)]
    public void A_seed_has_32_bytes(int length)
    {
        Assert.Throws<ArgumentException>(() => SigningKey.FromSeed(new byte[length]));
        using var key = SigningKey.Generate();
        Assert.Throws<ArgumentException>(() => key.ExportSeed(new byte[length]));
    }

    [SkippableTheory]
    [InlineData(Providers.Sodium)]
    [InlineData(Providers.Libcrypto)]
    public void A_disposed_key_neither_signs_nor_exports(string provider)
    {
        var key = SigningKey.Generate(Providers.Get(provider));
        key.Dispose();
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Sign("late"u8));
        Assert.Throws<ObjectDisposedException>(() => key.ExportSeed(new byte[32]));
    }

    [SkippableTheory]
    [InlineData(Providers.Sodium)]
    [InlineData(Providers.Libcrypto)]
    public void Disposal_during_signatures_lets_each_finish_or_refuses_it(string name)
    {
        var provider = Providers.Get(name);
        Seeded.Run(20, random => DisposeWhileSigning(SigningKey.FromSeed(provider, random.Bytes(32))));
    }

    private static void DisposeWhileSigning(SigningKey key)
    {
        var expected = key.Sign("race"u8);
        Parallel.For(0, 64, i =>
        {
            if (i == 20)
            {
                key.Dispose();
                return;
            }

            try
            {
                Assert.Equal(expected, key.Sign("race"u8));
            }
            catch (ObjectDisposedException)
            {
                // refused, which is the other allowed outcome
            }
        });
        Assert.Throws<ObjectDisposedException>(() => key.Sign("race"u8));
    }

    [Fact]
    public void Generated_keys_differ_and_are_admissible()
    {
        using var first = SigningKey.Generate();
        using var second = SigningKey.Generate();
        Assert.NotEqual(first.PublicKey, second.PublicKey);
        Assert.True(Providers.IsAdmissible(first.PublicKey));
    }

    [Fact]
    public void A_key_as_text_shows_its_public_half_only()
    {
        var seed = new Random(4).Bytes(32);
        using var key = SigningKey.FromSeed(seed);
        Assert.Contains(key.PublicKey.ToString(), key.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToHexStringLower(seed), key.ToString(), StringComparison.Ordinal);
    }
}
