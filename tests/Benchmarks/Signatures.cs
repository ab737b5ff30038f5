using System.Diagnostics;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Crypto.Lanes;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>The signature engines against the native library's single verification, in turns within one run, so that both see the same clock.</summary>
internal static class Signatures
{
    private const int Validators = 1000;
    private const int Repeats = 7;

    private static readonly int[] Counts = [1, 8, 16, 64, 128, 670, 1000];

    public static void Run()
    {
        var votes = Votes();
        Report.Line("single verify", $"{SingleMicroseconds(votes.AsSpan(0, 100)):F2} µs a vote", "1", Ed25519.Provider);
        Tables(votes);
        foreach (var kind in new[] { SignatureEngineKind.Avx512, SignatureEngineKind.Avx2, SignatureEngineKind.Scalar })
        {
            var engine = EquationEngine.Of(kind)!;
            if (!engine.IsHardware)
            {
                Report.Line($"{kind}", "not measured", "", "this processor does not have it");
                continue;
            }

            var all = new SignatureEngine(engine, "", shadowInterval: 0);
            all.Prepare(votes.Select(vote => vote.Key));
            foreach (var count in Counts)
            {
                var (single, batch) = Compare(all, votes.AsSpan(0, count));
                Report.Line($"{kind}, {count} votes", $"{batch:F2} µs a vote", $"{single / batch:F1}×", $"single verify {single:F1} µs");
            }
        }
    }

    internal static SignedMessage[] Votes()
    {
        var votes = new SignedMessage[Validators];
        for (var i = 0; i < votes.Length; i++)
        {
            using var key = SigningKey.FromSeed([.. BitConverter.GetBytes(i), .. new byte[28]]);
            var message = new byte[Ballot.MessageSize];
            new Ballot(1, 2, 3, 0, Phase.Precommit, Sha256.Hash([7])).WriteMessage(message);
            votes[i] = new SignedMessage(key.PublicKey, message, key.Sign(message));
        }

        return votes;
    }

    private static void Tables(SignedMessage[] votes)
    {
        CombTable.OfKey(votes[0].Key);
        var started = Stopwatch.GetTimestamp();
        foreach (var vote in votes.AsSpan(0, 200))
        {
            GC.KeepAlive(CombTable.OfKey(vote.Key));
        }

        var each = Stopwatch.GetElapsedTime(started).TotalMicroseconds / 200;
        Report.Line("table of a key", $"{each:F0} µs", "", $"{CombTable.BytesOf(CombShape.OfKey):N0} bytes; of the base point {CombTable.BytesOf(CombShape.OfBase):N0}");
    }

    /// <summary>Microseconds a vote of both, each the best of some repeats that take turns.</summary>
    private static (double Single, double Batch) Compare(SignatureEngine engine, ReadOnlySpan<SignedMessage> votes)
    {
        var verdicts = new bool[votes.Length];
        var (single, batch) = (double.MaxValue, double.MaxValue);
        for (var repeat = 0; repeat < Repeats; repeat++)
        {
            var rounds = int.Max(1, 4000 / votes.Length);
            var started = Stopwatch.GetTimestamp();
            for (var round = 0; round < rounds; round++)
            {
                engine.Verify(votes, verdicts);
            }

            batch = double.Min(batch, Stopwatch.GetElapsedTime(started).TotalMicroseconds / rounds / votes.Length);
            if (verdicts.Contains(false))
            {
                throw new InvalidOperationException("a good signature does not verify");
            }

            single = double.Min(single, SingleMicroseconds(votes[..int.Min(votes.Length, 200)]));
        }

        return (single, batch);
    }

    private static double SingleMicroseconds(ReadOnlySpan<SignedMessage> votes)
    {
        var rounds = int.Max(1, 200 / votes.Length);
        var started = Stopwatch.GetTimestamp();
        for (var round = 0; round < rounds; round++)
        {
            foreach (var vote in votes)
            {
                if (!Ed25519.Verify(vote.Key, vote.Message.Span, vote.Signature))
                {
                    throw new InvalidOperationException("a good signature does not verify");
                }
            }
        }

        return Stopwatch.GetElapsedTime(started).TotalMicroseconds / rounds / votes.Length;
    }
}
