using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LuxTensor.Core;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;
using LuxTensor.Node.Client;

namespace LuxTensor.Node.Configuration;

/// <summary>An epoch's validator set, as luxtensor validators --json prints it: one JSON object a line, in order.</summary>
internal static class ValidatorsFile
{
    private const int MaxFileBytes = 8 << 20;

    /// <summary>Reads the set.</summary>
    /// <exception cref="CommandFailure">There is no such file, or it is no set; the message names the line.</exception>
    internal static EpochSnapshot Read(string path, ulong epoch)
    {
        var text = Encoding.UTF8.GetString(BoundedFile.Read(path, MaxFileBytes, "validator set file"));
        var members = ImmutableArray.CreateBuilder<EpochValidator>();
        var number = 0;
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries))
        {
            number++;
            if (line.Length == 0)
            {
                continue;
            }

            if (members.Count == WireLimits.MaxValidators)
            {
                throw CommandFailure.Usage($"{path} has more than {WireLimits.MaxValidators} validators: it is no set");
            }

            members.Add(ReadMember(path, number, line, (ulong)members.Count));
        }

        try
        {
            return new EpochSnapshot(epoch, members.ToImmutable());
        }
        catch (ArgumentException e)
        {
            throw CommandFailure.Usage($"{path} is no validator set: {e.Message}");
        }
    }

    private static EpochValidator ReadMember(string path, int number, string line, ulong expected)
    {
        JsonNode? member;
        try
        {
            member = JsonNode.Parse(line);
        }
        catch (JsonException)
        {
            throw Bad(path, number, "is no JSON");
        }

        Span<byte> key = stackalloc byte[PublicKey.Size];
        if (member is not JsonObject fields || fields["publicKey"]?.ToString() is not { Length: 2 + (2 * PublicKey.Size) } text
            || !text.StartsWith("0x", StringComparison.Ordinal) || !Hex.TryDecode(text[2..], key))
        {
            throw Bad(path, number, "has no publicKey");
        }

        if (Quantity.Wide(fields["stake"]) is not { } stake)
        {
            throw Bad(path, number, "has no stake");
        }

        var known = new PublicKey(key);
        return Quantity.Read(fields["index"]) == expected
            ? new EpochValidator(Address.Of(known), known, stake)
            : throw Bad(path, number, $"is not of index {expected}: a set's members come in order, and all of them");
    }

    private static CommandFailure Bad(string path, int line, string what) => CommandFailure.Usage(
        $"line {line} of {path} {what}: luxtensor validators --epoch N --json prints a set");
}
