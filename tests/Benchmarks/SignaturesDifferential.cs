using LuxTensor.Crypto;
using LuxTensor.Crypto.Lanes;
using LuxTensor.Tests.Crypto.Lanes;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>
/// The engines' verdicts against the single verification on as many mixed signatures as are asked for:
/// signatures-differential [--count 100000] [--seed n] [--engines Scalar,Avx2,Avx512]. A seed that is printed gives the same signatures again.
/// </summary>
internal static class SignaturesDifferential
{
    private const int PerSeed = 20_000;
    private const int Keys = 24;

    private static readonly int[] Sizes = [1, 3, 4, 5, 8, 11, 16, 31, 64, 100, 257, 600];

    /// <summary>The exit code: 1 where a verdict differs.</summary>
    public static int Run(IReadOnlyDictionary<string, string> options)
    {
        var count = long.Parse(options.GetValueOrDefault("--count", "100000"));
        var seed = int.Parse(options.GetValueOrDefault("--seed", $"{Environment.TickCount & 0xffffff}"));
        var kinds = options.GetValueOrDefault("--engines", "Scalar,Avx2").Split(',').Select(Enum.Parse<SignatureEngineKind>).ToArray();
        long done = 0, accepted = 0;
        for (; done < count; seed++)
        {
            var (judged, good, difference) = RunSeed(seed, kinds, (int)long.Min(PerSeed, count - done));
            (done, accepted) = (done + judged, accepted + good);
            if (difference is not null)
            {
                Console.WriteLine($"seed {seed}: {difference}");
                return 1;
            }

            Console.WriteLine($"seed {seed}: {done:N0} signatures, {accepted:N0} of them good, the same verdicts by {Ed25519.Provider} and {string.Join(", ", kinds)}");
        }

        return 0;
    }

    private static (int Judged, int Good, string? Difference) RunSeed(int seed, SignatureEngineKind[] kinds, int count)
    {
        var mixed = new MixedSignatures(seed, Keys);
        var engines = kinds.Select(kind => new SignatureEngine(EquationEngine.Of(kind), "", shadowInterval: 0)).ToArray();
        Array.ForEach(engines, engine => engine.Prepare(mixed.Keys));
        var (judged, good) = (0, 0);
        for (var batch = 0; judged < count; batch++)
        {
            var signed = mixed.Next(int.Min(Sizes[batch % Sizes.Length], count - judged));
            var expected = signed.Select(one => Ed25519.Verify(one.Key, one.Message.Span, one.Signature)).ToArray();
            var verdicts = new bool[signed.Length];
            foreach (var engine in engines)
            {
                engine.Verify(signed, verdicts);
                for (var i = 0; i < signed.Length; i++)
                {
                    if (verdicts[i] != expected[i])
                    {
                        return (judged, good, $"{engine.Status.Kind} says {verdicts[i]} in place {i} of {signed.Length} of batch {batch}: key {signed[i].Key}, "
                            + $"signature {signed[i].Signature}, message {Convert.ToHexString(signed[i].Message.Span)}");
                    }
                }
            }

            (judged, good) = (judged + signed.Length, good + expected.Count(verdict => verdict));
        }

        return (judged, good, null);
    }
}
