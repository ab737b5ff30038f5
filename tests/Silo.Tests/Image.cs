using System.Xml.Linq;

namespace LuxTensor.Tests.Silo;

public sealed class Image
{
    private static readonly string[] Lines = [.. File.ReadLines(Repository.PathOf("Dockerfile")).Select(static line => line.Trim())];

    [Fact]
    public void Every_project_of_the_silo_is_restored_from_what_was_copied()
    {
        var needed = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(["LuxTensor.Silo"]);
        while (open.TryPop(out var project))
        {
            if (needed.Add(project))
            {
                foreach (var reference in XDocument.Load(Repository.PathOf($"src/{project}/{project}.csproj")).Descendants("ProjectReference"))
                {
                    open.Push(Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
                }
            }
        }

        Assert.True(needed.Count > 5);
        Assert.All(needed, static project =>
        {
            var copy = Assert.Single(Lines, line => line.StartsWith($"COPY src/{project}/{project}.csproj ", StringComparison.Ordinal));
            Assert.EndsWith($" src/{project}/", copy, StringComparison.Ordinal);
            Assert.Equal(File.Exists(Repository.PathOf($"src/{project}/packages.lock.json")), copy.Contains($"src/{project}/packages.lock.json", StringComparison.Ordinal));
        });
    }

    [Fact]
    public void What_runs_has_no_shell_and_no_root()
    {
        var last = Array.FindLastIndex(Lines, static line => line.StartsWith("FROM ", StringComparison.Ordinal));

        Assert.Contains("-chiseled", Lines[last], StringComparison.Ordinal);
        Assert.Contains("USER $APP_UID", Lines[last..]);
        Assert.DoesNotContain(Lines[last..], static line => line.StartsWith("RUN ", StringComparison.Ordinal));
    }

    // Whatever an operator keeps beside the configuration must not end in an image.
    [Fact]
    public void Of_the_configuration_folder_only_named_files_reach_the_image()
    {
        var rules = File.ReadAllLines(Repository.PathOf(".dockerignore"));

        Assert.Contains("silo-config/*", rules);
        Assert.Equal(
            ["!silo-config/gateway-silo.json", "!silo-config/local.json", "!silo-config/postgres/", "!silo-config/validator-silo.json"],
            rules.Where(static rule => rule.StartsWith('!')).Order(StringComparer.Ordinal));
    }
}
