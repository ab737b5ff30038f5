using LuxTensor.Crypto;
using LuxTensor.Crypto.Lanes;
using Xunit.Sdk;

namespace LuxTensor.Tests.Crypto.Lanes;

/// <summary>
/// Every engine, whatever its width and wherever in a batch a signature stands, gives the verdict of the single verification. The benchmarks' verb
/// "signatures-differential" runs the same on millions.
/// </summary>
public sealed class Engines_agree
{
    public static TheoryData<SignatureEngineKind> Kinds => [SignatureEngineKind.Scalar, SignatureEngineKind.Avx2, SignatureEngineKind.Avx512];

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public void Mixed_batches_get_the_verdicts_of_the_single_verification(SignatureEngineKind kind)
    {
        var accepted = 0;
        Seeded.Run(3, seed =>
        {
            var mixed = new MixedSignatures(seed.Next(), keyCount: 12);
            var engine = Engine(kind, mixed.Keys);
            foreach (var count in new[] { 1, 2, 3, 4, 5, 7, 8, 9, 15, 17, 64, 130, 300, 520 })
            {
                accepted += Compare(engine, mixed.Next(count));
            }
        });
        Assert.InRange(accepted, 800, 2400); // of 3255: most kinds of change are refused, and a third is left as it was
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public void A_bad_signature_is_named_wherever_it_stands_and_touches_no_other(SignatureEngineKind kind)
    {
        var votes = Votes(19);
        var engine = Engine(kind, votes.Select(vote => vote.Key));
        for (var bad = 0; bad < votes.Length; bad++)
        {
            var batch = votes.ToArray();
            var bytes = batch[bad].Signature.ToArray();
            bytes[bad] ^= 1;
            batch[bad] = batch[bad] with { Signature = new Signature(bytes) };
            var verdicts = new bool[batch.Length];
            engine.Verify(batch, verdicts);
            Assert.Equal(Enumerable.Range(0, votes.Length).Select(i => i != bad), verdicts);
        }

        for (var bit = 0; bit < 512; bit += 8) // a batch with all of these bits wrong, each in another place
        {
            var batch = Enumerable.Range(0, 8).Select(i => Flip(votes[i % votes.Length], bit + i)).Append(votes[3]).ToArray();
            var verdicts = new bool[batch.Length];
            engine.Verify(batch, verdicts);
            Assert.Equal([false, false, false, false, false, false, false, false, true], verdicts);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public void A_verdict_does_not_depend_on_the_place_or_the_neighbours(SignatureEngineKind kind) => Seeded.Run(4, random =>
    {
        var mixed = new MixedSignatures(random.Next(), keyCount: 5);
        var engine = Engine(kind, mixed.Keys);
        var signed = mixed.Next(40);
        var alone = signed.Select(one => Verdicts(engine, [one])[0]).ToArray();
        var order = Enumerable.Range(0, signed.Length).ToArray();
        random.Shuffle(order);
        var together = Verdicts(engine, [.. order.Select(i => signed[i])]);
        Assert.Equal(order.Select(i => alone[i]), together);
    });

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public void The_edge_cases_of_speccheck_get_the_single_verdict(SignatureEngineKind kind)
    {
        var cases = Read("ed25519-speccheck.txt").Select(fields => Signed(fields[1], fields[2], fields[3])).ToArray();
        Assert.Equal(12, cases.Length);
        var engine = Engine(kind, cases.Select(one => one.Key));
        Compare(engine, cases);
        Assert.Equal([3], Verdicts(engine, cases).Index().Where(item => item.Item).Select(item => item.Index)); // which no admissible key has
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public void The_vectors_of_Wycheproof_get_their_verdicts(SignatureEngineKind kind)
    {
        var vectors = Read("ed25519-wycheproof.txt").ToArray();
        Assert.Equal(139, vectors.Length);
        var signed = vectors.Select(fields => Signed(fields[1], fields[2], fields[3])).ToArray();
        var engine = Engine(kind, signed.Select(one => one.Key));
        Compare(engine, signed);
        Assert.Equal(vectors.Select(fields => fields[4] == "valid"), Verdicts(engine, signed));
        Assert.InRange(engine.Status.SingleSignatures, 0, 20); // the engine itself judged nearly all
    }

    private static SignedMessage[] Votes(int count) =>
    [
        .. Enumerable.Range(1, count).Select(i =>
        {
            using var key = SigningKey.FromSeed([.. Enumerable.Repeat((byte)i, 32)]);
            return new SignedMessage(key.PublicKey, new byte[77], key.Sign(new byte[77]));
        }),
    ];

    private static SignedMessage Flip(SignedMessage signed, int bit)
    {
        var bytes = signed.Signature.ToArray();
        bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        return signed with { Signature = new Signature(bytes) };
    }

    private static SignatureEngine Engine(SignatureEngineKind kind, IEnumerable<PublicKey> keys)
    {
        Skip.IfNot(kind == SignatureEngineKind.Scalar || Lanes4.IsHardware, "without AVX2 and FMA the lanes are not used");
        var engine = new SignatureEngine(EquationEngine.Of(kind), "under test", shadowInterval: 0);
        engine.Prepare(keys);
        return engine;
    }

    private static int Compare(SignatureEngine engine, SignedMessage[] signed)
    {
        var verdicts = Verdicts(engine, signed);
        for (var i = 0; i < signed.Length; i++)
        {
            var expected = Ed25519.Verify(signed[i].Key, signed[i].Message.Span, signed[i].Signature);
            if (expected != verdicts[i])
            {
                throw new XunitException(
                    $"{engine.Status.Kind} says {verdicts[i]} in place {i} of {signed.Length}: key {signed[i].Key}, signature {signed[i].Signature}, "
                    + $"message {Convert.ToHexString(signed[i].Message.Span)}");
            }
        }

        return verdicts.Count(verdict => verdict);
    }

    private static bool[] Verdicts(SignatureEngine engine, SignedMessage[] signed)
    {
        var verdicts = new bool[signed.Length];
        engine.Verify(signed, verdicts);
        return verdicts;
    }

    private static IEnumerable<string[]> Read(string name) =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Lanes", name)).Where(line => line[0] != '#').Select(line => line.Split(' '));

    private static SignedMessage Signed(string key, string message, string signature) =>
        new(new PublicKey(Convert.FromHexString(key)), message == "-" ? [] : Convert.FromHexString(message), new Signature(Convert.FromHexString(signature)));
}
