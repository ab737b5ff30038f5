using System.Diagnostics;
using System.Text.Json.Nodes;

namespace LuxTensor.Tests.Node;

/// <summary>luxtensor in a process of its own, where the test needs its environment, its limits or its signals.</summary>
internal sealed class Child : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120); // against hanging for ever, never waited for

    private readonly CancellationTokenSource patience = new(Patience);
    private readonly Process process;
    private readonly Task<string> errors;

    private Child(ProcessStartInfo start)
    {
        process = Process.Start(start)!;
        errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>The program under test.</summary>
    internal static string Executable => Path.Combine(AppContext.BaseDirectory, "luxtensor");

    /// <summary>Starts it with some of its environment changed.</summary>
    internal static Child Start(Dictionary<string, string> environment, params string[] args) => new(Of(Executable, args, environment));

    /// <summary>Starts it where no file can grow above a size: what a full disk does to one file.</summary>
    internal static Child StartWithFileLimit(int kibibytes, params string[] args) => new(Of(
        "bash",
        ["-c", $"trap '' XFSZ; ulimit -f {kibibytes}; exec \"$0\" \"$@\"", Executable, .. args],
        new() { ["DOTNET_EnableWriteXorExecute"] = "0" })); // which would make a file larger than that

    /// <summary>Reads events until one is of that kind; null where it ended before.</summary>
    internal async Task<JsonNode?> EventAsync(string kind)
    {
        while (await process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            if (JsonNode.Parse(line) is { } found && (string?)found["event"] == kind)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>Asks it to stop, as a service manager does.</summary>
    internal void Terminate()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Ends it with kill -9.</summary>
    internal void Kill() => process.Kill();

    /// <summary>Reads on to its end; its exit code and what it said on standard error.</summary>
    internal async Task<(int Code, string Errors)> EndAsync()
    {
        await process.StandardOutput.ReadToEndAsync(patience.Token);
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, await errors);
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill();
            process.WaitForExit();
        }

        process.Dispose();
        patience.Dispose();
    }

    private static ProcessStartInfo Of(string file, string[] args, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(file, args) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }
}
