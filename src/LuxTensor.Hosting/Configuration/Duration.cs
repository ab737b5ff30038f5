using System.Globalization;

namespace LuxTensor.Hosting.Configuration;

/// <summary>Durations as humans write them: "250ms", "1s", "2m", "1h"; a bare number is milliseconds.</summary>
internal static class Duration
{
    /// <summary>How a duration is written, for messages.</summary>
    internal const string Form = "as in \"250ms\", \"1s\", \"2m\" or \"1h\"";

    private static readonly (string Suffix, ulong Milliseconds)[] Units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

    /// <summary>Milliseconds of a text; null where it is no duration, is over 64 bits, or is negative, as the flag then says.</summary>
    internal static ulong? Parse(string text, out bool negative)
    {
        var written = text.AsSpan().Trim();
        negative = written.StartsWith('-') && Parse(written[1..].ToString(), out _) is not null;
        foreach (var (suffix, milliseconds) in Units)
        {
            if (written.EndsWith(suffix, StringComparison.Ordinal))
            {
                return Whole(written[..^suffix.Length].TrimEnd(), milliseconds);
            }
        }

        return Whole(written, 1);
    }

    /// <summary>The shortest exact form.</summary>
    internal static string Format(ulong milliseconds)
    {
        var (suffix, unit) = Units.Last(it => milliseconds % it.Milliseconds == 0);
        return milliseconds == 0 ? "0ms" : $"{milliseconds / unit}{suffix}";
    }

    private static ulong? Whole(ReadOnlySpan<char> digits, ulong unit) =>
        ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= ulong.MaxValue / unit
            ? count * unit
            : null;
}
