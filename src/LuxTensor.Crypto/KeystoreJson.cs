using System.Buffers;
using System.Text;
using System.Text.Json;

namespace LuxTensor.Crypto;

/// <summary>What a keystore says, with every length checked: checksum and cipher text of 32 bytes, iv of 16.</summary>
internal sealed record KeystoreContent(
    KeystoreKdf Kdf, byte[] Salt, byte[] Checksum, byte[] Iv, byte[] CipherText, byte[] PublicKey, string Description);

/// <summary>The JSON of EIP-2335. Fields beyond the ones named there are ignored; doubled ones are refused.</summary>
internal static class KeystoreJson
{
    private const int Version = 4;
    private const int MaxDepth = 8;
    private const int MaxPublicKeySize = 256;

    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    internal static string Write(KeystoreContent content)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Indented))
        {
            json.WriteStartObject();
            json.WriteStartObject("crypto");
            WriteModule(json, "kdf", FunctionName(content.Kdf), [], content, WriteKdfParameters);
            WriteModule(json, "checksum", "sha256", content.Checksum, content, static (_, _) => { });
            WriteModule(json, "cipher", "aes-128-ctr", content.CipherText, content, static (j, c) => j.WriteString("iv", Text(c.Iv)));
            json.WriteEndObject();
            json.WriteString("description", content.Description);
            json.WriteString("pubkey", Text(content.PublicKey));
            json.WriteString("path", "");
            json.WriteString("uuid", Guid.NewGuid());
            json.WriteNumber("version", Version);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    /// <exception cref="KeystoreException">Malformed, TooLarge, UnsupportedVersion, UnsupportedKdf, UnsupportedCipher or ParametersOutOfBounds.</exception>
    internal static KeystoreContent Read(string json)
    {
        if (json.Length > Keystore.MaxSize)
        {
            throw new KeystoreException(KeystoreFault.TooLarge, $"the keystore has {json.Length} characters; at most {Keystore.MaxSize} are read");
        }

        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false });
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            // The last two: half a surrogate pair, escaped or plain, which the parser finds only when it makes text of it.
            throw new KeystoreException(KeystoreFault.Malformed, $"the keystore is not JSON: {e.Message}", e);
        }
    }

    private static KeystoreContent Read(JsonElement root)
    {
        var version = Integer(root, "version", "version");
        if (version != Version)
        {
            throw new KeystoreException(
                KeystoreFault.UnsupportedVersion, $"the keystore is of version {version}; only version {Version} (EIP-2335) is read");
        }

        _ = String(root, "path", "path");
        _ = String(root, "uuid", "uuid");
        var crypto = Object(root, "crypto", "crypto");
        var kdf = Object(crypto, "kdf", "crypto.kdf");
        var checksum = Object(crypto, "checksum", "crypto.checksum");
        var cipher = Object(crypto, "cipher", "crypto.cipher");
        RequireFunction(checksum, "checksum", "sha256");
        RequireFunction(cipher, "cipher", "aes-128-ctr");
        var parameters = Object(kdf, "params", "crypto.kdf.params");
        var content = new KeystoreContent(
            ReadKdf(String(kdf, "function", "crypto.kdf.function"), parameters),
            Bytes(parameters, "salt", "crypto.kdf.params.salt", 0, KeystoreKdf.MaxSaltSize),
            Bytes(checksum, "message", "crypto.checksum.message", Hash256.Size, Hash256.Size),
            Bytes(Object(cipher, "params", "crypto.cipher.params"), "iv", "crypto.cipher.params.iv", 16, 16),
            Bytes(cipher, "message", "crypto.cipher.message", Ed25519Provider.SeedSize, Ed25519Provider.SeedSize),
            Bytes(root, "pubkey", "pubkey", 1, MaxPublicKeySize),
            root.TryGetProperty("description", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : "");
        content.Kdf.Require(content.Salt.Length);
        return content;
    }

    private static KeystoreKdf ReadKdf(string function, JsonElement parameters)
    {
        const string At = "crypto.kdf.params.";
        if (function is not ("argon2id" or "scrypt" or "pbkdf2"))
        {
            throw new KeystoreException(
                KeystoreFault.UnsupportedKdf, $"the keystore's kdf is \"{Shown(function)}\"; argon2id, scrypt and pbkdf2 are known");
        }

        var length = Integer(parameters, "dklen", At + "dklen");
        if (length != KeystoreKdf.DerivedKeySize)
        {
            throw new KeystoreException(
                KeystoreFault.ParametersOutOfBounds, $"the keystore's {At}dklen is {length}; it must be {KeystoreKdf.DerivedKeySize}");
        }

        switch (function)
        {
            case "argon2id":
                return new KeystoreKdf.Argon2id(
                    Integer(parameters, "opslimit", At + "opslimit"), Integer(parameters, "memlimit", At + "memlimit"));
            case "scrypt":
                return new KeystoreKdf.Scrypt(
                    Integer(parameters, "n", At + "n"), Integer(parameters, "r", At + "r"), Integer(parameters, "p", At + "p"));
            default:
                var prf = String(parameters, "prf", At + "prf");
                return prf is "hmac-sha256"
                    ? new KeystoreKdf.Pbkdf2(Integer(parameters, "c", At + "c"))
                    : throw new KeystoreException(
                        KeystoreFault.UnsupportedKdf, $"the keystore's {At}prf is \"{Shown(prf)}\"; only hmac-sha256 is known");
        }
    }

    private static string FunctionName(KeystoreKdf kdf) => kdf switch
    {
        KeystoreKdf.Argon2id => "argon2id",
        KeystoreKdf.Scrypt => "scrypt",
        _ => "pbkdf2",
    };

    private static void WriteKdfParameters(Utf8JsonWriter json, KeystoreContent content)
    {
        json.WriteNumber("dklen", KeystoreKdf.DerivedKeySize);
        switch (content.Kdf)
        {
            case KeystoreKdf.Argon2id argon:
                json.WriteNumber("opslimit", argon.OpsLimit);
                json.WriteNumber("memlimit", argon.MemLimit);
                break;
            case KeystoreKdf.Scrypt scrypt:
                json.WriteNumber("n", scrypt.N);
                json.WriteNumber("r", scrypt.R);
                json.WriteNumber("p", scrypt.P);
                break;
            case KeystoreKdf.Pbkdf2 pbkdf2:
                json.WriteNumber("c", pbkdf2.C);
                json.WriteString("prf", "hmac-sha256");
                break;
        }

        json.WriteString("salt", Text(content.Salt));
    }

    private static void WriteModule(
        Utf8JsonWriter json,
        string name,
        string function,
        byte[] message,
        KeystoreContent content,
        Action<Utf8JsonWriter, KeystoreContent> parameters)
    {
        json.WriteStartObject(name);
        json.WriteString("function", function);
        json.WriteStartObject("params");
        parameters(json, content);
        json.WriteEndObject();
        json.WriteString("message", Text(message));
        json.WriteEndObject();
    }

    private static void RequireFunction(JsonElement module, string name, string expected)
    {
        var function = String(module, "function", $"crypto.{name}.function");
        if (!string.Equals(function, expected, StringComparison.Ordinal))
        {
            throw new KeystoreException(
                KeystoreFault.UnsupportedCipher, $"the keystore's {name} is \"{Shown(function)}\"; only {expected} is known");
        }
    }

    private static JsonElement Object(JsonElement parent, string name, string path) => Field(parent, name, path, JsonValueKind.Object);

    private static string String(JsonElement parent, string name, string path) => Field(parent, name, path, JsonValueKind.String).GetString()!;

    private static long Integer(JsonElement parent, string name, string path) =>
        Field(parent, name, path, JsonValueKind.Number).TryGetInt64(out var value) ? value : throw Malformed($"its {path} is not an integer");

    private static byte[] Bytes(JsonElement parent, string name, string path, int min, int max)
    {
        var digits = String(parent, name, path);
        digits = digits.StartsWith("0x", StringComparison.Ordinal) ? digits[2..] : digits;
        if (digits.Length < min * 2 || digits.Length > max * 2)
        {
            throw Malformed($"its {path} has {digits.Length} hexadecimal digits; {(min == max ? "" : $"{min * 2} to ")}{max * 2} are needed");
        }

        var bytes = new byte[digits.Length / 2];
        return Hex.TryDecode(digits, bytes) ? bytes : throw Malformed($"its {path} is not hexadecimal");
    }

    private static JsonElement Field(JsonElement parent, string name, string path, JsonValueKind kind)
    {
        if (parent.ValueKind != JsonValueKind.Object || !parent.TryGetProperty(name, out var field))
        {
            throw Malformed($"it has no {path}");
        }

        return field.ValueKind == kind ? field : throw Malformed($"its {path} is not of type {kind.ToString().ToLowerInvariant()}");
    }

    private static KeystoreException Malformed(string what) =>
        new(KeystoreFault.Malformed, $"the keystore is not of the EIP-2335 layout: {what}");

    // Text from the file goes into a message bounded and printable.
    private static string Shown(string text) =>
        string.Concat(text.Take(40).Select(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '?'));

    private static string Text(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
