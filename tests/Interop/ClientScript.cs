using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using Xunit.Abstractions;

namespace LuxTensor.Tests.Interop;

/// <summary>Runs the scripts under <c>clients/</c> with Node.js.</summary>
internal static class ClientScript
{
    private const int OldestNode = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180); // the script has its own, shorter deadline

    private static readonly string Folder = typeof(ClientScript).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(it => it.Key == "Clients").Value!;

    /// <summary>Skips the test where what it needs is absent; fails it instead where LUXTENSOR_REQUIRE_CLIENTS is 1, as in CI.</summary>
    public static async Task RequireAsync(string? package)
    {
        var missing = await MissingAsync(package);
        if (missing is not null && Environment.GetEnvironmentVariable("LUXTENSOR_REQUIRE_CLIENTS") == "1")
        {
            Assert.Fail($"LUXTENSOR_REQUIRE_CLIENTS is 1, but {missing}");
        }

        Skip.If(missing is not null, missing);
    }

    /// <summary>Runs a script to its end; hands over each line of its output. Gives its exit code and what it said on standard error.</summary>
    public static async Task<(int ExitCode, string Errors)> RunAsync(
        string script, IEnumerable<string> arguments, string seed, Func<string, StreamWriter, Task> line)
    {
        using var process = Start([Path.Combine(Folder, script), .. arguments], seed);
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            var errors = process.StandardError.ReadToEndAsync(patience.Token);
            while (await process.StandardOutput.ReadLineAsync(patience.Token) is { } text)
            {
                await line(text, process.StandardInput);
            }

            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    /// <summary>Runs a client's checks against a network; gives the names of those that it passed.</summary>
    public static async Task<IReadOnlyList<string>> CheckAsync(string script, ServedNetwork network, ITestOutputHelper output)
    {
        var passed = new List<string>();
        var failures = new List<string>();
        var (exitCode, errors) = await RunAsync(
            script, [network.HttpUrl, network.WebSocketUrl, "--restart"], ServedNetwork.SeedOfSender, async (text, input) =>
            {
                output.WriteLine(text);
                using var line = JsonDocument.Parse(text);
                if (line.RootElement.TryGetProperty("ask", out _))
                {
                    await network.RestartServerAsync();
                    await input.WriteLineAsync("back");
                    await input.FlushAsync();
                }
                else if (line.RootElement.TryGetProperty("check", out var name))
                {
                    (line.RootElement.GetProperty("ok").GetBoolean() ? passed : failures).Add(name.GetString()!);
                    if (line.RootElement.TryGetProperty("error", out var error))
                    {
                        failures.Add(error.GetString()!);
                    }
                }
            });

        Assert.True(failures.Count == 0 && exitCode == 0, $"{script} ended with {exitCode}: {string.Join(": ", failures)}\n{errors}");
        return passed;
    }

    private static async Task<string?> MissingAsync(string? package)
    {
        string version;
        try
        {
            using var process = Start(["--version"], seed: "");
            version = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
        }
        catch (Win32Exception)
        {
            return $"node is not installed: install Node.js {OldestNode} or newer";
        }

        if (!Version.TryParse(version.Trim().TrimStart('v'), out var found) || found.Major < OldestNode)
        {
            return $"node is of version {version.Trim()}: install Node.js {OldestNode} or newer";
        }

        return package is null || Directory.Exists(Path.Combine(Folder, "node_modules", package))
            ? null
            : $"{package} is not installed: npm ci --prefix tests/Interop/clients";
    }

    private static Process Start(IEnumerable<string> arguments, string seed) => Process.Start(new ProcessStartInfo("node", arguments)
    {
        UseShellExecute = false,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        Environment = { ["LUX_SEED"] = seed },
    })!;
}
