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

/// <summary>A folder of the test's own.</summary>
internal sealed class Folder : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("luxtensor-");

    internal string this[string name] => Path.Combine(folder.FullName, name);

    internal string Write(string name, string text, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        File.WriteAllText(this[name], text);
        File.SetUnixFileMode(this[name], mode);
        return this[name];
    }

    public void Dispose() => folder.Delete(recursive: true);
}
