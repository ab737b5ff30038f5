using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

public sealed class Ed25519_self_test
{
    [SkippableTheory]
    [InlineData(Providers.Sodium)]
    [InlineData(Providers.Libcrypto)]
    public void Passes_with_each_provider(string name) => Ed25519SelfTest.Run(Providers.Get(name));

    [Fact]
    public void Public_self_test_passes_and_the_provider_names_itself()
    {
        Ed25519.SelfTest();
        Assert.Matches(@"^lib(sodium|crypto) \d+\.\d+", Ed25519.Provider);
    }

    [Theory]
    [InlineData(Lie.AcceptsEverything, "RFC 8032 test 1, another message")]
    [InlineData(Lie.RefusesEverything, "RFC 8032 test 1, verifying")]
    [InlineData(Lie.AdmitsEverything, "inadmissible key: A + T2")]
    [InlineData(Lie.AdmitsNothing, "RFC 8032 test 1, admission")]
    [InlineData(Lie.SignsWrongly, "RFC 8032 test 1, signing")]
    [InlineData(Lie.DerivesWrongly, "RFC 8032 test 1, public key")]
    public void Names_the_check_that_a_broken_library_fails(Lie lie, string check)
    {
        var e = Assert.Throws<CryptoSelfTestException>(() => Ed25519SelfTest.Run(new LyingProvider(lie)));
        Assert.Equal(check, e.Check);
        Assert.Contains(check, e.Message, StringComparison.Ordinal);
        Assert.Contains("liar 1.0", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_provider_setting_is_named_with_the_known_ones()
    {
        var e = Assert.Throws<PlatformNotSupportedException>(() => Ed25519Provider.Choose("openssl"));
        Assert.Contains("\"openssl\"", e.Message, StringComparison.Ordinal);
        Assert.Contains("\"libcrypto\"", e.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Without_a_setting_libsodium_comes_first() => Assert.Equal(Providers.Get(Providers.Sodium).Name, Ed25519Provider.Choose(null).Name);

    public enum Lie
    {
        AcceptsEverything,
        RefusesEverything,
        AdmitsEverything,
        AdmitsNothing,
        SignsWrongly,
        DerivesWrongly,
    }

    private sealed class LyingProvider(Lie lie) : Ed25519Provider
    {
        private readonly Ed25519Provider honest = Ed25519Provider.Choose(null);

        internal override string Name => "liar 1.0";

        internal override bool IsInPrimeOrderSubgroup(ReadOnlySpan<byte> key) =>
            lie == Lie.AdmitsEverything || (lie != Lie.AdmitsNothing && honest.IsInPrimeOrderSubgroup(key));

        internal override bool EquationHolds(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
            lie == Lie.AcceptsEverything || (lie != Lie.RefusesEverything && honest.EquationHolds(key, message, signature));

        internal override void Expand(ReadOnlySpan<byte> seed, Span<byte> secret)
        {
            honest.Expand(seed, secret);
            secret[40] ^= (byte)(lie == Lie.DerivesWrongly ? 1 : 0);
        }

        internal override void Sign(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> message, Span<byte> signature)
        {
            honest.Sign(secret, message, signature);
            signature[7] ^= (byte)(lie == Lie.SignsWrongly ? 1 : 0);
        }
    }
}
