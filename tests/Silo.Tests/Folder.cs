namespace LuxTensor.Tests.Silo;

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
