using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace LuxTensor.Tests.Cluster;

/// <summary>luxtensor-silo in a process of its own. What it logs is read as it comes.</summary>
internal sealed class Silo_process : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180); // against hanging for ever, never waited for
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(30) };

    private readonly Channel<JsonNode> events = Channel.CreateUnbounded<JsonNode>();
    private readonly ConcurrentQueue<string> lines = [];
    private readonly IReadOnlyDictionary<string, string> environment;
    private readonly Process process;
    private readonly Task reading;

    internal Silo_process(IReadOnlyDictionary<string, string> environment, params string[] args)
    {
        this.environment = environment;
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "luxtensor-silo"), args)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        process = Process.Start(start)!;
        reading = ReadAsync();
    }

    /// <summary>Everything that it said.</summary>
    internal string Said => string.Join('\n', lines);

    internal int SiloPort => int.Parse(environment["LUXTENSOR__CLUSTER__SILOPORT"]);

    private static CancellationToken Limit => new CancellationTokenSource(Patience).Token;

    private string Operations => $"http://{environment["LUXTENSOR__OPERATIONS__LISTEN"]}";

    /// <summary>The next event of a kind that passes; those before it are gone.</summary>
    internal async Task<JsonNode> EventAsync(string kind, Func<JsonNode, bool>? passes = null)
    {
        try
        {
            await foreach (var found in events.Reader.ReadAllAsync(Limit))
            {
                if ((string?)found["event"] == kind && passes?.Invoke(found) != false)
                {
                    return found;
                }
            }
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"no event {kind} came in {Patience.TotalSeconds} s:\n{Said}");
        }

        Assert.Fail($"it ended before the event {kind}:\n{Said}");
        return null!;
    }

    /// <summary>The height of the next final block, at least as high as asked.</summary>
    internal async Task<ulong> FinalAsync(ulong least = 0) =>
        (ulong)(await EventAsync("final", it => (ulong)it["height"]! >= least))["height"]!;

    /// <summary>Asks until it is answered as wanted: there is no event for becoming ready.</summary>
    internal async Task ReadyAsync()
    {
        var limit = Limit;
        while (await AskAsync("/health/ready") is not (HttpStatusCode.OK, _))
        {
            limit.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>Asks the operations port.</summary>
    internal async Task<(HttpStatusCode? Code, string Text)> AskAsync(string path, string? authorization = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Operations + path);
        request.Headers.Authorization = authorization is null ? null : AuthenticationHeaderValue.Parse(authorization);
        try
        {
            using var answer = await Http.SendAsync(request, Limit);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Limit));
        }
        catch (HttpRequestException e)
        {
            return (null, e.Message);
        }
    }

    /// <summary>Calls a method of JSON-RPC.</summary>
    internal async Task<JsonNode?> CallAsync(string method, params string[] arguments)
    {
        var call = new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = 1,
            ["method"] = method,
            ["params"] = new JsonArray([.. arguments.Select(static it => (JsonNode?)it)]),
        };
        using var body = new StringContent(call.ToJsonString(), Encoding.UTF8, "application/json");
        using var answer = await Http.PostAsync($"http://{environment["LUXTENSOR__RPC__HTTP"]}", body, Limit);
        var read = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Limit))!;
        return read["error"] is { } error ? throw new InvalidOperationException($"{method}: {error.ToJsonString()}") : read["result"];
    }

    internal void Kill() => process.Kill();

    internal bool HasEnded => process.HasExited;

    /// <summary>The assemblies with grains that the process has loaded; null where the system does not tell.</summary>
    internal IEnumerable<string>? GrainAssemblies => OperatingSystem.IsLinux()
        ? File.ReadLines($"/proc/{process.Id}/maps").Select(Path.GetFileName).OfType<string>()
            .Where(static file => file.StartsWith("LuxTensor.Grains", StringComparison.Ordinal) && file.EndsWith(".dll", StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal)
        : null;

    internal void Signal(int signal) => Postgres.Signals.Send(process.Id, signal);

    /// <summary>When each final block was told of, as a <see cref="Stopwatch"/> timestamp.</summary>
    internal ConcurrentQueue<(ulong Height, long At)> Finals { get; } = [];

    /// <summary>When this silo last began to run the chain; 0 for never.</summary>
    internal long RunsSince { get; private set; }

    /// <summary>Asks it to stop, as a service manager does, and reads on to its end. Its exit code.</summary>
    internal async Task<int> StopAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
        {
            await kill.WaitForExitAsync(Limit);
        }

        return await EndAsync();
    }

    /// <summary>Reads on to its end. Its exit code.</summary>
    internal async Task<int> EndAsync()
    {
        await process.WaitForExitAsync(Limit);
        await reading;
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        await process.WaitForExitAsync();
        await reading;
        process.Dispose();
    }

    private void Note(JsonNode found)
    {
        if ((string?)found["event"] == "final")
        {
            Finals.Enqueue(((ulong)found["height"]!, Stopwatch.GetTimestamp()));
        }
        else if (found["text"] is { } text && ((string)text!).StartsWith("this silo runs the chain now", StringComparison.Ordinal))
        {
            RunsSince = Stopwatch.GetTimestamp();
        }
    }

    private async Task ReadAsync()
    {
        var output = process.StandardOutput.ReadToEndAsync();
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            lines.Enqueue(line);
            if (line.StartsWith('{') && JsonNode.Parse(line) is { } found)
            {
                Note(found);
                events.Writer.TryWrite(found);
            }
        }

        events.Writer.Complete();
        lines.Enqueue(await output);
    }
}
