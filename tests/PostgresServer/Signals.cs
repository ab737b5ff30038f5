using System.Runtime.InteropServices;

namespace LuxTensor.Tests.Postgres;

/// <summary>Signals to processes that a test started.</summary>
public static class Signals
{
    /// <summary>SIGINT: for PostgreSQL a fast shutdown.</summary>
    public const int Interrupt = 2;

    /// <summary>SIGKILL.</summary>
    public const int Kill = 9;

    /// <summary>SIGTERM.</summary>
    public const int Terminate = 15;

    /// <summary>SIGCONT.</summary>
    public const int Continue = 18;

    /// <summary>SIGSTOP.</summary>
    public const int Stop = 19;

    /// <summary>Sends a signal; says whether the process was there.</summary>
    public static bool Send(int process, int signal) => kill(process, signal) == 0;

    /// <summary>The processes whose parent is that one.</summary>
    public static IReadOnlyList<int> ChildrenOf(int parent)
    {
        var children = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var process) && ParentOf(process) == parent)
            {
                children.Add(process);
            }
        }

        return children;
    }

    private static int? ParentOf(int process)
    {
        try
        {
            var status = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(status[(status.LastIndexOf(')') + 2)..].Split(' ')[1]); // after the name, which may hold anything
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int kill(int process, int signal);
}
