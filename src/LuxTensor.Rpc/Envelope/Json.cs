using System.Buffers;
using System.Buffers.Text;
using System.Numerics;
using System.Text.Json;
using LuxTensor.Core;
using LuxTensor.Crypto;

namespace LuxTensor.Rpc;

/// <summary>The values of Ethereum's JSON: quantities without leading zeros, data of full length, lower-case hexadecimal.</summary>
internal static class Json
{
    /// <summary>Bytes of the longest escape of one byte of text.</summary>
    public const int LongestEscape = 6;

    private const int MaxStackBytes = 1_024;

    /// <summary>Reads "0x" and 1 to 16 significant hexadecimal digits, or a JSON integer.</summary>
    public static bool TryQuantity(ref Utf8JsonReader reader, out ulong value)
    {
        value = 0;
        if (reader.TokenType == JsonTokenType.Number)
        {
            return reader.TryGetUInt64(out value);
        }

        if (reader.TokenType != JsonTokenType.String || reader.ValueSpan is not [(byte)'0', (byte)'x', .. var digits] || digits.IsEmpty)
        {
            return false;
        }

        digits = digits.TrimStart((byte)'0');
        return digits.IsEmpty
            || (digits.Length <= 16 && Utf8Parser.TryParse(digits, out value, out var read, 'x') && read == digits.Length);
    }

    /// <summary>Reads "0x" and exactly as many bytes as the destination has.</summary>
    public static bool TryBytes(ref Utf8JsonReader reader, scoped Span<byte> destination) =>
        reader.TokenType == JsonTokenType.String
        && reader.ValueSpan is [(byte)'0', (byte)'x', .. var digits]
        && digits.Length == destination.Length * 2
        && Convert.FromHexString(digits, destination, out _, out _) == OperationStatus.Done;

    /// <summary>Whether a string or name is that text. As <c>ValueTextEquals</c>, which throws on half a surrogate pair.</summary>
    public static bool Is(ref Utf8JsonReader reader, ReadOnlySpan<byte> text)
    {
        if (!reader.ValueIsEscaped)
        {
            return reader.ValueSpan.SequenceEqual(text);
        }

        if (reader.ValueSpan.Length > text.Length * LongestEscape)
        {
            return false;
        }

        Span<byte> unescaped = stackalloc byte[text.Length * LongestEscape];
        try
        {
            return unescaped[..reader.CopyString(unescaped)].SequenceEqual(text);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    public static void Quantity(this Utf8JsonWriter json, ReadOnlySpan<byte> name, ulong value)
    {
        json.WritePropertyName(name);
        json.QuantityValue(value);
    }

    public static void QuantityValue(this Utf8JsonWriter json, ulong value)
    {
        Span<byte> text = stackalloc byte[20];
        "\"0x"u8.CopyTo(text);
        var digits = int.Max(1, (67 - BitOperations.LeadingZeroCount(value)) / 4);
        WriteHex(text.Slice(3, digits), value);
        text[3 + digits] = (byte)'"';
        json.WriteRawValue(text[..(4 + digits)], skipInputValidation: true); // hexadecimal digits need no escape: spares the search for one
    }

    public static void Quantity(this Utf8JsonWriter json, ReadOnlySpan<byte> name, UInt128 value)
    {
        json.WritePropertyName(name);
        json.QuantityValue(value);
    }

    public static void QuantityValue(this Utf8JsonWriter json, UInt128 value)
    {
        if (value <= ulong.MaxValue)
        {
            json.QuantityValue((ulong)value);
            return;
        }

        Span<byte> text = stackalloc byte[36];
        "\"0x"u8.CopyTo(text);
        var high = (67 - BitOperations.LeadingZeroCount((ulong)(value >> 64))) / 4;
        WriteHex(text.Slice(3, high), (ulong)(value >> 64));
        WriteHex(text.Slice(3 + high, 16), (ulong)value);
        text[19 + high] = (byte)'"';
        json.WriteRawValue(text[..(20 + high)], skipInputValidation: true);
    }

    public static void Hash(this Utf8JsonWriter json, ReadOnlySpan<byte> name, Hash256 value)
    {
        json.WritePropertyName(name);
        json.HashValue(value);
    }

    public static void HashValue(this Utf8JsonWriter json, Hash256 value)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        value.CopyTo(bytes);
        json.DataValue(bytes);
    }

    public static void Address(this Utf8JsonWriter json, ReadOnlySpan<byte> name, Address value)
    {
        json.WritePropertyName(name);
        json.AddressValue(value);
    }

    public static void AddressValue(this Utf8JsonWriter json, Address value)
    {
        Span<byte> bytes = stackalloc byte[Core.Address.Size];
        value.CopyTo(bytes);
        json.DataValue(bytes);
    }

    public static void Data(this Utf8JsonWriter json, ReadOnlySpan<byte> name, ReadOnlySpan<byte> bytes)
    {
        json.WritePropertyName(name);
        json.DataValue(bytes);
    }

    public static void DataValue(this Utf8JsonWriter json, ReadOnlySpan<byte> bytes)
    {
        var length = 4 + (2 * bytes.Length);
        var rented = length <= MaxStackBytes ? null : ArrayPool<byte>.Shared.Rent(length);
        var text = rented is null ? stackalloc byte[length] : rented.AsSpan(0, length);
        "\"0x"u8.CopyTo(text);
        Convert.TryToHexStringLower(bytes, text[3..], out _);
        text[^1] = (byte)'"';
        json.WriteRawValue(text, skipInputValidation: true);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    // The low digits of a value, as many as there is room for.
    private static void WriteHex(Span<byte> text, ulong value)
    {
        for (var i = text.Length - 1; i >= 0; i--)
        {
            text[i] = "0123456789abcdef"u8[(int)(value & 15)];
            value >>= 4;
        }
    }
}
