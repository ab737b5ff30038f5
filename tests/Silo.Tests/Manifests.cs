using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;

namespace LuxTensor.Tests.Silo;

/// <summary>Renders and checks the Kubernetes manifests, with the tools that do so: kubectl, and Node.js with the schemas.</summary>
internal static class Manifests
{
    private static readonly string Folder = Repository.PathOf("tests/Silo.Tests/manifests");
    private static readonly string Readme = Repository.PathOf("k8s/README.md");

    private static readonly ConcurrentDictionary<string, Task<string?>> Rendered = new(StringComparer.Ordinal);

    /// <summary>An overlay as kubectl would apply it; skips the test where kubectl is not installed.</summary>
    internal static async Task<string> RenderAsync(string overlay)
    {
        var rendered = await Rendered.GetOrAdd(overlay, RenderOnceAsync);
        Skip.If(rendered is null, "neither kubectl nor kustomize is installed: the manifests were not rendered");
        return rendered!;
    }

    private static async Task<string?> RenderOnceAsync(string overlay)
    {
        var path = Repository.PathOf($"k8s/overlays/{overlay}");
        foreach (var (tool, arguments) in ((string, string[])[])[("kubectl", ["kustomize", path]), ("kustomize", ["build", path])])
        {
            if (await RunAsync(tool, arguments, "") is { } outcome)
            {
                Assert.True(outcome.Code == 0, outcome.Errors);
                return outcome.Output;
            }
        }

        return null;
    }

    /// <summary>What is wrong with rendered manifests, and what is in them.</summary>
    internal static async Task<(IReadOnlyList<string> Problems, JsonElement Summary)> CheckAsync(string manifests)
    {
        if (!Directory.Exists(Path.Combine(Folder, "node_modules")) || await RunAsync("node", ["--version"], "") is null)
        {
            const string missing = "the Kubernetes schemas are not installed: npm ci --prefix tests/Silo.Tests/manifests (Node.js 20 or newer)";
            Assert.False(Environment.GetEnvironmentVariable("LUXTENSOR_REQUIRE_CLIENTS") == "1", missing);
            Skip.If(true, missing);
        }

        var outcome = (await RunAsync("node", [Path.Combine(Folder, "check.mjs"), Readme], manifests))!;
        Assert.True(outcome.Code == 0, outcome.Errors);
        var lines = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement).ToArray();
        return ([.. lines[..^1].Select(static line => line.GetProperty("problem").GetString()!)], lines[^1]);
    }

    private static async Task<Outcome?> RunAsync(string tool, string[] arguments, string input)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(tool, arguments)
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            await process.WaitForExitAsync();
            return new Outcome(process.ExitCode, await output, await errors);
        }
        catch (Win32Exception)
        {
            return null; // not installed
        }
    }

    private sealed record Outcome(int Code, string Output, string Errors);
}
