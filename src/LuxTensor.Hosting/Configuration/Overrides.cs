using System.Text;
using System.Text.Json;

namespace LuxTensor.Hosting.Configuration;

/// <summary>
/// Environment variables that take the place of keys of a settings file: LUXTENSOR__RPC__HTTP stands for rpc.http, in whatever
/// case. Numbers, true and false are as in the file, lists and objects are JSON, and an empty variable takes the key away.
/// </summary>
internal sealed class Overrides
{
    private const string Prefix = "LUXTENSOR__";
    private const int MaxLength = 64 << 10;

    private readonly SortedDictionary<string, string> variables = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> known = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> keys = new(StringComparer.Ordinal);

    /// <summary>Those of an environment.</summary>
    internal Overrides(IEnumerable<KeyValuePair<string, string>> environment)
    {
        foreach (var (name, value) in environment)
        {
            if (name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            {
                variables[name] = value;
            }
        }
    }

    /// <summary>None.</summary>
    internal static Overrides None => new([]);

    /// <summary>The keys that were asked for so far, without their paths.</summary>
    internal IReadOnlyCollection<string> Known => keys;

    /// <summary>The variable that stands for a key with its path.</summary>
    internal static string NameOf(string path) => Prefix + path.Replace(".", "__", StringComparison.Ordinal).ToUpperInvariant();

    /// <summary>What stands in for a key: nothing where no variable does, a member without a value where an empty one takes it away.</summary>
    internal bool TryFind(string path, string key, bool asJson, out LocatedValue.Member? member)
    {
        var name = NameOf(path + key);
        known.Add(name);
        keys.Add(key);
        member = null;
        if (!variables.TryGetValue(name, out var written))
        {
            return false;
        }

        member = written.Length == 0 ? null : new LocatedValue.Member(0, key, ValueOf(written, asJson));
        return true;
    }

    /// <summary>Whether a variable stands for a key.</summary>
    internal bool Has(string path, string key) => variables.ContainsKey(NameOf(path + key));

    /// <summary>Whether a variable sets a key of a section.</summary>
    internal bool HasAny(string path) =>
        variables.Any(variable => variable.Value.Length > 0 && variable.Key.StartsWith(NameOf(path), StringComparison.OrdinalIgnoreCase));

    /// <summary>Names the variables that stand for no key. To be called when all keys were asked for.</summary>
    internal void End(Problems problems)
    {
        foreach (var name in variables.Keys.Where(name => !known.Contains(name)))
        {
            var meant = Nearest.To(name, known.Where(other => !variables.ContainsKey(other)));
            problems.Add(0, $"unknown environment variable {name}{(meant is null ? "" : $": did you mean {meant}?")}");
        }
    }

    private static LocatedValue ValueOf(string written, bool asJson)
    {
        if (asJson && written.Length <= MaxLength)
        {
            try
            {
                return WithoutLines(LocatedValue.Parse(Encoding.UTF8.GetBytes(written)));
            }
            catch (JsonException)
            {
                // it is a text then, and of the wrong kind
            }
        }

        return new LocatedValue.Text(0, written);
    }

    // A line of a variable would be taken for one of the file.
    private static LocatedValue WithoutLines(LocatedValue value) => value switch
    {
        LocatedValue.Object it => new LocatedValue.Object(
            0, [.. it.Members.Select(static member => new LocatedValue.Member(0, member.Key, WithoutLines(member.Value)))]),
        LocatedValue.List it => new LocatedValue.List(0, [.. it.Items.Select(WithoutLines)]),
        _ => value with { Line = 0 },
    };
}
