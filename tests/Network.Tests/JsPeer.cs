using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Tests.Network;

/// <summary>A js-libp2p node in a process of its own (js/peer.mjs), driven by JSON lines.</summary>
internal sealed partial class JsPeer : IAsyncDisposable
{
    private const int OldestNode = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120); // only turns a hang into a failure

    private static readonly string Folder = typeof(JsPeer).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(it => it.Key == "Js").Value!;

    private readonly Process process;
    private readonly Dictionary<int, TaskCompletionSource<JsonNode?>> asked = [];
    private readonly Channel<JsonNode> events = Channel.CreateUnbounded<JsonNode>();
    private readonly Task reading;
    private readonly Task<string> errors;
    private int last;

    private JsPeer(Process process)
    {
        this.process = process;
        errors = process.StandardError.ReadToEndAsync();
        reading = ReadAsync();
    }

    /// <summary>Its peer id.</summary>
    internal PeerId Id { get; private set; }

    /// <summary>Where it listens, with its id at the end.</summary>
    internal IReadOnlyList<string> Addresses { get; private set; } = [];

    /// <summary>Starts one; <paramref name="settings"/> becomes the JSON that peer.mjs reads.</summary>
    internal static async Task<JsPeer> StartAsync(object? settings = null)
    {
        var start = new ProcessStartInfo("node", [Path.Combine(Folder, "peer.mjs"), JsonSerializer.Serialize(settings ?? new { })])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var peer = new JsPeer(Process.Start(start)!);
        var ready = await peer.EventAsync("ready");
        peer.Id = new PeerId((string)ready["peer"]!);
        peer.Addresses = [.. ready["addresses"]!.AsArray().Select(it => (string)it!)];
        return peer;
    }

    /// <summary>Gives a command and waits for its answer.</summary>
    /// <exception cref="InvalidOperationException">The command failed; the message is JavaScript's.</exception>
    internal async Task<JsonNode?> DoAsync(string what, object? arguments = null)
    {
        var command = JsonSerializer.SerializeToNode(arguments ?? new { })!.AsObject();
        var answer = new TaskCompletionSource<JsonNode?>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (asked)
        {
            command["id"] = ++last;
            asked[last] = answer;
            command["do"] = what;
            process.StandardInput.WriteLine(command.ToJsonString());
            process.StandardInput.Flush();
        }

        return await answer.Task.WaitAsync(Patience);
    }

    /// <summary>The next event of a kind that a predicate wants; those before it are dropped.</summary>
    internal async Task<JsonNode> EventAsync(string kind, Func<JsonNode, bool>? wanted = null)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            while (true)
            {
                var one = await events.Reader.ReadAsync(patience.Token);
                if ((string?)one["event"] == kind && wanted?.Invoke(one) != false)
                {
                    return one;
                }
            }
        }
        catch (ChannelClosedException e)
        {
            throw new InvalidOperationException($"node ended: {await errors}", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }

        await process.WaitForExitAsync();
        await reading;
        process.Dispose();
    }

    /// <summary>What is missing to start one; null where nothing is.</summary>
    internal static string? Missing()
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("node", "--version") { RedirectStandardOutput = true, UseShellExecute = false })!;
            var version = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return !Version.TryParse(version.TrimStart('v'), out var found) || found.Major < OldestNode
                ? $"node is of version {version}: install Node.js {OldestNode} or newer"
                : Directory.Exists(Path.Combine(Folder, "node_modules", "libp2p")) ? null
                : "js-libp2p is not installed: npm ci --prefix tests/Network.Tests/js";
        }
        catch (Win32Exception)
        {
            return $"node is not installed: install Node.js {OldestNode} or newer";
        }
    }

    private async Task ReadAsync()
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            var said = JsonNode.Parse(line)!;
            if (said["id"] is not { } id)
            {
                events.Writer.TryWrite(said);
                continue;
            }

            TaskCompletionSource<JsonNode?> answer;
            lock (asked)
            {
                asked.Remove((int)id, out answer!);
            }

            if (said["error"] is { } error)
            {
                answer.TrySetException(new InvalidOperationException((string?)error));
            }
            else
            {
                answer.TrySetResult(said["ok"]);
            }
        }

        events.Writer.TryComplete();
        lock (asked)
        {
            foreach (var answer in asked.Values)
            {
                answer.TrySetException(new InvalidOperationException("node ended"));
            }
        }
    }
}
