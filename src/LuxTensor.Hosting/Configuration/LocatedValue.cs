using System.Text;
using System.Text.Json;

namespace LuxTensor.Hosting.Configuration;

/// <summary>A JSON value that knows its line, so that whatever is wrong with it can be said with the place. A closed set.</summary>
internal abstract record LocatedValue(int Line)
{
    private const int MaxDepth = 16;

    /// <summary>What a human calls it.</summary>
    internal abstract string Kind { get; }

    /// <summary>An object; a key that is written twice is here twice.</summary>
    internal sealed record Object(int Line, IReadOnlyList<Member> Members) : LocatedValue(Line)
    {
        internal override string Kind => "an object";
    }

    /// <summary>A list.</summary>
    internal sealed record List(int Line, IReadOnlyList<LocatedValue> Items) : LocatedValue(Line)
    {
        internal override string Kind => "a list";
    }

    /// <summary>A string.</summary>
    internal sealed record Text(int Line, string Value) : LocatedValue(Line)
    {
        internal override string Kind => "a string";
    }

    /// <summary>A number, as it is written.</summary>
    internal sealed record Number(int Line, string Written) : LocatedValue(Line)
    {
        internal override string Kind => "a number";
    }

    /// <summary>true or false.</summary>
    internal sealed record Flag(int Line, bool Value) : LocatedValue(Line)
    {
        internal override string Kind => Value ? "true" : "false";
    }

    /// <summary>null.</summary>
    internal sealed record Nothing(int Line) : LocatedValue(Line)
    {
        internal override string Kind => "null";
    }

    /// <summary>A key of an object and its value.</summary>
    internal sealed record Member(int Line, string Key, LocatedValue Value);

    /// <summary>Reads one JSON value; comments and trailing commas are allowed.</summary>
    /// <exception cref="JsonException">The bytes are no JSON; the line is counted from 0.</exception>
    internal static LocatedValue Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(
            json, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = MaxDepth });
        var lines = new LineCounter(json);
        if (!reader.Read())
        {
            throw new JsonException("the file is empty", null, 0, 0);
        }

        var value = Read(ref reader, ref lines);
        reader.Read(); // anything after the value is an error of the reader
        return value;
    }

    private static LocatedValue Read(ref Utf8JsonReader reader, ref LineCounter lines)
    {
        var line = lines.At(reader.TokenStartIndex);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var members = new List<Member>();
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    var at = lines.At(reader.TokenStartIndex);
                    var key = reader.GetString()!;
                    reader.Read();
                    members.Add(new Member(at, key, Read(ref reader, ref lines)));
                }

                return new Object(line, members);
            case JsonTokenType.StartArray:
                var items = new List<LocatedValue>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(Read(ref reader, ref lines));
                }

                return new List(line, items);
            case JsonTokenType.String:
                return new Text(line, reader.GetString()!);
            case JsonTokenType.Number:
                return new Number(line, Encoding.UTF8.GetString(reader.ValueSpan));
            case JsonTokenType.True or JsonTokenType.False:
                return new Flag(line, reader.TokenType == JsonTokenType.True);
            default:
                return new Nothing(line);
        }
    }

    // Tokens come in order, so every byte is looked at once.
    private ref struct LineCounter(ReadOnlySpan<byte> json)
    {
        private readonly ReadOnlySpan<byte> json = json;
        private int counted;
        private int line = 1;

        internal int At(long offset)
        {
            line += json[counted..(int)offset].Count((byte)'\n');
            counted = (int)offset;
            return line;
        }
    }
}
