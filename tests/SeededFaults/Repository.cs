using System.Text.RegularExpressions;

namespace LuxTensor.Tests.SeededFaults;

/// <summary>The checkout that this assembly was built in.</summary>
internal static partial class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The rules that SPEC.md defines.</summary>
    public static IReadOnlySet<string> Rules() =>
        File.ReadLines(Path.Combine(Root, "src/LuxTensor.Core/SPEC.md")).Select(line => Definition().Match(line)).Where(match => match.Success)
            .Select(match => match.Groups["rule"].Value).ToHashSet();

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "LuxTensor.Orleans.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"no LuxTensor.Orleans.sln above {AppContext.BaseDirectory}");
    }

    [GeneratedRegex(@"^- \*\*(?<rule>[A-Z]{3}-\d+)\*\* ", RegexOptions.ExplicitCapture)]
    private static partial Regex Definition();
}
