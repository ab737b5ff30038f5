using System.Text.RegularExpressions;

namespace LuxTensor.Tests.Core;

public sealed partial class SpecTests
{
    private static readonly string Root = FindRoot();

    private static readonly SortedSet<string> Defined = DefinedRules();

    [Fact]
    public void A_rule_is_defined_once_and_names_its_source()
    {
        var lines = File.ReadAllLines(Path.Combine(Root, "src/LuxTensor.Core/SPEC.md")).Where(line => Definition().IsMatch(line)).ToArray();
        Assert.Equal(lines.Length, Defined.Count);
        Assert.All(lines, line => Assert.Contains("Source: ", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_rule_is_cited_by_code_and_by_a_test()
    {
        var inCode = Cited("src").Keys;
        var inTests = Cited("tests").Keys;
        var missing = Defined.Where(rule => !inCode.Contains(rule)).Select(rule => $"{rule} in src")
            .Concat(Defined.Where(rule => !inTests.Contains(rule)).Select(rule => $"{rule} in tests"));
        Assert.Empty(missing);
    }

    [Fact]
    public void No_cited_rule_is_undefined()
    {
        var undefined = Cited("src").Concat(Cited("tests")).Where(it => !Defined.Contains(it.Key)).Select(it => $"{it.Key} in {it.Value}");
        Assert.Empty(undefined);
    }

    // Rule and one file that cites it, of those prefixes that the specification has a section for.
    private static Dictionary<string, string> Cited(string folder)
    {
        var prefixes = Defined.Select(rule => rule[..3]).ToHashSet();
        var cited = new Dictionary<string, string>();
        var separator = Path.DirectorySeparatorChar;
        var files = Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{separator}obj{separator}") && !file.Contains($"{separator}bin{separator}"));
        foreach (var file in files)
        {
            foreach (Match match in Citation().Matches(File.ReadAllText(file)))
            {
                if (prefixes.Contains(match.Groups["prefix"].Value))
                {
                    cited[$"{match.Groups["prefix"].Value}-{match.Groups["number"].Value}"] = Path.GetRelativePath(Root, file);
                }
            }
        }

        return cited;
    }

    private static SortedSet<string> DefinedRules() =>
        [.. File.ReadAllLines(Path.Combine(Root, "src/LuxTensor.Core/SPEC.md")).Select(line => Definition().Match(line)).Where(match => match.Success).Select(match => match.Groups["rule"].Value)];

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

    // In names of tests the hyphen is an underscore.
    [GeneratedRegex(@"(?<![A-Za-z])(?<prefix>[A-Z]{3})[-_](?<number>\d+)(?!\d)", RegexOptions.ExplicitCapture)]
    private static partial Regex Citation();
}
