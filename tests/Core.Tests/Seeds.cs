namespace LuxTensor.Tests.Core;

/// <summary>
/// Runs a property for many seeds and names the seed that fails. LUXTENSOR_SEED repeats one seed, LUXTENSOR_SEEDS is the least
/// number of seeds of each property, LUXTENSOR_FUZZ the number of mutations that each fuzz test makes.
/// </summary>
internal static class Seeds
{
    public static int FuzzCount(int inCi) => Number("LUXTENSOR_FUZZ") is > 0 and var count ? count : inCi;

    public static void Each(int count, Action<Random> property)
    {
        var seeds = Number("LUXTENSOR_SEED") is { } one ? [one] : Enumerable.Range(1, int.Max(count, Number("LUXTENSOR_SEEDS") ?? 0));
        foreach (var seed in seeds)
        {
            try
            {
                property(new Random(seed));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"fails with LUXTENSOR_SEED={seed}: {e.Message}", e);
            }
        }
    }

    private static int? Number(string variable) => int.TryParse(Environment.GetEnvironmentVariable(variable), out var number) ? number : null;
}
