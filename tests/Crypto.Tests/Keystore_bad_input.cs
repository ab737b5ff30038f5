using System.Text.Json.Nodes;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

public sealed class Keystore_bad_input
{
    private static readonly string Scrypt = Keystores.Write(Keystores.CheapScrypt);

    [Theory]
    [InlineData("crypto.kdf.function", "bcrypt", KeystoreFault.UnsupportedKdf)]
    [InlineData("crypto.kdf.function", "SCRYPT", KeystoreFault.UnsupportedKdf)]
    [InlineData("crypto.cipher.function", "aes-256-gcm", KeystoreFault.UnsupportedCipher)]
    [InlineData("crypto.checksum.function", "keccak256", KeystoreFault.UnsupportedCipher)]
    [InlineData("version", 3, KeystoreFault.UnsupportedVersion)]
    [InlineData("version", "4", KeystoreFault.Malformed)]
    [InlineData("version", 4.5, KeystoreFault.Malformed)]
    [InlineData("pubkey", "00", KeystoreFault.KeyMismatch)]
    [InlineData("pubkey", "", KeystoreFault.Malformed)]
    [InlineData("pubkey", "zz00000000000000000000000000000000000000000000000000000000000000", KeystoreFault.Malformed)]
    [InlineData("crypto.cipher.message", "00", KeystoreFault.Malformed)]
    [InlineData("crypto.cipher.message", "000", KeystoreFault.Malformed)]
    [InlineData("crypto.cipher.params.iv", "0000000000000000000000000000000000", KeystoreFault.Malformed)]
    [InlineData("crypto.checksum.message", "", KeystoreFault.Malformed)]
    [InlineData("crypto.kdf.params.salt", "", KeystoreFault.ParametersOutOfBounds)]
    [InlineData("crypto.kdf.params.salt", "00000000000000", KeystoreFault.ParametersOutOfBounds)]
    [InlineData("crypto.kdf.params.n", 1e300, KeystoreFault.Malformed)]
    [InlineData("crypto.kdf.params.n", "2", KeystoreFault.Malformed)]
    [InlineData("crypto.kdf.params.dklen", 16, KeystoreFault.ParametersOutOfBounds)]
    [InlineData("crypto.kdf.params.dklen", 1073741824, KeystoreFault.ParametersOutOfBounds)]
    public void A_bad_field_is_refused_without_the_password(string path, object value, KeystoreFault fault)
    {
        var json = Keystores.With(Scrypt, path, JsonValue.Create(value));
        Assert.Equal(fault, Keystores.Refusal(() => Keystore.StatedPublicKey(json)).Fault);
        Assert.Equal(fault, Keystores.Refusal(() => Keystore.Decrypt(json, Keystores.Password)).Fault);
    }

    [SkippableTheory]
    [InlineData("opslimit", 0L)]
    [InlineData("opslimit", 65L)]
    [InlineData("opslimit", -1L)]
    [InlineData("memlimit", 8191L)]
    [InlineData("memlimit", 1073741825L)]
    [InlineData("memlimit", long.MaxValue)]
    [InlineData("salt", "000000000000000000000000000000")]
    public void Argon2id_is_bounded_before_any_work(string name, object value)
    {
        var json = Keystores.With(Keystores.Write(Keystores.CheapArgon), "crypto.kdf.params." + name, JsonValue.Create(value));
        Assert.Equal(KeystoreFault.ParametersOutOfBounds, Keystores.Refusal(() => Keystore.Decrypt(json, Keystores.Password)).Fault);
    }

