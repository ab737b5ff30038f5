using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

public sealed class Ed25519_self_test
{
    [Theory]
    [InlineData(Providers.Sodium)]
    [InlineData(Providers.Libcrypto)]
    public void Passes_with_each_provider(string name) => Ed25519SelfTest.Run(Providers.Get(name));

    [Fact]
    public void Public_self_test_passes_and_the_provider_names_itself()
    {
        Ed25519.SelfTest();
        Assert.Matches(@"^lib(sodium|crypto) \d+\.\d+", Ed25519.Provider);
    }
}
