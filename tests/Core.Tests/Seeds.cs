namespace LuxTensor.Tests.Core;

/// <summary>
/// Runs a property for many seeds and names the seed that fails. LUXTENSOR_SEED repeats one seed; LUXTENSOR_FUZZ is the
/// number of mutations that each fuzz test makes.
/// </summary>
internal static class Seeds
{
    public static int FuzzCount(int inCi) =>
        int.TryParse(Environment.GetEnvironmentVariable("LUXTENSOR_FUZZ"), out var count) && count > 0 ? count : inCi;

    public static void Each(int count, Action<Random> property)
    {
        var only = Environment.GetEnvironmentVariable("LUXTENSOR_SEED");
        var seeds = int.TryParse(only, out var one) ? [one] : Enumerable.Range(1, count);
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
}
