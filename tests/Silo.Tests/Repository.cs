using System.Reflection;

namespace LuxTensor.Tests.Silo;

/// <summary>Files of the repository.</summary>
internal static class Repository
{
    private static readonly string Root = typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(static it => it.Key == "Repository").Value!;

    internal static string PathOf(string name) => Path.Combine(Root, name);

    internal static IEnumerable<string> Sources() => Directory.EnumerateFiles(PathOf("src"), "*.cs", SearchOption.AllDirectories)
        .Where(static it => !it.Contains("/obj/", StringComparison.Ordinal));
}
