using System.Text;
using System.Text.Json;
using LuxTensor.Core;
using LuxTensor.Crypto;

namespace LuxTensor.Rpc;

/// <summary>
/// Reads a call's positional arguments in order. The first fault sticks; later reads then yield defaults, so a method
/// checks once, with <see cref="End"/>.
/// </summary>
internal ref struct Arguments
{
    private Utf8JsonReader reader;
    private int index;
    private bool ended;
    private RpcError? fault;

    /// <summary>Over the raw text of an array; empty for no arguments.</summary>
    public Arguments(ReadOnlySpan<byte> json)
    {
        ended = json.Length <= 2; // none, or "[]"
        if (!ended)
        {
            reader = new Utf8JsonReader(json);
            reader.Read();
        }
    }

    /// <summary>The first fault, one for arguments left over, or null.</summary>
    public RpcError? End()
    {
        var taken = index;
        if (fault is null && Next())
        {
            fault = RpcError.Invalid($"too many arguments, at most {taken} are taken");
        }

        return fault;
    }

    /// <summary>Records a fault; the first one is kept.</summary>
    public void Fail(string what) => fault ??= RpcError.Invalid(what);

    /// <summary>An integer below 2^64: "0x" and hexadecimal digits, or a JSON number.</summary>
    public ulong Quantity(string name)
    {
        if (!Required(name))
        {
            return 0;
        }

        if (Json.TryQuantity(ref reader, out var value))
        {
            return value;
        }

        Fail($"{name} must be a quantity such as \"0x1a\", below 2^64");
        return 0;
    }

    /// <summary>As <see cref="Quantity(string)"/>, or a default where it is left out or null.</summary>
    public ulong Quantity(string name, ulong otherwise)
    {
        if (!Optional())
        {
            return otherwise;
        }

        if (Json.TryQuantity(ref reader, out var value))
        {
            return value;
        }

        Fail($"{name} must be a quantity such as \"0x1a\", below 2^64");
        return otherwise;
    }

    /// <summary>As <see cref="Quantity(string, ulong)"/>; "latest" means the default, too.</summary>
    public ulong QuantityOrLatest(string name, ulong otherwise)
    {
        if (!Optional() || (reader.TokenType == JsonTokenType.String && Json.Is(ref reader, "latest"u8)))
        {
            return otherwise;
        }

        if (Json.TryQuantity(ref reader, out var value))
        {
            return value;
        }

        Fail($"{name} must be latest, or a quantity such as \"0x1a\", below 2^64");
        return otherwise;
    }

    /// <summary>A digest, or null where it is left out or null.</summary>
    public Hash256? OptionalHash(string name)
    {
        if (!Optional())
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[Hash256.Size];
        if (!Json.TryBytes(ref reader, bytes))
        {
            Fail($"{name} must be \"0x\" and 64 hexadecimal digits");
        }

        return fault is null ? new Hash256(bytes) : null;
    }

    /// <summary>A digest.</summary>
    public Hash256 Hash(string name)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        if (Required(name) && !Json.TryBytes(ref reader, bytes))
        {
            Fail($"{name} must be \"0x\" and 64 hexadecimal digits");
        }

        return fault is null ? new Hash256(bytes) : default;
    }

    /// <summary>An address.</summary>
    public Address Address(string name)
    {
        Span<byte> bytes = stackalloc byte[Core.Address.Size];
        if (Required(name) && !Json.TryBytes(ref reader, bytes))
        {
            Fail($"{name} must be \"0x\" and 40 hexadecimal digits");
        }

        return fault is null ? new Address(bytes) : default;
    }

    /// <summary>Bytes, at most so many.</summary>
    public byte[] Data(string name, int limit)
    {
        if (!Required(name))
        {
            return [];
        }

        if (reader.TokenType == JsonTokenType.String && reader.ValueSpan is [(byte)'0', (byte)'x', .. var digits]
            && digits.Length % 2 == 0 && digits.Length / 2 <= limit)
        {
            var bytes = new byte[digits.Length / 2];
            if (Convert.FromHexString(digits, bytes, out _, out _) == System.Buffers.OperationStatus.Done)
            {
                return bytes;
            }
        }

        Fail($"{name} must be \"0x\" and an even number of hexadecimal digits, at most {limit} bytes");
        return [];
    }

    /// <summary>True or false; false where it is left out or null.</summary>
    public bool Flag(string name)
    {
        if (!Optional())
        {
            return false;
        }

        if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False))
        {
            Fail($"{name} must be true or false");
        }

        return reader.TokenType == JsonTokenType.True;
    }

    /// <summary>One of a few words.</summary>
    public string Word(string name, params ReadOnlySpan<string> allowed) => Required(name) ? OneOf(name, allowed) : "";

    /// <summary>One of a few words, or a default where it is left out or null.</summary>
    public string OptionalWord(string name, string otherwise, params ReadOnlySpan<string> allowed) => Optional() ? OneOf(name, allowed) : otherwise;

    /// <summary>A subscription's or filter's id as it was given out; empty where it cannot be one.</summary>
    public string Token(string name)
    {
        if (!Required(name))
        {
            return "";
        }

        if (reader.TokenType != JsonTokenType.String)
        {
            Fail($"{name} must be a string");
            return "";
        }

        return reader.ValueSpan.Length <= 66 && !reader.ValueIsEscaped ? reader.GetString()! : "";
    }

    /// <summary>A block's number or tag.</summary>
    public BlockReference Block(string name, bool allowHash = false)
    {
        var block = default(BlockReference);
        if (Required(name) && !BlockReference.TryRead(ref reader, allowHash, out block))
        {
            Fail(BlockReference.Expectation(name, allowHash));
        }

        return block;
    }

    /// <summary>As <see cref="Block"/>, or a default where it is left out or null.</summary>
    public BlockReference OptionalBlock(string name, BlockTag otherwise, bool allowHash = true)
    {
        if (!Optional())
        {
            return new BlockReference(otherwise);
        }

        if (!BlockReference.TryRead(ref reader, allowHash, out var block))
        {
            Fail(BlockReference.Expectation(name, allowHash));
        }

        return block;
    }

    /// <summary>The members of an object, each handed to <paramref name="member"/>, which reads its value; false where it is left out or null.</summary>
    public bool Members(string name, MemberReader member)
    {
        if (!Optional())
        {
            return false;
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            Fail($"{name} must be an object");
            reader.Skip();
            return false;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.ValueIsEscaped || reader.ValueSpan.Length > 64 ? "" : reader.GetString()!;
            reader.Read();
            var copy = reader; // the callback may read part of the value only
            if (member(key, ref copy) is { } what)
            {
                Fail($"{name}.{key} {what}");
            }

            reader.Skip();
        }

        return true;
    }

    /// <summary>Any value, or none: read past.</summary>
    public void Any()
    {
        if (Optional())
        {
            reader.Skip();
        }
    }

    private bool Required(string name)
    {
        if (fault is null && !Optional())
        {
            Fail($"missing argument {index}, {name}");
        }

        return fault is null;
    }

    private string OneOf(string name, scoped ReadOnlySpan<string> allowed)
    {
        foreach (var word in allowed)
        {
            if (reader.TokenType == JsonTokenType.String && Json.Is(ref reader, Encoding.ASCII.GetBytes(word)))
            {
                return word;
            }
        }

        Fail($"{name} must be one of {string.Join(", ", allowed)}");
        return "";
    }

    // Whether there is another argument, and it is not null.
    private bool Optional() => fault is null && Next() && reader.TokenType != JsonTokenType.Null;

    private bool Next()
    {
        if (ended)
        {
            index++;
            return false;
        }

        if (index > 0)
        {
            reader.Skip(); // what is left of the argument before
        }

        ended = !reader.Read() || reader.TokenType == JsonTokenType.EndArray;
        index++;
        return !ended;
    }
}

/// <summary>Reads one member's value; says what is wrong with it, or null. A member it does not know is no fault.</summary>
internal delegate string? MemberReader(string name, ref Utf8JsonReader value);
