using Xunit.Sdk;

namespace LuxTensor.Tests.Crypto;

/// <summary>Runs a property under many seeds, and names the seed under which it failed.</summary>
internal static class Seeded
{
    internal static void Run(int runs, Action<Random> property)
    {
        for (var seed = 1; seed <= runs; seed++)
        {
            try
            {
                property(new Random(seed));
            }
            catch (Exception e)
            {
                throw new XunitException($"under seed {seed}: {e.Message}", e);
            }
        }
    }

    internal static byte[] Bytes(this Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
