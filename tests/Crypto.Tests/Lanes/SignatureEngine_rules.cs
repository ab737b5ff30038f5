using System.Runtime.InteropServices;
using LuxTensor.Crypto;
using LuxTensor.Crypto.Lanes;

namespace LuxTensor.Tests.Crypto.Lanes;

public sealed partial class SignatureEngine_rules
{
    private const int Upward = 0x800; // FE_UPWARD of x86

    [SkippableTheory]
    [InlineData("scalar", SignatureEngineKind.Scalar)]
    [InlineData("avx2", SignatureEngineKind.Avx2)]
    [InlineData("off", SignatureEngineKind.Off)]
    public void A_setting_chooses_the_engine_and_the_status_says_so(string setting, SignatureEngineKind expected)
    {
        Skip.If(expected == SignatureEngineKind.Avx2 && !Lanes4.IsHardware, "without AVX2 and FMA");
        var status = SignatureEngine.Choose(setting).Status;
        Assert.Equal(expected, status.Kind);
        Assert.Contains("LUXTENSOR_SIGNATURES", status.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_setting_the_widest_engine_of_the_processor_is_used()
    {
        var expected = Lanes8.IsHardware ? SignatureEngineKind.Avx512 : Lanes4.IsHardware ? SignatureEngineKind.Avx2 : SignatureEngineKind.Scalar;
        Assert.Equal(expected, SignatureEngine.Choose(null).Status.Kind);
        Assert.Equal(expected, SignatureEngine.Choose("auto").Status.Kind);
    }

    [Fact]
    public void A_setting_that_names_nothing_or_what_is_not_there_is_refused()
    {
        Assert.Contains("\"fast\"", Assert.Throws<PlatformNotSupportedException>(() => SignatureEngine.Choose("fast")).Message, StringComparison.Ordinal);
        if (!Lanes8.IsHardware)
        {
            Assert.Contains("Avx512", Assert.Throws<PlatformNotSupportedException>(() => SignatureEngine.Choose("avx512")).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(Lie.AcceptsAll)]
    [InlineData(Lie.RefusesAll)]
    [InlineData(Lie.SwapsNeighbours)]
    [InlineData(Lie.Throws)]
    [InlineData(Lie.Objects)]
    public void An_engine_that_fails_its_self_test_is_not_used(Lie lie)
    {
        var engine = SignatureEngine.Tested(new Liar(lie), "asked for");
        Assert.Equal(SignatureEngineKind.Off, engine.Status.Kind);
        Assert.Contains("failed its self-test", engine.Status.Why, StringComparison.Ordinal);

        var signed = Signed(3);
        Assert.Equal([true, true, false], Verdicts(engine, [signed[0], signed[1], signed[2] with { Message = new byte[1] }]));
        Assert.Equal(3, engine.Status.SingleSignatures);
    }

    [Fact]
    public void A_shadow_check_counts_and_lets_a_right_engine_be()
    {
        var engine = new SignatureEngine(EquationEngine.Of(SignatureEngineKind.Scalar), "", shadowInterval: 2);
        var signed = Signed(4);
        engine.Prepare(signed.Select(one => one.Key));
        for (var call = 0; call < 5; call++)
        {
            Assert.All(Verdicts(engine, signed), Assert.True);
            engine.Verify([], []); // is no call to sample
        }

        var status = engine.Status;
        Assert.Equal((SignatureEngineKind.Scalar, 20, 0, 8, 0), (status.Kind, status.Signatures, status.SingleSignatures, status.ShadowChecks, status.ShadowMismatches));
    }

    [Fact]
    public void A_sample_is_bounded_and_comes_to_every_part_of_a_large_batch()
    {
        var engine = new SignatureEngine(new Liar(Lie.AcceptsAll), "", shadowInterval: 1);
        var signed = Enumerable.Repeat(Signed(1)[0], 100).ToArray();
        engine.Prepare([signed[0].Key]);
        signed[10] = signed[10] with { Message = new byte[1] };
        for (var call = 1; call <= 25; call++)
        {
            var before = engine.Status.ShadowChecks;
            Verdicts(engine, signed);
            Assert.InRange(engine.Status.ShadowChecks - before, 0, 32);
        }

        Assert.Equal((SignatureEngineKind.Off, 1), (engine.Status.Kind, engine.Status.ShadowMismatches));
    }

    [Fact]
    public void A_mismatch_in_a_shadow_check_turns_the_engine_off_and_the_single_verdict_counts()
    {
        var engine = new SignatureEngine(new Liar(Lie.AcceptsAll), "", shadowInterval: 2);
        var signed = Signed(4);
        engine.Prepare(signed.Select(one => one.Key));
        signed[2] = signed[2] with { Message = new byte[1] };

        Assert.Equal([true, true, true, true], Verdicts(engine, signed)); // not sampled, and the liar is believed
        Assert.Equal([true, true, false, true], Verdicts(engine, signed));
        var status = engine.Status;
        Assert.Equal((SignatureEngineKind.Off, 4, 1), (status.Kind, status.ShadowChecks, status.ShadowMismatches));
        Assert.Contains("judged 1 of 4 signatures differently", status.Why, StringComparison.Ordinal);
        Assert.Equal([true, true, false, true], Verdicts(engine, signed));
    }

    [Fact]
    public void A_key_without_a_table_is_verified_singly_and_given_one_in_the_background_when_it_comes_again()
    {
        var engine = new SignatureEngine(new Liar(Lie.RefusesAll), "", shadowInterval: 0);
        var signed = Signed(2);
        for (var sighting = 0; sighting < 3; sighting++)
        {
            Assert.Equal(0, engine.Status.Tables);
            Assert.Equal([true, true], Verdicts(engine, signed));
        }

        Assert.True(SpinWait.SpinUntil(() => engine.Status.Tables == 2, TimeSpan.FromMinutes(1)));
        Assert.Equal([false, false], Verdicts(engine, signed)); // now the engine is asked
        Assert.Equal(6, engine.Status.SingleSignatures);
    }

    [Fact]
    public void Tables_are_bounded_in_bytes_and_those_in_use_stay()
    {
        var bytes = CombTable.BytesOf(CombShape.OfKey);
        var engine = new SignatureEngine(EquationEngine.Of(SignatureEngineKind.Scalar), "", tableBytes: 8 * bytes, shadowInterval: 0);
        var signed = Signed(20);
        foreach (var one in signed)
        {
            engine.Prepare([one.Key]);
            engine.Prepare([signed[0].Key]);
            Assert.True(Verdicts(engine, [signed[0]])[0]);
            Assert.InRange(engine.Status.TableBytes, bytes, 8 * bytes);
        }

        Assert.Equal(0, engine.Status.SingleSignatures); // the first key was never without its table
        Assert.All(Verdicts(engine, signed), Assert.True);
        Assert.InRange(engine.Status.SingleSignatures, 12, 19);
    }

    [Fact]
    public void An_inadmissible_key_gets_no_table()
    {
        var engine = new SignatureEngine(new Liar(Lie.AcceptsAll), "", shadowInterval: 0);
        var mixed = new PublicKey(Curve.Encode(EdwardsPoint.Add(Curve.B, Curve.T8)));
        engine.Prepare([mixed, new PublicKey(Curve.SmallOrderEncodings[3]), new PublicKey([2, .. new byte[31]])]);
        Assert.Equal(0, engine.Status.Tables);
        Assert.Equal([false], Verdicts(engine, [new SignedMessage(mixed, new byte[1], default)]));
        Assert.Equal(1, engine.Status.SingleSignatures);
    }

    [Fact]
    public void Messages_of_any_length_get_their_verdict()
    {
        using var key = SigningKey.FromSeed(new byte[32]);
        var engine = new SignatureEngine(EquationEngine.Of(SignatureEngineKind.Scalar), "", shadowInterval: 0);
        engine.Prepare([key.PublicKey]);
        SignedMessage[] signed = [.. new[] { 0, 1023, 1024, 1025, 100_000 }.Select(n => new SignedMessage(key.PublicKey, new byte[n], key.Sign(new byte[n])))];
        Assert.All(Verdicts(engine, signed), Assert.True);
        Assert.Equal(2, engine.Status.SingleSignatures);
        Assert.Throws<ArgumentException>(() => engine.Verify(signed, new bool[4]));
        engine.Verify([], []);
    }

    [SkippableFact]
    public void Under_another_rounding_the_lanes_object_and_the_single_verification_answers()
    {
        Skip.IfNot(Lanes4.IsHardware && OperatingSystem.IsLinux(), "needs AVX2 and the C library of Linux");
        var engine = new SignatureEngine(EquationEngine.Of(SignatureEngineKind.Avx2), "", shadowInterval: 0);
        var signed = Signed(5);
        engine.Prepare(signed.Select(one => one.Key));
        Assert.All(Verdicts(engine, signed), Assert.True);
        Assert.Equal(0, engine.Status.SingleSignatures);
        foreach (var mode in new[] { 0x400, Upward, 0xc00 }) // down, up, to zero
        {
            Assert.Equal(0, SetRounding(mode));
            string? objection;
            try
            {
                objection = EquationEngine.Of(SignatureEngineKind.Avx2)!.Objection;
                Assert.All(Verdicts(engine, signed), Assert.True);
            }
            finally
            {
                Assert.Equal(0, SetRounding(0));
            }

            Assert.Contains("rounding", objection, StringComparison.Ordinal);
        }

        Assert.Equal(15, engine.Status.SingleSignatures);
        Assert.Null(EquationEngine.Of(SignatureEngineKind.Avx2)!.Objection);
        Assert.Null(EquationEngine.Of(SignatureEngineKind.Avx512)!.Objection);
    }

    [LibraryImport("libm.so.6", EntryPoint = "fesetround")]
    private static partial int SetRounding(int mode);

    private static SignedMessage[] Signed(int count) =>
    [
        .. Enumerable.Range(1, count).Select(i =>
        {
            using var key = SigningKey.FromSeed([.. Enumerable.Repeat((byte)i, 32)]);
            return new SignedMessage(key.PublicKey, new byte[77], key.Sign(new byte[77]));
        }),
    ];

    private static bool[] Verdicts(SignatureEngine engine, SignedMessage[] signed)
    {
        var verdicts = new bool[signed.Length];
        engine.Verify(signed, verdicts);
        return verdicts;
    }

    public enum Lie
    {
        AcceptsAll,
        RefusesAll,
        SwapsNeighbours,
        Throws,
        Objects,
    }

    private sealed class Liar(Lie lie) : EquationEngine
    {
        private readonly EquationEngine honest = Of(SignatureEngineKind.Scalar)!;

        internal override SignatureEngineKind Kind => SignatureEngineKind.Scalar;

        internal override bool IsHardware => true;

        internal override string? Objection => lie == Lie.Objects ? "not now" : null;

        internal override void Check(ReadOnlySpan<Claim> claims, Span<bool> holds)
        {
            honest.Check(claims, holds);
            switch (lie)
            {
                case Lie.AcceptsAll:
                    holds.Fill(true);
                    break;
                case Lie.RefusesAll:
                    holds.Clear();
                    break;
                case Lie.SwapsNeighbours:
                    holds.Reverse();
                    break;
                case Lie.Throws:
                    throw new InvalidOperationException("broken");
                default:
                    break;
            }
        }
    }
}
