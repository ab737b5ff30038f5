using System.Text;

namespace LuxTensor.Network;

/// <summary>base58btc, for the few dozen bytes of a peer id; its cost grows with the square of the length, so the length is bounded.</summary>
internal static class Base58
{
    /// <summary>The most characters that are decoded, and the most bytes that are encoded.</summary>
    internal const int MaxLength = 128;

    private const string Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    internal static string Encode(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, MaxLength);
        Span<byte> digits = stackalloc byte[MaxLength * 2]; // base 58, the lowest first
        var count = 0;
        foreach (var value in bytes)
        {
            int carry = value;
            for (var i = 0; i < count || carry > 0; i++)
            {
                carry += i < count ? digits[i] << 8 : 0;
                digits[i] = (byte)(carry % 58);
                carry /= 58;
                count = int.Max(count, i + 1);
            }
        }

        var zeros = bytes.IndexOfAnyExcept((byte)0) is >= 0 and var at ? at : bytes.Length;
        var text = new StringBuilder(zeros + count).Append('1', zeros);
        for (var i = count - 1; i >= 0; i--)
        {
            text.Append(Alphabet[digits[i]]);
        }

        return text.ToString();
    }

    /// <summary>The bytes, or null where the text is too long or holds another character.</summary>
    internal static byte[]? Decode(ReadOnlySpan<char> text)
    {
        if (text.Length > MaxLength)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[MaxLength]; // the lowest first
        var count = 0;
        foreach (var character in text)
        {
            var carry = Alphabet.IndexOf(character, StringComparison.Ordinal);
            if (carry < 0)
            {
                return null;
            }

            for (var i = 0; i < count || carry > 0; i++)
            {
                carry += i < count ? bytes[i] * 58 : 0;
                bytes[i] = (byte)carry;
                carry >>= 8;
                count = int.Max(count, i + 1);
            }
        }

        var zeros = text.IndexOfAnyExcept('1') is >= 0 and var at ? at : text.Length;
        var result = new byte[zeros + count];
        for (var i = 0; i < count; i++)
        {
            result[zeros + i] = bytes[count - 1 - i];
        }

        return result;
    }
}
