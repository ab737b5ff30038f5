using System.Globalization;
using System.Text.Json;
using LuxTensor.Core;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Storage;

/// <summary>Reads an interchange file: every field that matters is there once, of the right form, and no other is.</summary>
internal static class InterchangeReader
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <summary>The highest position of each validator.</summary>
    /// <exception cref="GuardException">The file is malformed or of another chain.</exception>
    internal static Dictionary<Address, SigningPosition> Read(byte[] bytes, Hash256 genesis, out int votes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, Strict);
            return Read(document.RootElement, genesis, out votes);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException) // the second: half a surrogate pair
        {
            throw new GuardException($"the interchange file is not JSON without duplicate names: {failure.Message}", failure);
        }
    }

    private static Dictionary<Address, SigningPosition> Read(JsonElement root, Hash256 genesis, out int votes)
    {
        Only(root, "the file", "metadata", "data");
        var metadata = Field(root, "the file", "metadata", JsonValueKind.Object);
        Only(metadata, "metadata", "interchange_format_version", "genesis_validators_root");
        if (Text(metadata, "metadata", "interchange_format_version") is not "5" and var version)
        {
            throw new GuardException($"metadata.interchange_format_version is \"{Short(version)}\": only version \"5\" is known");
        }

        var origin = Text(metadata, "metadata", "genesis_validators_root");
        if (!Hash256.TryParse(origin, out var hash) || hash != genesis)
        {
            throw new GuardException(
                $"metadata.genesis_validators_root is {Short(origin)}, this guard's genesis is {genesis}: the file is of another chain");
        }

        votes = 0;
        var highest = new Dictionary<Address, SigningPosition>();
        var index = 0;
        foreach (var item in Field(root, "the file", "data", JsonValueKind.Array).EnumerateArray())
        {
            var name = $"data[{index++}]";
            Only(item, name, "pubkey", "signed_blocks", "signed_attestations");
            var validator = ValidatorOf(Text(item, name, "pubkey"), name);
            SigningPosition? last = null;
            ReadAll(item, name, "signed_blocks", ref last, ref votes, ReadBlock);
            ReadAll(item, name, "signed_attestations", ref last, ref votes, ReadAttestation);
            if (highest.ContainsKey(validator))
            {
                throw new GuardException($"{name}.pubkey: validator {validator} is listed twice");
            }

            if (last is { } position)
            {
                highest.Add(validator, position);
            }
        }

        return highest;
    }

    private static void ReadAll(
        JsonElement item, string parent, string list, ref SigningPosition? last, ref int votes, Func<JsonElement, string, SigningPosition> read)
    {
        var index = 0;
        foreach (var entry in Field(item, parent, list, JsonValueKind.Array).EnumerateArray())
        {
            last = GuardStore.Max(last, read(entry, $"{parent}.{list}[{index++}]"));
            votes++;
        }
    }

    private static SigningPosition ReadBlock(JsonElement entry, string name)
    {
        Only(entry, name, "slot", "signing_root");
        CheckRoot(entry, name);
        var slot = Number(entry, name, "slot");
        return InterchangePlaces.OfSlot(slot) ?? throw new GuardException($"{name}.slot is {slot}, which stands for no height and round");
    }

    private static SigningPosition ReadAttestation(JsonElement entry, string name)
    {
        Only(entry, name, "source_epoch", "target_epoch", "signing_root");
        CheckRoot(entry, name);
        var position = InterchangePlaces.OfTarget(Number(entry, name, "target_epoch"));
        var source = Number(entry, name, "source_epoch");
        return source == position.Height
            ? position
            : throw new GuardException($"{name}.source_epoch is {source}, the target is of height {position.Height}");
    }

    private static void CheckRoot(JsonElement entry, string name)
    {
        if (entry.TryGetProperty("signing_root", out _) && !Hash256.TryParse(Text(entry, name, "signing_root"), out _))
        {
            throw new GuardException($"{name}.signing_root is not 32 bytes in hexadecimal");
        }
    }

    private static Address ValidatorOf(string pubkey, string name) =>
        PublicKey.TryParse(pubkey, out var key) ? Address.Of(key)
        : Address.TryParse(pubkey, out var address) ? address
        : throw new GuardException($"{name}.pubkey is neither an Ed25519 key of 32 bytes nor an address of 20, in hexadecimal");

    private static ulong Number(JsonElement parent, string name, string field)
    {
        var text = Text(parent, name, field);
        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new GuardException($"{name}.{field} is \"{Short(text)}\": a decimal number below 2^64 is needed");
    }

    private static string Short(string text) => text.Length > 80 ? text[..80] + "…" : text;

    private static string Text(JsonElement parent, string name, string field) => Field(parent, name, field, JsonValueKind.String).GetString()!;

    private static JsonElement Field(JsonElement parent, string name, string field, JsonValueKind kind) =>
        !parent.TryGetProperty(field, out var value) ? throw new GuardException($"{name} has no {field}")
        : value.ValueKind != kind ? throw new GuardException($"{name}.{field} must be a JSON {kind.ToString().ToLowerInvariant()}")
        : value;

    private static void Only(JsonElement element, string name, params ReadOnlySpan<string> fields)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new GuardException($"{name} must be a JSON object");
        }

        foreach (var property in element.EnumerateObject())
        {
            if (!fields.Contains(property.Name))
            {
                throw new GuardException($"{name} has the unknown field {Short(property.Name)}: it may say something that this program would not heed");
            }
        }
    }
}
