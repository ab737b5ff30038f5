namespace LuxTensor.Hosting.Configuration;

/// <summary>Finds the name that somebody probably meant.</summary>
internal static class Nearest
{
    /// <summary>The known name with the fewest edits to what was written, or null where all are too far.</summary>
    internal static string? To(string written, IEnumerable<string> known)
    {
        const int longest = 64; // nothing that we know is longer
        if (written.Length > longest)
        {
            return null;
        }

        var best = known.Select(name => (Name: name, Edits: Distance(written, name))).OrderBy(static it => it.Edits).FirstOrDefault();
        return best.Name is not null && best.Edits <= int.Max(2, best.Name.Length / 3) ? best.Name : null;
    }

    /// <summary>Insertions, deletions, replacements and swaps of neighbours that turn one text into the other; case costs nothing.</summary>
    internal static int Distance(string from, string to)
    {
        var (a, b) = (from.ToUpperInvariant(), to.ToUpperInvariant());
        var costs = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                costs[i, j] = i == 0 || j == 0
                    ? i + j
                    : int.Min(int.Min(costs[i - 1, j], costs[i, j - 1]) + 1, costs[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    costs[i, j] = int.Min(costs[i, j], costs[i - 2, j - 2] + 1);
                }
            }
        }

        return costs[a.Length, b.Length];
    }
}
