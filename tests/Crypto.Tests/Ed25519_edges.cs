using System.Numerics;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

/// <summary>
/// The corners in which implementations differ, built from their definitions: those of Chalkias, Garillot and Nikolaenko, "Taming the many
/// EdDSAs" (2020), table 5, and of de Valence, "It's 255:19AM" (2020).
/// </summary>
public sealed class Ed25519_edges
{
    private static readonly byte[] Message = "edge"u8.ToArray();
    private static readonly BigInteger Secret = Curve.Scalar(new Random(25519));
    private static readonly EdwardsPoint A = Curve.B.Multiply(Secret);
    private static readonly PublicKey Key = new(Curve.Encode(A));

    [Fact]
    public void An_honest_key_is_admissible_and_its_plain_signature_verifies()
    {
        var r = Curve.Scalar(new Random(1));
        Assert.True(Providers.IsAdmissible(Key));
        Assert.True(Providers.VerifyAsDefined(Key, Message, Sign(Curve.B.Multiply(r), r)));
    }

    [Fact]
    public void No_encoding_of_a_point_of_small_order_is_a_key_or_verifies_as_one()
    {
        var encodings = Curve.SmallOrderEncodings;
        Assert.Equal(14, encodings.Select(Convert.ToHexString).Distinct(StringComparer.Ordinal).Count());
        foreach (var encoding in encodings)
        {
            var key = new PublicKey(encoding);
            Assert.False(Providers.IsAdmissible(key));

            // With k·A = identity the equation holds for any S·B as R; one message in eight has such a k.
            var r = Curve.Encode(Curve.B.Multiply(7));
            var message = Messages().First(m => (Curve.Challenge(r, encoding, m) % 8).IsZero);
            Assert.False(Providers.VerifyAsDefined(key, message, Curve.Signature(r, 7)));
        }
    }

    [Fact]
    public void A_small_order_R_never_verifies_under_an_admissible_key()
    {
        foreach (var encoding in Curve.SmallOrderEncodings)
        {
            // S = k·a makes S·B − k·A the identity, so that where R decodes to the identity only the rule refuses it.
            var k = Curve.Challenge(encoding, Key.ToArray(), Message);
            Assert.False(Providers.VerifyAsDefined(Key, Message, Curve.Signature(encoding, k * Secret % Curve.L)));
        }
    }

    [Fact]
    public void Keys_of_mixed_order_are_inadmissible_even_where_the_equation_holds_and_providers_agree_about_it()
    {
        for (var i = 1; i < 8; i++)
        {
            var mixed = EdwardsPoint.Add(A, Curve.T8.Multiply(i));
            var encoding = Curve.Encode(mixed);
            Assert.False(Providers.IsAdmissible(new PublicKey(encoding)), $"A + {i}·T8");

            var r = Curve.Scalar(new Random(i));
            var encodedR = Curve.Encode(Curve.B.Multiply(r));
            var message = Messages().First(m => (Curve.Challenge(encodedR, encoding, m) % 8).IsZero);
            var s = (r + (Curve.Challenge(encodedR, encoding, message) * Secret)) % Curve.L;
            Assert.True(Providers.VerifyAsDefined(new PublicKey(encoding), message, Curve.Signature(encodedR, s)));
        }
    }

    [SkippableFact]
    public void libcrypto_alone_takes_a_small_order_R_under_a_key_of_mixed_order()
    {
        // So this part of the rule is there for a reason: libsodium refuses the same.
        var mixed = Curve.Encode(EdwardsPoint.Add(A, Curve.T8));
        var (message, signature) = SmallOrderR(mixed).First();
        Assert.True(Providers.Get(Providers.Libcrypto).EquationHolds(mixed, message, signature.ToArray()));
        Assert.False(Providers.Get(Providers.Sodium).EquationHolds(mixed, message, signature.ToArray()));
    }

    [Fact]
    public void A_small_order_R_under_a_key_of_mixed_order_gets_one_answer_though_the_equation_holds()
    {
        var mixed = Curve.Encode(EdwardsPoint.Add(A, Curve.T8));
        foreach (var (message, signature) in SmallOrderR(mixed).Take(16))
        {
            Assert.False(Providers.VerifyAsDefined(new PublicKey(mixed), message, signature));
        }
    }

    [Fact]
    public void What_only_the_cofactored_equation_accepts_is_refused()
    {
        for (var i = 1; i < 8; i++)
        {
            var r = Curve.Scalar(new Random(i));
            var mixedR = EdwardsPoint.Add(Curve.B.Multiply(r), Curve.T8.Multiply(i));
            Assert.False(Providers.VerifyAsDefined(Key, Message, Sign(mixedR, r)), $"R + {i}·T8");
        }
    }

    [Fact]
    public void S_is_below_L()
    {
        var r = Curve.Scalar(new Random(2));
        var good = Sign(Curve.B.Multiply(r), r).ToArray();
        var s = new BigInteger(good.AsSpan(32), isUnsigned: true);
        for (var factor = 1; s + (factor * Curve.L) < BigInteger.Pow(2, 256); factor++)
        {
            Assert.False(Providers.VerifyAsDefined(Key, Message, Curve.Signature(good[..32], s + (factor * Curve.L))), $"S + {factor}·L");
        }

        Assert.True(Providers.VerifyAsDefined(Key, Message, new Signature(good)));
    }

    [Fact]
    public void Non_canonical_y_is_no_key_and_no_R()
    {
        for (var y = EdwardsPoint.Prime; y < BigInteger.Pow(2, 255); y++)
        {
            foreach (var sign in new[] { BigInteger.Zero, BigInteger.Pow(2, 255) })
            {
                var encoding = Curve.Bytes(y + sign);
                Assert.False(Providers.IsAdmissible(new PublicKey(encoding)));
                Assert.False(Ed25519Rule.IsCanonicalAndNotSmall(encoding));
                var r = Curve.Encode(Curve.B.Multiply(5));
                var message = Messages().First(m => (Curve.Challenge(r, encoding, m) % 8).IsZero);
                Assert.False(Providers.VerifyAsDefined(new PublicKey(encoding), message, Curve.Signature(r, 5)));
                var k = Curve.Challenge(encoding, Key.ToArray(), Message);
                Assert.False(Providers.VerifyAsDefined(Key, Message, Curve.Signature(encoding, k * Secret % Curve.L)));
            }
        }
    }

    [Fact]
    public void A_y_without_a_point_is_no_key()
    {
        var none = Enumerable.Range(2, 100).Select(y => Curve.Bytes(y)).Where(b => EdwardsPoint.Decode(b) is null).ToArray();
        Assert.NotEmpty(none);
        Assert.All(none, b => Assert.False(Providers.IsAdmissible(new PublicKey(b))));
    }

    private static Signature Sign(EdwardsPoint r, BigInteger nonce)
    {
        var encoded = Curve.Encode(r);
        return Curve.Signature(encoded, (nonce + (Curve.Challenge(encoded, Key.ToArray(), Message) * Secret)) % Curve.L);
    }

    // For the key A + T8: R = −k·T8, S = k·a.
    private static IEnumerable<(byte[] Message, Signature Signature)> SmallOrderR(byte[] mixed) =>
        from message in Messages()
        from i in Enumerable.Range(1, 7)
        let r = Curve.Encode(Curve.T8.Multiply(i))
        let k = Curve.Challenge(r, mixed, message)
        where ((k + i) % 8).IsZero
        select (message, Curve.Signature(r, k * Secret % Curve.L));

    private static IEnumerable<byte[]> Messages() => Enumerable.Range(0, int.MaxValue).Select(BitConverter.GetBytes);
}
