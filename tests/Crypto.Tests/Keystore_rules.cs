using System.Text.Json.Nodes;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

public sealed class Keystore_rules
{
    [SkippableTheory]
    [InlineData("argon2id")]
    [InlineData("scrypt")]
    public void A_key_comes_back_with_its_password_only(string kdf)
    {
        var options = kdf == "scrypt" ? Keystores.CheapScrypt : Keystores.CheapArgon;
        using var key = SigningKey.Generate();
        var json = Keystore.Encrypt(key, Keystores.Password, options);
        using var back = Keystore.Decrypt(json, Keystores.Password);
        Assert.Equal(key.PublicKey, back.PublicKey);
        Assert.Equal(key.Sign("same"u8), back.Sign("same"u8));
        Assert.Equal(key.PublicKey, Keystore.StatedPublicKey(json));
        Assert.Equal(KeystoreFault.WrongPassword, Keystores.Refusal(() => Keystore.Decrypt(json, Keystores.Password + "x")).Fault);
        Assert.Equal(KeystoreFault.WrongPassword, Keystores.Refusal(() => Keystore.Decrypt(json, "")).Fault);
    }

    [Theory]
    [InlineData(Keystores.SpecificationScrypt)]
    [InlineData(Keystores.SpecificationPbkdf2)]
    public void The_keystores_of_EIP_2335_open(string json)
    {
        var secret = new byte[32];
        Keystore.DecryptSecret(KeystoreJson.Read(json), Keystores.SpecificationPassword, secret);
        Assert.Equal(Keystores.SpecificationSecret, Convert.ToHexStringLower(secret));
    }

    [Fact]
    public void A_BLS_keystore_is_named_as_one()
    {
        var e = Keystores.Refusal(() => Keystore.Decrypt(Keystores.SpecificationScrypt, Keystores.SpecificationPassword));
        Assert.Contains("BLS", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pbkdf2_keystore_of_an_Ed25519_key_can_be_imported()
    {
        using var expected = SigningKey.FromSeed(Convert.FromHexString(Keystores.SpecificationSecret));
        var json = Keystores.With(Keystores.SpecificationPbkdf2, "pubkey", expected.PublicKey.ToString());
        using var key = Keystore.Decrypt(json, Keystores.SpecificationPassword);
        Assert.Equal(expected.PublicKey, key.PublicKey);
    }

    [Fact]
    public void A_password_may_be_typed_composed_or_decomposed()
    {
        using var key = SigningKey.Generate();
        using var back = Keystore.Decrypt(Keystore.Encrypt(key, "Z\u00fcrich", Keystores.CheapScrypt), "Zu\u0308rich");
        Assert.Equal(key.PublicKey, back.PublicKey);
    }

    [Fact]
    public void The_layout_is_that_of_EIP_2335()
    {
        using var key = SigningKey.FromSeed(new Random(8).Bytes(32));
        var json = Keystore.Encrypt(key, Keystores.Password, Keystores.CheapScrypt with { Description = "validator \"1\"" });
        var root = JsonNode.Parse(json)!;
        Assert.Equal(4, (int)root["version"]!);
        Assert.Equal("", (string?)root["path"]);
        Assert.Equal("validator \"1\"", (string?)root["description"]);
        Assert.Equal(Convert.ToHexStringLower(key.PublicKey.ToArray()), (string?)root["pubkey"]);
        Assert.True(Guid.TryParse((string?)root["uuid"], out _));
        Assert.Equal(("scrypt", "sha256", "aes-128-ctr"), (Function(root, "kdf"), Function(root, "checksum"), Function(root, "cipher")));
        Assert.Equal(["dklen", "n", "r", "p", "salt"], root["crypto"]!["kdf"]!["params"]!.AsObject().Select(p => p.Key));
        Assert.Equal("", (string?)root["crypto"]!["kdf"]!["message"]);
    }

    [Fact]
    public void The_secret_is_not_in_the_text_and_no_two_encryptions_are_alike()
    {
        var seed = new Random(9).Bytes(32);
        using var key = SigningKey.FromSeed(seed);
        var first = Keystore.Encrypt(key, Keystores.Password, Keystores.CheapScrypt);
        var second = Keystore.Encrypt(key, Keystores.Password, Keystores.CheapScrypt);
        Assert.DoesNotContain(Convert.ToHexStringLower(seed), first, StringComparison.OrdinalIgnoreCase);
        foreach (var path in new[] { "crypto.kdf.params.salt", "crypto.cipher.params.iv", "crypto.cipher.message", "uuid" })
        {
            Assert.NotEqual(At(first, path), At(second, path));
        }
    }

    [Fact]
    public void Another_public_key_than_the_secret_s_is_refused_and_both_are_named()
    {
        using var other = SigningKey.Generate();
        var json = Keystores.Write(Keystores.CheapScrypt);
        var e = Keystores.Refusal(() => Keystore.Decrypt(Keystores.With(json, "pubkey", other.PublicKey.ToString()), Keystores.Password));
        Assert.Equal(KeystoreFault.KeyMismatch, e.Fault);
        Assert.Contains(other.PublicKey.ToString(), e.Message, StringComparison.Ordinal);
        Assert.Contains(Keystore.StatedPublicKey(json).ToString(), e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\u0001\u007f")]
    public void A_new_keystore_needs_a_password_that_is_not_empty(string password)
    {
        using var key = SigningKey.Generate();
        Assert.Equal(KeystoreFault.UnusablePassword, Keystores.Refusal(() => Keystore.Encrypt(key, password, Keystores.CheapScrypt)).Fault);
    }

    [Fact]
    public void What_is_not_written_is_refused()
    {
        using var key = SigningKey.Generate();
        KeystoreFault Fault(KeystoreOptions options) => Keystores.Refusal(() => Keystore.Encrypt(key, "pw", options)).Fault;
        Assert.Equal(KeystoreFault.UnsupportedKdf, Fault(new() { Kdf = new KeystoreKdf.Pbkdf2(100_000) }));
        Assert.Equal(KeystoreFault.ParametersOutOfBounds, Fault(new() { Kdf = new KeystoreKdf.Argon2id(0, 8192) }));
        Assert.Equal(KeystoreFault.TooLarge, Fault(Keystores.CheapScrypt with { Description = new string('d', 1001) }));
    }

    [Fact]
    public void The_default_derivation_follows_the_library_and_is_within_its_own_bounds()
    {
        var expected = Ed25519.Provider.StartsWith("libsodium", StringComparison.Ordinal) ? typeof(KeystoreKdf.Argon2id) : typeof(KeystoreKdf.Scrypt);
        Assert.IsType(expected, KeystoreKdf.Default);
        KeystoreKdf.Default.Require(KeystoreKdf.Default.SaltSize);
    }

    private static string? Function(JsonNode root, string module) => (string?)root["crypto"]![module]!["function"];

    private static string? At(string json, string path) => (string?)path.Split('.').Aggregate(JsonNode.Parse(json)!, (node, name) => node[name]!);
}
