using System.Globalization;
using System.Text.Json;
using LuxTensor.Core;
using LuxTensor.Crypto;

namespace LuxTensor.Node.Configuration;

/// <summary>
/// Reads one object of a settings file key by key. Whatever is wrong goes to the problems and yields the default, so that
/// one reading finds every fault; <see cref="End"/> then names the keys that nobody asked for.
/// </summary>
internal sealed class Section
{
    private readonly Dictionary<string, LocatedValue.Member> members = new(StringComparer.Ordinal);
    private readonly HashSet<string> known = new(StringComparer.Ordinal);
    private readonly string path;

    private Section(LocatedValue.Object value, string path, Problems problems)
    {
        this.path = path;
        Problems = problems;
        Line = value.Line;
        foreach (var member in value.Members)
        {
            if (!members.TryAdd(member.Key, member))
            {
                problems.Add(member.Line, $"{Name(member.Key)} is set twice, first in line {members[member.Key].Line}");
            }
        }
    }

    /// <summary>Where problems go.</summary>
    internal Problems Problems { get; }

    /// <summary>Where the object begins.</summary>
    internal int Line { get; }

    /// <summary>Reads a file whose text is one object.</summary>
    /// <exception cref="CommandFailure">The bytes are not one JSON object.</exception>
    internal static Section Open(ReadOnlySpan<byte> json, string file, Problems problems)
    {
        try
        {
            if (json.StartsWith("\uFEFF"u8))
            {
                json = json[3..];
            }

            return LocatedValue.Parse(json) is LocatedValue.Object value
                ? new Section(value, "", problems)
                : throw CommandFailure.Usage($"{file}: the file must be one JSON object: {{ … }}");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            var line = e is JsonException { LineNumber: { } number } ? number + 1 : 1;
            var reason = e.Message.Split(" LineNumber:")[0];
            throw CommandFailure.Usage($"{file}:{line}: not JSON (comments and trailing commas are allowed): {reason}");
        }
    }

    /// <summary>The line of a key, or of the object where the key is absent.</summary>
    internal int LineOf(string key) => members.TryGetValue(key, out var member) ? member.Line : Line;

    /// <summary>Whether a key is there.</summary>
    internal bool Has(string key) => members.ContainsKey(key);

    /// <summary>Whether a key is there and holds a number.</summary>
    internal bool IsNumber(string key) => members.TryGetValue(key, out var member) && member.Value is LocatedValue.Number;

    /// <summary>A string.</summary>
    internal string? Text(string key, bool required = false) =>
        Scalar(key, required, "a string", static value => (value as LocatedValue.Text)?.Value);

    /// <summary>A string that is the name of a file; relative to the folder of the settings file.</summary>
    internal string? File(string key, string folder, bool required = false) =>
        Text(key, required) is { Length: > 0 } text ? Path.GetFullPath(Path.Combine(folder, text)) : null;

