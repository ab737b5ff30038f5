using System.Text.Json;

namespace LuxTensor.Hosting.Configuration;

/// <summary>
/// Reads one object of a settings file key by key. Whatever is wrong goes to the problems and yields the default, so that
/// one reading finds every fault; <see cref="End"/> then names the keys that nobody asked for.
/// </summary>
internal sealed partial class Section
{
    private readonly Dictionary<string, LocatedValue.Member> members = new(StringComparer.Ordinal);
    private readonly HashSet<string> known = new(StringComparer.Ordinal);
    private readonly string path;
    private readonly Overrides overrides;

    private Section(LocatedValue.Object value, string path, Problems problems, Overrides overrides)
    {
        this.path = path;
        this.overrides = overrides;
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
    internal static Section Open(ReadOnlySpan<byte> json, string file, Problems problems, Overrides? overrides = null)
    {
        try
        {
            if (json.StartsWith("\uFEFF"u8))
            {
                json = json[3..];
            }

            return LocatedValue.Parse(json) is LocatedValue.Object value
                ? new Section(value, "", problems, overrides ?? Overrides.None)
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
    internal int LineOf(string key) => Value(key, asJson: false)?.Line ?? Line;

    /// <summary>Whether any key is there, in the file or in the environment.</summary>
    internal bool HasAny => members.Count > 0 || overrides.HasAny(path);

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
                result.Add(new Section(value, $"{Name(key)}[{index}].", Problems, Overrides.None));
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
        var member = Find(key, false, asJson: true);
        if (member is not null && member.Value is not LocatedValue.Object)
        {
            Wrong(member, "must be an object: { … }");
        }

        return new Section(
            member?.Value as LocatedValue.Object ?? new LocatedValue.Object(member?.Line ?? Line, []), $"{path}{key}.", Problems, overrides);
    }

    /// <summary>Says that a value is wrong; without showing it where it may hold a secret.</summary>
    internal void Wrong(string key, string rule, bool secret = false)
    {
        if (Value(key, asJson: false) is { } member && !secret)
        {
            Wrong(member, rule);
        }
        else
        {
            Problems.Add(LineOf(key), $"{Name(key)} {rule}");
        }
    }

    /// <summary>Names the keys that nobody asked for. To be called when all keys were; for the whole file last.</summary>
    internal void End()
    {
        if (path.Length == 0)
        {
            overrides.End(Problems);
        }

        foreach (var member in members.Values.Where(member => !known.Contains(member.Key)))
        {
            // A key that is set already is less likely what was meant.
            var meant = Nearest.To(member.Key, known.Where(name => !members.ContainsKey(name))) ?? Nearest.To(member.Key, known);
            var hint = meant is null ? $"known are {string.Join(", ", known.Order(StringComparer.Ordinal))}"
                : $"did you mean {Name(meant)}?";
            Problems.Add(member.Line, $"unknown key {Name(Shown(member.Key))}: {hint}");
        }
    }

    private IReadOnlyList<LocatedValue> Items(string key)
    {
        if (Find(key, false, asJson: true) is not { } member)
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

    private LocatedValue.Member? Find(string key, bool required, bool asJson = false)
    {
        known.Add(key);
        if (Value(key, asJson) is { } member)
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

    private LocatedValue.Member? Value(string key, bool asJson) =>
        overrides.TryFind(path, key, asJson, out var stated) ? stated : members.GetValueOrDefault(key);

    private string Name(string key) => overrides.Has(path, key) ? Overrides.NameOf(path + key) : path + key;
}
