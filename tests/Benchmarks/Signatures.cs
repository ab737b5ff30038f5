using System.Diagnostics;
using LuxTensor.Core;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Crypto.Lanes;
using LuxTensor.Tests.Engine;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>The signature engines against the native library's single verification, in turns within one run, so that both see the same clock.</summary>
internal static class Signatures
{
    private const int Validators = 1000;
    private const int Repeats = 100; // of a few milliseconds, so that the least of each is undisturbed on a loaded machine, too

    private static readonly int[] Counts = [1, 8, 16, 64, 128, 670, 1000];

    public static void Run()
    {
        var votes = Votes();
        Report.Line("single verify", $"{Enumerable.Range(0, Repeats).Min(_ => SingleMicroseconds(votes.AsSpan(0, 16))):F2} µs a vote", "1", Ed25519.Provider);
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

        Certificates(votes);
    }

    /// <summary>A certificate through the verifier, which goes through the process's own engine, against the loop over its signatures that it was.</summary>
    private static void Certificates(SignedMessage[] all)
    {
        foreach (var signers in new[] { 100, Validators })
        {
            var ballot = new Ballot(7, 0, 1, 0, Phase.Precommit, Sha256.Hash([1]));
            var message = new byte[Ballot.MessageSize];
            ballot.WriteMessage(message);
            var votes = all.Take(signers).Select(vote => vote with { Message = message }).ToArray();
            for (var i = 0; i < signers; i++)
            {
                using var key = Key(i);
                votes[i] = votes[i] with { Signature = key.Sign(message) };
            }

            var rules = new TestChain(1).Genesis.Rules with { ChainId = 7 };
            var set = new EpochSnapshot(0, [.. votes.Select(vote => new EpochValidator(Address.Of(vote.Key), vote.Key, 1))]);
            var bits = new byte[(signers + 7) / 8];
            for (var i = 0; i < signers; i++)
            {
                bits[i / 8] |= (byte)(1 << (i % 8));
            }

            var certificate = new Certificate(ballot, [.. bits], [.. votes.Select(vote => vote.Signature)]);
            SignatureEngine.Shared.Prepare(votes.Select(vote => vote.Key));
            var (single, engine) = (double.MaxValue, double.MaxValue);
            for (var repeat = 0; repeat < Repeats; repeat++)
            {
                var started = Stopwatch.GetTimestamp();
                if (Verifier.Check(certificate, rules, set, out _) is { } why)
                {
                    throw new InvalidOperationException(why.ToString());
                }

                engine = double.Min(engine, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                single = double.Min(single, SingleMicroseconds(votes.AsSpan(0, 16)) * signers / 1000);
            }

            Report.Line(
                $"certificate of {signers} signers", $"{engine:F2} ms", $"{single / engine:F1}×", $"{SignatureEngine.Shared.Status.Kind}; one signature after the other {single:F1} ms");
        }
    }

    internal static SignedMessage[] Votes()
    {
        var votes = new SignedMessage[Validators];
        for (var i = 0; i < votes.Length; i++)
        {
            using var key = Key(i);
            var message = new byte[Ballot.MessageSize];
            new Ballot(1, 2, 3, 0, Phase.Precommit, Sha256.Hash([7])).WriteMessage(message);
            votes[i] = new SignedMessage(key.PublicKey, message, key.Sign(message));
        }

        return votes;
    }

    private static SigningKey Key(int number) => SigningKey.FromSeed([.. BitConverter.GetBytes(number), .. new byte[28]]);

    private static void Tables(SignedMessage[] votes)
    {
        var each = double.MaxValue;
        foreach (var vote in votes.AsSpan(0, 400))
        {
            var started = Stopwatch.GetTimestamp();
            GC.KeepAlive(CombTable.OfKey(vote.Key));
            each = double.Min(each, Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }

        Report.Line("table of a key", $"{each:F0} µs", "", $"{CombTable.BytesOf(CombShape.OfKey):N0} bytes; of the base point {CombTable.BytesOf(CombShape.OfBase):N0}");
    }

    /// <summary>Microseconds a vote of both, each the best of some repeats that take turns.</summary>
    private static (double Single, double Batch) Compare(SignatureEngine engine, ReadOnlySpan<SignedMessage> votes)
    {
        var verdicts = new bool[votes.Length];
        var (single, batch) = (double.MaxValue, double.MaxValue);
        for (var repeat = 0; repeat < Repeats; repeat++)
        {
            var rounds = int.Max(1, 256 / votes.Length);
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

            single = double.Min(single, SingleMicroseconds(votes[..int.Min(votes.Length, 16)]));
        }

        return (single, batch);
    }

    private static double SingleMicroseconds(ReadOnlySpan<SignedMessage> votes)
    {
        var rounds = int.Max(1, 16 / votes.Length);
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