    /// <summary>A whole number within bounds.</summary>
    internal ulong? Integer(string key, ulong least, ulong most, bool required = false)
    {
        if (Find(key, required) is not { } member)
        {
            return null;
        }

        if (member.Value is LocatedValue.Number number
            && ulong.TryParse(number.Written, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least
                && value <= most)
        {
            return value;
        }

        Wrong(member, $"must be a whole number from {least} to {most}");
        return null;
    }

    /// <summary>A duration, milliseconds.</summary>
    internal ulong? Milliseconds(string key)
    {
        if (Find(key, false) is not { } member)
        {
            return null;
        }

        var written = member.Value switch
        {
            LocatedValue.Text text => text.Value,
            LocatedValue.Number number => number.Written,
            _ => "",
        };
        var value = Duration.Parse(written, out var negative);
        if (value is null)
        {
            Wrong(member, negative ? "is negative: a duration is 0 or more" : $"must be a duration {Duration.Form}");
        }

        return value;
    }

    /// <summary>An amount, base units.</summary>
    internal UInt128? Units(string key, bool required = false)
    {
        if (Find(key, required) is not { } member)
        {
            return null;
        }

        if (member.Value is LocatedValue.Text text && Amount.Parse(text.Value) is { } value)
        {
            return value;
        }

        Wrong(member, member.Value is LocatedValue.Number ? $"must be a string, because JSON numbers are not exact: {Amount.Form}"
            : $"must be an amount: {Amount.Form}");
        return null;
    }

    /// <summary>A public key.</summary>
    internal PublicKey? Key(string key, bool required = false)
    {
        PublicKey parsed = default;
        var found = Scalar(
            key, required, "a public key: 0x and 64 hexadecimal digits",
            value => value is LocatedValue.Text it && PublicKey.TryParse(it.Value, out parsed) ? it.Value : null);
        return found is null ? null : parsed;
    }

    /// <summary>An address.</summary>
    internal Address? Account(string key, bool required = false)
    {
        Address parsed = default;
        var found = Scalar(
            key, required, "an address: 0x and 40 hexadecimal digits",
            value => value is LocatedValue.Text it && Address.TryParse(it.Value, out parsed) ? it.Value : null);
        return found is null ? null : parsed;
    }

    /// <summary>Strings in a list; an absent list is empty.</summary>
    internal IReadOnlyList<(int Line, string Value)> Texts(string key)
    {
        var result = new List<(int, string)>();
        foreach (var item in Items(key))
        {
            if (item is LocatedValue.Text text)
            {
                result.Add((text.Line, text.Value));
            }
            else
            {
                Problems.Add(item.Line, $"{Name(key)} must be a list of strings, not of {item.Kind}");
            }
        }

        return result;
    }

    /// <summary>The objects of a list; an absent list is empty.</summary>
    internal IReadOnlyList<Section> Sections(string key)
    {
        var result = new List<Section>();
        foreach (var (index, item) in Items(key).Index())
        {
            if (item is LocatedValue.Object value)
            {
                result.Add(new Section(value, $"{Name(key)}[{index}].", Problems));
            }
            else
            {
                Problems.Add(item.Line, $"{Name(key)}[{index}] must be an object, not {item.Kind}");
            }
        }

        return result;
    }

    /// <summary>The object under a key, empty where it is absent.</summary>
    internal Section Inner(string key)
    {
        var member = Find(key, false);
        if (member is not null && member.Value is not LocatedValue.Object)
        {
            Wrong(member, "must be an object: { … }");
        }

        return new Section(
            member?.Value as LocatedValue.Object ?? new LocatedValue.Object(member?.Line ?? Line, []), $"{Name(key)}.", Problems);
    }

    /// <summary>Says that a value is wrong.</summary>
    internal void Wrong(string key, string rule)
    {
        if (members.TryGetValue(key, out var member))
        {
            Wrong(member, rule);
        }
        else
        {
            Problems.Add(Line, $"{Name(key)} {rule}");
        }
    }

    /// <summary>Names the keys that nobody asked for. To be called when all keys were.</summary>
    internal void End()
    {
        foreach (var member in members.Values.Where(member => !known.Contains(member.Key)))
        {
            // A key that is set already is less likely what was meant.
            var meant = Nearest.To(member.Key, known.Where(name => !members.ContainsKey(name))) ?? Nearest.To(member.Key, known);
            var hint = meant is null ? $"known are {string.Join(", ", known.Order(StringComparer.Ordinal))}"
                : $"did you mean {Name(meant)}?";
            Problems.Add(member.Line, $"unknown key {Name(Shown(member.Key))}: {hint}");
        }
    }

    private string? Scalar(string key, bool required, string rule, Func<LocatedValue, string?> read)
    {
        if (Find(key, required) is not { } member)
        {
            return null;
        }

        var value = read(member.Value);
        if (value is null)
        {
            Wrong(member, $"must be {rule}");
        }

        return value;
    }

    private IReadOnlyList<LocatedValue> Items(string key)
    {
        if (Find(key, false) is not { } member)
        {
            return [];
        }

        if (member.Value is LocatedValue.List list)
        {
            return list.Items;
        }

        Wrong(member, "must be a list: [ … ]");
        return [];
    }

    private LocatedValue.Member? Find(string key, bool required)
    {
        known.Add(key);
        if (members.TryGetValue(key, out var member))
        {
            return member;
        }

        if (required)
        {
            Problems.Add(Line, $"{Name(key)} is missing");
        }

        return null;
    }

    private void Wrong(LocatedValue.Member member, string rule)
    {
        var written = member.Value switch
        {
            LocatedValue.Text text => $"\"{Shown(text.Value)}\"",
            LocatedValue.Number number => Shown(number.Written),
            var other => other.Kind,
        };
        Problems.Add(member.Line, $"{Name(member.Key)} is {written}; it {rule}");
    }

    private static string Shown(string text) =>
        new([.. (text.Length > 80 ? $"{text[..80]}…" : text).Select(static letter => char.IsControl(letter) ? '?' : letter)]);

    private string Name(string key) => path + key;
}
