using System.Diagnostics;

namespace LuxTensor.Tests.SeededFaults;

/// <summary>How a command ended.</summary>
/// <param name="Code">Its exit code; null where it was ended, because a line was awaited and came, or the time was over.</param>
/// <param name="Line">The awaited line, if it came.</param>
/// <param name="Output">All that it printed.</param>
internal sealed record CommandResult(int? Code, string? Line, IReadOnlyList<string> Output)
{
    /// <summary>Whether it was ended because its time was over.</summary>
    public bool IsTimedOut => Code is null && Line is null;
}

/// <summary>Runs `dotnet` with arguments.</summary>
internal static class Command
{
    /// <summary>Until it ends, prints a line that <paramref name="isAwaited"/> accepts, or the time is over.</summary>
    public static CommandResult Dotnet(string folder, IEnumerable<string> arguments, TimeSpan limit, Func<string, bool>? isAwaited = null)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment.Remove("CI"); // the copy is restored without its lock files' word
        using var process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start");
        using var over = new ManualResetEventSlim();
        var gate = new Lock();
        var output = new List<string>();
        string? line = null;
        void Read(object sender, DataReceivedEventArgs data)
        {
            lock (gate)
            {
                if (data.Data is { } text && line is null)
                {
                    output.Add(text);
                    if (isAwaited?.Invoke(text) == true)
                    {
                        line = text;
                        over.Set();
                    }
                }
            }
        }

        process.OutputDataReceived += Read;
        process.ErrorDataReceived += Read;
        process.Exited += (_, _) => over.Set();
        process.EnableRaisingEvents = true;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var isInTime = over.Wait(limit);
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }

        process.WaitForExit();
        lock (gate)
        {
            return new CommandResult(line is null && isInTime ? process.ExitCode : null, line, [.. output]);
        }
    }
}
