namespace LuxTensor.Crypto;

/// <summary>Hexadecimal text as the chain writes it: "0x", then two lower-case digits a byte.</summary>
public static class Hex
{
    /// <summary>"0x" and the digits of <paramref name="bytes"/>.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes) => string.Concat("0x", Convert.ToHexStringLower(bytes));

    /// <summary>Reads text of exactly <c>destination.Length</c> bytes, with or without "0x"; false leaves the destination undefined.</summary>
    public static bool TryDecode(string? text, Span<byte> destination)
    {
        var digits = text.AsSpan();
        if (digits.StartsWith("0x", StringComparison.Ordinal))
        {
            digits = digits[2..];
        }

        return digits.Length == destination.Length * 2
            && Convert.FromHexString(digits, destination, out _, out _) == System.Buffers.OperationStatus.Done;
    }
}