    [Theory]
    [InlineData("n", 0)]
    [InlineData("n", 1)]
    [InlineData("n", 3)]
    [InlineData("n", -2)]
    [InlineData("n", 1L << 24)] // 2 GiB at r = 1
    [InlineData("n", long.MinValue)]
    [InlineData("r", 0)]
    [InlineData("r", 8_388_608)]
    [InlineData("r", long.MaxValue)]
    [InlineData("p", 0)]
    [InlineData("p", 1_000_000_000)]
    public void Scrypt_is_bounded_before_any_work(string name, long value)
    {
        var e = Keystores.Refusal(() => Keystore.Decrypt(Keystores.With(Scrypt, "crypto.kdf.params." + name, value), Keystores.Password));
        Assert.Equal(KeystoreFault.ParametersOutOfBounds, e.Fault);
        Assert.Contains("scrypt", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scrypt_work_is_bounded_as_a_product()
    {
        var json = Keystores.With(Keystores.With(Scrypt, "crypto.kdf.params.n", 1 << 20), "crypto.kdf.params.p", 1 << 10);
        Assert.Equal(KeystoreFault.ParametersOutOfBounds, Keystores.Refusal(() => Keystore.Decrypt(json, Keystores.Password)).Fault);
    }

    [Theory]
    [InlineData("c", 0L, KeystoreFault.ParametersOutOfBounds)]
    [InlineData("c", 10_000_001L, KeystoreFault.ParametersOutOfBounds)]
    [InlineData("c", 1L << 40, KeystoreFault.ParametersOutOfBounds)]
    [InlineData("prf", "hmac-sha1", KeystoreFault.UnsupportedKdf)]
    public void Pbkdf2_is_bounded_before_any_work(string name, object value, KeystoreFault fault)
    {
        var json = Keystores.With(Keystores.SpecificationPbkdf2, "crypto.kdf.params." + name, JsonValue.Create(value));
        Assert.Equal(fault, Keystores.Refusal(() => Keystore.Decrypt(json, Keystores.Password)).Fault);
    }

    [Theory]
    [InlineData("crypto")]
    [InlineData("crypto.kdf")]
    [InlineData("crypto.kdf.function")]
    [InlineData("crypto.kdf.params")]
    [InlineData("crypto.kdf.params.dklen")]
    [InlineData("crypto.kdf.params.n")]
    [InlineData("crypto.kdf.params.r")]
    [InlineData("crypto.kdf.params.p")]
    [InlineData("crypto.kdf.params.salt")]
    [InlineData("crypto.checksum")]
    [InlineData("crypto.checksum.message")]
    [InlineData("crypto.cipher")]
    [InlineData("crypto.cipher.params")]
    [InlineData("crypto.cipher.params.iv")]
    [InlineData("crypto.cipher.message")]
    [InlineData("pubkey")]
    [InlineData("path")]
    [InlineData("uuid")]
    [InlineData("version")]
    public void A_missing_field_is_named(string path)
    {
        var e = Keystores.Refusal(() => Keystore.Decrypt(Keystores.With(Scrypt, path, null), Keystores.Password));
        Assert.Equal(KeystoreFault.Malformed, e.Fault);
        Assert.EndsWith("it has no " + path, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_altered_byte_of_salt_iv_checksum_or_secret_fails_the_checksum()
    {
        // The iv is the exception: the checksum of EIP-2335 leaves it out, and the public key catches it.
        foreach (var path in new[] { "crypto.kdf.params.salt", "crypto.checksum.message", "crypto.cipher.message", "crypto.cipher.params.iv" })
        {
            var digits = (string)path.Split('.').Aggregate(JsonNode.Parse(Scrypt)!, (node, name) => node[name]!)!;
            var altered = (digits[0] == '0' ? '1' : '0') + digits[1..];
            var fault = Keystores.Refusal(() => Keystore.Decrypt(Keystores.With(Scrypt, path, altered), Keystores.Password)).Fault;
            Assert.Equal(path.EndsWith("iv", StringComparison.Ordinal) ? KeystoreFault.KeyMismatch : KeystoreFault.WrongPassword, fault);
        }
    }

    [Fact]
    public void Every_truncation_is_malformed()
    {
        var text = Scrypt.TrimEnd();
        for (var length = 0; length < text.Length; length++)
        {
            Assert.Equal(KeystoreFault.Malformed, Keystores.Refusal(() => Keystore.StatedPublicKey(text[..length])).Fault);
        }
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("4")]
    [InlineData("{}")]
    [InlineData("{\"version\":4,\"version\":4}")]
    [InlineData("{\"version\":4,\"path\":\"\\ud800\"}")]
    [InlineData("{\"version\":4,\"path\":\"\ud800\"}")]
    [InlineData("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]")]
    [InlineData("not json")]
    public void What_is_no_keystore_is_malformed(string json) =>
        Assert.Equal(KeystoreFault.Malformed, Keystores.Refusal(() => Keystore.StatedPublicKey(json)).Fault);

    [Fact]
    public void A_doubled_field_is_refused() => Assert.Equal(
        KeystoreFault.Malformed,
        Keystores.Refusal(() => Keystore.StatedPublicKey("{ \"path\": \"\"," + Scrypt.TrimStart()[1..])).Fault);

    [Fact]
    public void Overlong_text_is_refused_unread() =>
        Assert.Equal(KeystoreFault.TooLarge, Keystores.Refusal(() => Keystore.StatedPublicKey(new string(' ', Keystore.MaxSize) + Scrypt)).Fault);

    [Fact]
    public void Text_from_the_file_reaches_messages_bounded_and_printable()
    {
        var name = "\u001b[31m" + new string('x', 1000);
        var e = Keystores.Refusal(() => Keystore.StatedPublicKey(Keystores.With(Scrypt, "crypto.kdf.function", name)));
        Assert.DoesNotContain('\u001b', e.Message);
        Assert.InRange(e.Message.Length, 1, 200);
    }

    [Fact]
    public void Mutated_keystores_are_read_or_refused_and_nothing_else() => Seeded.Run(3000, random =>
    {
        var text = Scrypt.ToCharArray();
        for (var mutations = random.Next(1, 4); mutations > 0; mutations--)
        {
            text[random.Next(text.Length)] = random.Next(4) == 0 ? (char)random.Next(0x10000) : (char)random.Next(0x20, 0x7f);
        }

        try
        {
            Keystore.StatedPublicKey(new string(text));
        }
        catch (KeystoreException e)
        {
            Assert.NotEmpty(e.Message);
        }
    });
}
