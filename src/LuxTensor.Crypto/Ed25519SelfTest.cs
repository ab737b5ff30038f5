namespace LuxTensor.Crypto;

/// <summary>Known answers that every provider must give: RFC 8032, section 7.1, and the edges of the acceptance rule.</summary>
internal static class Ed25519SelfTest
{
    private const string Key1 = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    private const string Key2 = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    private const string Signature2R = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da";

    // Seed, public key, message, signature.
    private static readonly (string Name, string Seed, string Key, string Message, string Signature)[] Rfc8032 =
    [
        ("RFC 8032 test 1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", Key1, "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        ("RFC 8032 test 2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", Key2, "72",
            Signature2R + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        ("RFC 8032 test 3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
        ("RFC 8032 test SHA(abc)", "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"),
    ];

    // The equation holds for each of these, so only the rule refuses it.
    private static readonly (string Name, string Key, string Message, string Signature)[] Refused =
    [
        ("S + L", Key2, "72", Signature2R + "f52db7415978abc61b2c2eb6aeebfca0387b2eaeb4302aeeb00d291612bb0c10"),
        ("R is the identity", Key1, "6964656e746974792052", // "identity R", signed with the nonce zero
            "0100000000000000000000000000000000000000000000000000000000000000cb31e99a3154231387852f4fd83481101ef00930f414baa54fbdbfcd96306e09"),
    ];

    // With A the key of test 1 and Tn a point of order n.
    private static readonly (string Name, string Key)[] Inadmissible =
    [
        ("the identity", "0100000000000000000000000000000000000000000000000000000000000000"),
        ("order 2", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        ("order 4", "0000000000000000000000000000000000000000000000000000000000000080"),
        ("order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        ("A + T2", "16a567fe7d4ef5482ab4012c369bf8c5f11e8d0c2559dcda50fde59708f8aee5"),
        ("A + T4", "40c7570f4dd54835b9131184410ed4a0cc93e7d9ad053cbc6d07a62426999582"),
        ("A + T8", "3b5b475c4b82dd1572799fc546f4c6c03e478c6654aa4c7f945b347ea32af60d"),
        ("not canonical", "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        ("no such point", "0200000000000000000000000000000000000000000000000000000000000000"),
    ];

    /// <summary>The signatures of RFC 8032.</summary>
    internal static IEnumerable<(PublicKey Key, byte[] Message, Signature Signature)> Accepted =>
        Rfc8032.Select(vector => (Key(vector.Key), Convert.FromHexString(vector.Message), Signature(vector.Signature)));

    internal static void Run(Ed25519Provider provider)
    {
        foreach (var (name, seed, key, message, signature) in Rfc8032)
        {
            var (bytes, publicKey, expected) = (Convert.FromHexString(message), Key(key), Signature(signature));
            using var signing = SigningKey.FromSeed(provider, Convert.FromHexString(seed));
            Require(signing.PublicKey == publicKey, provider, name + ", public key");
            Require(signing.Sign(bytes) == expected, provider, name + ", signing");
            Require(provider.IsAdmissible(publicKey), provider, name + ", admission");
            Require(provider.Verify(publicKey, bytes, expected), provider, name + ", verifying");
            Require(!provider.Verify(publicKey, [.. bytes, 0], expected), provider, name + ", another message");
        }

        foreach (var (name, key, message, signature) in Refused)
        {
            Require(!provider.Verify(Key(key), Convert.FromHexString(message), Signature(signature)), provider, "refusal: " + name);
        }

        foreach (var (name, key) in Inadmissible)
        {
            Require(!provider.IsAdmissible(Key(key)), provider, "inadmissible key: " + name);
        }

        using var fresh = SigningKey.Generate(provider);
        var own = fresh.Sign("self-test"u8);
        Require(provider.IsAdmissible(fresh.PublicKey), provider, "a generated key is admissible");
        Require(provider.Verify(fresh.PublicKey, "self-test"u8, own), provider, "a generated key's signature verifies");
        Require(!provider.Verify(Key(Key1), "self-test"u8, own), provider, "a generated key's signature under another key");
    }

    private static PublicKey Key(string hex) => new(Convert.FromHexString(hex));

    private static Signature Signature(string hex) => new(Convert.FromHexString(hex));

    private static void Require(bool condition, Ed25519Provider provider, string check)
    {
        if (!condition)
        {
            throw new CryptoSelfTestException(provider.Name, check);
        }
    }
}
