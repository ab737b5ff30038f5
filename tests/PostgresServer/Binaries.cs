using System.Runtime.InteropServices;

namespace LuxTensor.Tests.Postgres;

/// <summary>The PostgreSQL programs of this machine, and who may run them.</summary>
internal sealed record Binaries(string Folder, string? RunAs)
{
    /// <summary>The programs, or in words what is missing.</summary>
    public static (Binaries? Found, string? Missing) Find()
    {
        if (!OperatingSystem.IsLinux())
        {
            return (null, "the PostgreSQL tests run on Linux");
        }

        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Concat(Directory.Exists("/usr/lib/postgresql")
                ? Directory.GetDirectories("/usr/lib/postgresql").OrderByDescending(static folder => folder, StringComparer.Ordinal).Select(static folder => Path.Combine(folder, "bin"))
                : []);
        if (folders.FirstOrDefault(static folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres"))) is not { } found)
        {
            return (null, "PostgreSQL is not installed: install the server's package (13 or newer), so that initdb and postgres are on the PATH or in /usr/lib/postgresql");
        }

        if (geteuid() != 0)
        {
            return (new Binaries(found, null), null);
        }

        // PostgreSQL refuses to run as root.
        var users = File.ReadLines("/etc/passwd").Select(static line => line.Split(':')[0]).ToHashSet();
        return File.Exists("/usr/bin/setpriv") && Array.Find(["postgres", "nobody"], users.Contains) is { } user
            ? (new Binaries(found, user), null)
            : (null, "PostgreSQL does not run as root, and there is no setpriv, or neither of the users postgres and nobody");
    }

    /// <summary>A command line as the user that may run the server.</summary>
    public string[] CommandLine(params string[] command) =>
        RunAs is null ? command : ["/usr/bin/setpriv", $"--reuid={RunAs}", $"--regid={GroupOf(RunAs)}", "--init-groups", "--", .. command];

    private static string GroupOf(string user) => File.ReadLines("/etc/passwd").Select(static line => line.Split(':')).First(fields => fields[0] == user)[3];

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern uint geteuid();
}
