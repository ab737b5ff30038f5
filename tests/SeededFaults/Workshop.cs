namespace LuxTensor.Tests.SeededFaults;

/// <summary>
/// A copy of the sources in which faults are built, one at a time. It lies under obj/ and is kept, so that the next run
/// copies and builds only what changed. The checkout itself is never touched.
/// </summary>
internal sealed class Workshop : IDisposable
{
    private static readonly string[] sources = ["src/LuxTensor.Crypto", "src/LuxTensor.Core", "src/LuxTensor.Engine", "src/LuxTensor.Storage"];
    private static readonly string[] tests = ["Simulation", "Core.Tests", "Engine.Contract", "Storage.Tests"];
    private static readonly string[] unchecks =
        ["-p:RunAnalyzers=false", "-p:EnforceCodeStyleInBuild=false", "-p:TreatWarningsAsErrors=false", "-p:RestoreLockedMode=false"];

    private static readonly TimeSpan buildLimit = TimeSpan.FromMinutes(10);

    private readonly string folder = Path.Combine(Repository.Root, "tests/SeededFaults/obj/workshop");
    private readonly FileStream mine;
    private readonly HashSet<string> built = [];
    private string? variant; // the assembly with the fault

    public Workshop()
    {
        Directory.CreateDirectory(folder);
        mine = new FileStream(Path.Combine(folder, "in-use"), FileMode.Create, FileAccess.Write, FileShare.None);
        foreach (var file in Directory.EnumerateFiles(Repository.Root))
        {
            CopyWhereDifferent(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        foreach (var project in sources.Concat(tests.Concat(["Benchmarks", "PostgresServer"]).Select(test => $"tests/{test}"))) // of which tests borrow a file
        {
            CopyFolder(Path.Combine(Repository.Root, project), Path.Combine(folder, project));
        }

        CopyFolder(Path.Combine(Repository.Root, "silo-config"), Path.Combine(folder, "silo-config")); // its scripts are part of Storage
        CopyWhereDifferent(Path.Combine(Repository.Root, "tests/Directory.Build.props"), Path.Combine(folder, "tests/Directory.Build.props"));
        Build("src/LuxTensor.Storage", []);
        Directory.CreateDirectory(Pristine);
        foreach (var source in sources)
        {
            File.Copy(AssemblyOf(source), Path.Combine(Pristine, $"{Path.GetFileName(source)}.dll"), overwrite: true);
        }
    }

    private string Pristine => Path.Combine(folder, "pristine");

    public void Dispose() => mine.Dispose();

    /// <summary>Builds the assembly with a fault, beside the ones without.</summary>
    /// <exception cref="InvalidOperationException">It does not compile.</exception>
    public void Seed(Fault fault)
    {
        var file = Path.Combine(folder, fault.File);
        var text = File.ReadAllText(file);
        File.WriteAllText(file, fault.Seed(text));
        try
        {
            Build($"src/{fault.Project}", ["--no-restore", "--no-dependencies"]);
            variant = Path.Combine(folder, "variant", $"{fault.Project}.dll");
            Directory.CreateDirectory(Path.GetDirectoryName(variant)!);
            File.Copy(AssemblyOf($"src/{fault.Project}"), variant, overwrite: true);
        }
        finally
        {
            File.WriteAllText(file, text);
        }
    }

    /// <summary>The path of a test assembly that runs with the fault, or without any.</summary>
    public string Equip(string test, bool isSound = false)
    {
        if (!built.Contains(test))
        {
            Build($"tests/{test}", []);
            built.Add(test);
        }

        var bin = Path.GetDirectoryName(AssemblyOf($"tests/{test}"))!;
        foreach (var assembly in isSound ? Directory.EnumerateFiles(Pristine) : Directory.EnumerateFiles(Pristine).Append(variant!))
        {
            var target = Path.Combine(bin, Path.GetFileName(assembly));
            if (File.Exists(target))
            {
                File.Copy(assembly, target, overwrite: true);
            }
        }

        return AssemblyOf($"tests/{test}");
    }

    private string AssemblyOf(string project) => Path.Combine(folder, project, "bin/Release/net10.0", $"{Path.GetFileName(project)}.dll");

    private void Build(string project, string[] how)
    {
        var result = Command.Dotnet(folder, ["build", project, "-c", "Release", "-v", "q", .. how, .. unchecks], buildLimit);
        if (result.Code != 0)
        {
            throw new InvalidOperationException(
                $"{project} does not build:\n{string.Join('\n', result.Output.Where(line => line.Contains("error", StringComparison.Ordinal)).Distinct().Take(10))}");
        }
    }

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        var wanted = Directory.EnumerateFiles(from).Select(file => Path.GetFileName(file)!).ToHashSet();
        foreach (var file in Directory.EnumerateFiles(to).Where(file => !wanted.Contains(Path.GetFileName(file))))
        {
            File.Delete(file);
        }

        foreach (var name in wanted)
        {
            CopyWhereDifferent(Path.Combine(from, name), Path.Combine(to, name));
        }

        var folders = Directory.EnumerateDirectories(from).Select(inner => Path.GetFileName(inner)!).Where(IsSource).ToHashSet();
        foreach (var gone in Directory.EnumerateDirectories(to).Where(inner => IsSource(Path.GetFileName(inner)) && !folders.Contains(Path.GetFileName(inner))))
        {
            Directory.Delete(gone, recursive: true);
        }

        foreach (var inner in folders)
        {
            CopyFolder(Path.Combine(from, inner), Path.Combine(to, inner));
        }
    }

    private static bool IsSource(string folder) => folder is not ("bin" or "obj" or "TestResults");

    private static void CopyWhereDifferent(string from, string to)
    {
        if (!File.Exists(to) || !File.ReadAllBytes(from).AsSpan().SequenceEqual(File.ReadAllBytes(to)))
        {
            File.WriteAllBytes(to, File.ReadAllBytes(from));
        }
    }
}
