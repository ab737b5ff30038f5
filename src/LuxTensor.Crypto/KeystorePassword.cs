using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace LuxTensor.Crypto;

/// <summary>
/// A password as EIP-2335 hashes it: in Unicode's NFKD, without control characters, in UTF-8. The runtime leaves text as it is when
/// globalization is invariant, as it is here, so the decomposition is done with a table of our own (nfkd.txt).
/// </summary>
internal static class KeystorePassword
{
    internal const int MaxLength = 1024;

    private const int LongestDecomposition = 18; // U+FDFA
    private const int HangulFirst = 0xAC00, HangulLast = 0xD7A3, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7;
    private const int VowelCount = 21, TrailCount = 28;

    private static readonly Lazy<(FrozenDictionary<int, int[]> Decompositions, FrozenDictionary<int, byte> Classes)> Table = new(Load);

    /// <summary>The bytes, in an array that does not move; the caller zeroes it.</summary>
    /// <exception cref="KeystoreException">UnusablePassword: longer than 1,024 characters, or with half a surrogate pair.</exception>
    internal static byte[] Encode(ReadOnlySpan<char> password)
    {
        if (password.Length > MaxLength)
        {
            throw new KeystoreException(
                KeystoreFault.UnusablePassword, $"the password has {password.Length} characters; at most {MaxLength} are allowed");
        }

        var points = GC.AllocateArray<int>(password.Length * LongestDecomposition, pinned: true);
        try
        {
            var count = Decompose(password, points);
            Reorder(points.AsSpan(0, count));
            return ToUtf8(points.AsSpan(0, count));
        }
        finally
        {
            Array.Clear(points);
        }
    }

    private static int Decompose(ReadOnlySpan<char> password, Span<int> points)
    {
        var count = 0;
        while (!password.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(password, out var rune, out var consumed) != System.Buffers.OperationStatus.Done)
            {
                throw new KeystoreException(KeystoreFault.UnusablePassword, "the password is not Unicode text: it has half a surrogate pair");
            }

            password = password[consumed..];
            count += Decompose(rune.Value, points[count..]);
        }

        return count;
    }

    private static int Decompose(int point, Span<int> output)
    {
        if (point is >= HangulFirst and <= HangulLast)
        {
            var index = point - HangulFirst;
            output[0] = LeadBase + (index / (VowelCount * TrailCount));
            output[1] = VowelBase + (index / TrailCount % VowelCount);
            output[2] = TrailBase + (index % TrailCount);
            return output[2] == TrailBase ? 2 : 3;
        }

        if (point > 0x7f && Table.Value.Decompositions.TryGetValue(point, out var parts))
        {
            parts.CopyTo(output);
            return parts.Length;
        }

        output[0] = point;
        return 1;
    }

    // Unicode's canonical order: within a run of combining marks, by class, and equal classes as they came.
    private static void Reorder(Span<int> points)
    {
        for (var i = 1; i < points.Length; i++)
        {
            for (var j = i; j > 0 && Class(points[j]) is var own and > 0 && Class(points[j - 1]) > own; j--)
            {
                (points[j], points[j - 1]) = (points[j - 1], points[j]);
            }
        }
    }

    private static byte Class(int point) => point > 0x7f && Table.Value.Classes.TryGetValue(point, out var value) ? value : (byte)0;

    private static byte[] ToUtf8(ReadOnlySpan<int> points)
    {
        var length = 0;
        foreach (var point in points)
        {
            length += IsControl(point) ? 0 : new Rune(point).Utf8SequenceLength;
        }

        var bytes = GC.AllocateArray<byte>(length, pinned: true);
        var rest = bytes.AsSpan();
        foreach (var point in points)
        {
            rest = IsControl(point) ? rest : rest[new Rune(point).EncodeToUtf8(rest)..];
        }

        return bytes;
    }

    private static bool IsControl(int point) => point is < 0x20 or (>= 0x7f and <= 0x9f);

    private static (FrozenDictionary<int, int[]> Decompositions, FrozenDictionary<int, byte> Classes) Load()
    {
        var decompositions = new Dictionary<int, int[]>();
        var classes = new Dictionary<int, byte>();
        using var stream = typeof(KeystorePassword).Assembly.GetManifestResourceStream("nfkd.txt")
            ?? throw new InvalidOperationException("the assembly lacks its resource nfkd.txt");
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            foreach (var item in line.StartsWith('#') ? [] : line.Split(';'))
            {
                var equals = item.IndexOf('=', StringComparison.Ordinal);
                if (equals > 0)
                {
                    decompositions.Add(Hexadecimal(item[..equals]), [.. item[(equals + 1)..].Split(' ').Select(Hexadecimal)]);
                    continue;
                }

                var range = item.Split('-', ':');
                for (var point = Hexadecimal(range[0]); point <= Hexadecimal(range[1]); point++)
                {
                    classes.Add(point, (byte)Hexadecimal(range[2]));
                }
            }
        }

        return (decompositions.ToFrozenDictionary(), classes.ToFrozenDictionary());
    }

    private static int Hexadecimal(string digits) => int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
