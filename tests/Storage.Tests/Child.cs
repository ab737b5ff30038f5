using System.Diagnostics;

namespace LuxTensor.Tests.Storage;

/// <summary>This assembly in a process of its own; see <see cref="Program"/>.</summary>
internal sealed class Child : IDisposable
{
    private readonly Process process;

    public Child(params string[] arguments)
    {
        var host = Environment.ProcessPath is { } own && Path.GetFileNameWithoutExtension(own) is "dotnet" ? own : "dotnet";
        var start = new ProcessStartInfo(host)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])["exec", typeof(Child).Assembly.Location, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        process = Process.Start(start)!;
        process.ErrorDataReceived += (_, line) => Errors += line.Data;
        process.BeginErrorReadLine();
    }

    public string Errors { get; private set; } = "";

    /// <summary>The next line, or null where the process ended.</summary>
    public string? Read() => process.StandardOutput.ReadLine();

    public void Write(string line) => process.StandardInput.WriteLine(line);

    /// <summary>SIGKILL, and what it still had printed.</summary>
    public List<string> Kill()
    {
        process.Kill();
        return Rest();
    }

    /// <summary>Every line until the process ends.</summary>
    public List<string> Rest()
    {
        var lines = new List<string>();
        while (Read() is { } line)
        {
            lines.Add(line);
        }

        process.WaitForExit();
        return lines;
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill();
            process.WaitForExit();
        }

        process.Dispose();
    }
}
