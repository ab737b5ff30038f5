namespace LuxTensor.Tests.Network;

internal sealed partial class JsPeer
{
    /// <summary>Skips the test where Node.js or js-libp2p is absent; fails it where LUXTENSOR_REQUIRE_CLIENTS is 1, as in CI.</summary>
    internal static void Require()
    {
        var missing = Missing();
        if (missing is not null && Environment.GetEnvironmentVariable("LUXTENSOR_REQUIRE_CLIENTS") == "1")
        {
            Assert.Fail($"LUXTENSOR_REQUIRE_CLIENTS is 1, but {missing}");
        }

        Skip.If(missing is not null, missing);
    }
}
