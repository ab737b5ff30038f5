using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

/// <summary>Providers.Verify and Providers.IsAdmissible fail where the two libraries answer differently.</summary>
public sealed class Ed25519_agreement
{
    [SkippableFact]
    public void Providers_sign_alike_and_accept_each_other()
    {
        Ed25519Provider[] both = [Providers.Get(Providers.Sodium), Providers.Get(Providers.Libcrypto)];
        Seeded.Run(50, random =>
        {
            var (seed, message) = (random.Bytes(32), random.Bytes(random.Next(200)));
            using var sodium = SigningKey.FromSeed(both[0], seed);
            using var libcrypto = SigningKey.FromSeed(both[1], seed);
            Assert.Equal(sodium.PublicKey, libcrypto.PublicKey);
            Assert.Equal(sodium.Sign(message), libcrypto.Sign(message));
            Assert.True(Providers.Verify(sodium.PublicKey, message, sodium.Sign(message)));
        });
    }

    [Fact]
    public void Any_changed_bit_of_a_signature_is_refused_by_both()
    {
        using var key = SigningKey.FromSeed(new byte[32]);
        var message = "bits"u8.ToArray();
        var good = key.Sign(message).ToArray();
        for (var bit = 0; bit < 512; bit++)
        {
            var changed = (byte[])good.Clone();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(Providers.Verify(key.PublicKey, message, new Signature(changed)), $"bit {bit}");
        }
    }

    [Fact]
    public void Providers_agree_on_thousands_of_mutated_keys_messages_and_signatures()
    {
        var accepted = 0;
        Seeded.Run(3000, random =>
        {
            using var signing = SigningKey.FromSeed(random.Bytes(32));
            var message = random.Bytes(random.Next(64));
            var (key, signature) = (signing.PublicKey.ToArray(), signing.Sign(message).ToArray());
            for (var mutations = random.Next(3); mutations > 0; mutations--)
            {
                Mutate(random, key, signature, ref message);
            }

            accepted += Providers.Verify(new PublicKey(key), message, new Signature(signature)) ? 1 : 0;
        });
        Assert.InRange(accepted, 900, 1200); // a third is left as it was, and some mutations put back what was there
    }

    [Fact]
    public void Providers_and_the_definition_agree() => Seeded.Run(40, random =>
    {
        using var signing = SigningKey.FromSeed(random.Bytes(32));
        var message = random.Bytes(16);
        var signature = signing.Sign(message).ToArray();
        if (random.Next(2) == 0)
        {
            signature[random.Next(64)] ^= (byte)random.Next(256);
        }

        var changed = !signature.AsSpan().SequenceEqual(signing.Sign(message).ToArray());
        Assert.Equal(!changed, Providers.VerifyAsDefined(signing.PublicKey, message, new Signature(signature)));
    });

    [Fact]
    public void Providers_agree_about_the_admission_of_random_bytes() => Seeded.Run(60, random =>
    {
        var bytes = random.Bytes(32);
        var canonical = (new System.Numerics.BigInteger(bytes, isUnsigned: true) % System.Numerics.BigInteger.Pow(2, 255)) < EdwardsPoint.Prime;
        var point = EdwardsPoint.Decode(bytes);
        var expected = canonical && point is { IsIdentity: false } p && p.Multiply(EdwardsPoint.Order).IsIdentity;
        Assert.Equal(expected, Providers.IsAdmissible(new PublicKey(bytes)));
    });

    private static void Mutate(Random random, byte[] key, byte[] signature, ref byte[] message)
    {
        switch (random.Next(7))
        {
            case 0:
                signature[random.Next(64)] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                key[random.Next(32)] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                message = [.. message, (byte)random.Next(256)];
                break;
            case 3:
                Pick(random, Curve.SmallOrderEncodings).CopyTo(signature, 0);
                break;
            case 4:
                Pick(random, Curve.SmallOrderEncodings).CopyTo(key, 0);
                break;
            case 5:
                signature.AsSpan(32).Fill((byte)random.Next(256));
                break;
            default:
                Curve.Encode(EdwardsPoint.Add(EdwardsPoint.Decode(key) ?? Curve.B, Curve.T8.Multiply(random.Next(1, 8)))).CopyTo(key, 0);
                break;
        }
    }

    private static byte[] Pick(Random random, IReadOnlyList<byte[]> choices) => choices[random.Next(choices.Count)];
}
