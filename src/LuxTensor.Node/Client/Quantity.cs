using System.Globalization;
using System.Text.Json.Nodes;

namespace LuxTensor.Node.Client;

/// <summary>Integers as JSON-RPC writes them: "0x" and hexadecimal digits without leading zeros.</summary>
internal static class Quantity
{
    /// <summary>Writes one.</summary>
    internal static JsonNode Of(ulong value) => $"0x{value:x}";

    /// <summary>Reads one; null where there is none.</summary>
    internal static UInt128? Wide(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<string>(out var text) && text.StartsWith("0x", StringComparison.Ordinal)
        && UInt128.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>Reads one of 64 bits; null where there is none.</summary>
    internal static ulong? Read(JsonNode? node) => Wide(node) is { } value && value <= ulong.MaxValue ? (ulong)value : null;

    /// <summary>Reads one of 64 bits that must be there.</summary>
    /// <exception cref="CommandFailure">It is not.</exception>
    internal static ulong Require(JsonNode? node, string name) =>
        Read(node) ?? throw new CommandFailure(ExitCode.Unreachable, $"the node's answer has no {name}: is it a luxtensor node?");

    /// <summary>Decimal, for humans; the node's own text where it is no quantity.</summary>
    internal static JsonNode? Decimal(JsonNode? node) => Wide(node) is { } value ? value.ToString(CultureInfo.InvariantCulture)
        : node?.DeepClone();
}
