using System.Globalization;
using System.Numerics;
using LuxTensor.Core;

namespace LuxTensor.Hosting.Configuration;

/// <summary>
/// Amounts as humans write them: "32" or "0.5" are tokens, with at most 18 digits after the point; "100 units" (or "100u")
/// are base units, 10^18 to a token. Always exact.
/// </summary>
internal static class Amount
{
    /// <summary>How an amount is written, for messages.</summary>
    internal const string Form = "tokens as in \"32\" or \"0.5\", or base units as in \"100 units\"";

    private const int Decimals = 18;

    /// <summary>Base units of a text, or null where it is no amount or over 128 bits.</summary>
    internal static UInt128? Parse(string text)
    {
        var written = text.AsSpan().Trim();
        if (written.Length > 64)
        {
            return null;
        }

        foreach (var suffix in (ReadOnlySpan<string>)["units", "unit", "u"])
        {
            if (written.EndsWith(suffix, StringComparison.Ordinal))
            {
                return Whole(written[..^suffix.Length].TrimEnd());
            }
        }

        var point = written.IndexOf('.');
        if (point < 0)
        {
            return Scaled(Whole(written), 0);
        }

        var fraction = written[(point + 1)..];
        return fraction.Length is > 0 and <= Decimals && Whole(fraction) is { } part
            ? Scaled(Whole(written[..point]), part * (UInt128)BigInteger.Pow(10, Decimals - fraction.Length))
            : null;
    }

    /// <summary>Tokens, without trailing zeros: "32", "0.5".</summary>
    internal static string Format(UInt128 units)
    {
        var (tokens, rest) = UInt128.DivRem(units, ChainRules.Token);
        var fraction = rest.ToString(CultureInfo.InvariantCulture).PadLeft(Decimals, '0').TrimEnd('0');
        return fraction.Length == 0 ? $"{tokens}" : $"{tokens}.{fraction}";
    }

    /// <summary>An amount as <see cref="Parse"/> reads it: in tokens, or in base units where that is shorter to read.</summary>
    internal static string Write(UInt128 units) => units % 1_000_000_000 == 0 ? Format(units) : units == 1 ? "1 unit" : $"{units} units";

    private static UInt128? Whole(ReadOnlySpan<char> digits) =>
        UInt128.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static UInt128? Scaled(UInt128? tokens, UInt128 rest)
    {
        var units = tokens is { } whole ? (BigInteger)whole * ChainRules.Token + rest : -1;
        return units >= 0 && units <= UInt128.MaxValue ? (UInt128)units : null;
    }
}
