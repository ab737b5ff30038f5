using System.Globalization;
using LuxTensor.Core;
using LuxTensor.Crypto;

namespace LuxTensor.Hosting.Configuration;

// The kinds of single values.
internal sealed partial class Section
{
    /// <summary>true or false.</summary>
    internal bool? Flag(string key)
    {
        if (Find(key, false, asJson: true) is not { } member)
        {
            return null;
        }

        if (member.Value is LocatedValue.Flag flag)
        {
            return flag.Value;
        }

        Wrong(member, "must be true or false");
        return null;
    }

    /// <summary>A whole number within bounds.</summary>
    internal ulong? Integer(string key, ulong least, ulong most, bool required = false)
    {
        if (Find(key, required, asJson: true) is not { } member)
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

    /// <summary>One of an enumeration's names, in whatever case.</summary>
    internal T? Choice<T>(string key, bool required = false)
        where T : struct, Enum
    {
        if (Text(key, required) is not { } written)
        {
            return null;
        }

        var names = Enum.GetNames<T>();
        var index = Array.FindIndex(names, name => name.Equals(written, StringComparison.OrdinalIgnoreCase));
        if (index >= 0)
        {
            return Enum.Parse<T>(names[index]);
        }

        var known = names.Select(static name => name.ToLowerInvariant()).ToArray();
        var meant = Nearest.To(written, known);
        Wrong(key, $"must be one of {string.Join(", ", known)}{(meant is null ? "" : $": did you mean {meant}?")}");
        return null;
    }

    /// <summary>A duration within bounds.</summary>
    internal TimeSpan? Time(string key, TimeSpan least, TimeSpan most)
    {
        if (Milliseconds(key) is not { } written)
        {
            return null;
        }

        if (written >= least.TotalMilliseconds && written <= most.TotalMilliseconds)
        {
            return TimeSpan.FromMilliseconds(written);
        }

        Wrong(key, $"must be from {Duration.Format((ulong)least.TotalMilliseconds)} to {Duration.Format((ulong)most.TotalMilliseconds)}");
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
}
