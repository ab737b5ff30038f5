using System.Text;
using System.Text.Json.Nodes;
using LuxTensor.Node;

namespace LuxTensor.Tests.Node;

/// <summary>A devnet or a node in this process on free ports, followed by what it prints.</summary>
internal sealed class RunningDevnet : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly EventReader output = new();
    private readonly EventReader error = new();
    private readonly EventReader followed;
    private readonly Task<int> running;

    private RunningDevnet(string[] args, bool onError = false)
    {
        followed = onError ? error : output;
        var terminal = new Terminal(output, error, TextReader.Null);
        running = Task.Run(() => Cli.RunAsync(args, terminal, stop.Token));
    }

    internal static RunningDevnet Start(string folder, params string[] more) =>
        new(["devnet", "--data", folder, "--json", "--http", "0", "--ws", "0", .. more]);

    /// <summary>luxtensor run, which logs to standard error.</summary>
    internal static RunningDevnet StartNode(string config) => new(["run", "--config", config, "--json"], onError: true);

    /// <summary>Waits for an event; past ones count.</summary>
    internal async Task<JsonNode> EventAsync(string kind, Func<JsonNode, bool>? which = null)
    {
        var found = followed.WaitAsync(it => (string?)it["event"] == kind && which?.Invoke(it) != false);
        await Task.WhenAny(found, running);
        return found.IsCompleted ? await found : throw new InvalidOperationException($"the devnet ended before the event {kind}: {await running} {error.Other}");
    }

    /// <summary>Waits until a height is final.</summary>
    internal Task<JsonNode> FinalAsync(ulong height) => EventAsync("final", it => (ulong?)it["height"] >= height);

    internal async Task<ExitCode> StopAsync()
    {
        await stop.CancelAsync();
        return (ExitCode)await running;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        stop.Dispose();
        await output.DisposeAsync();
        await error.DisposeAsync();
    }

    private sealed class EventReader : TextWriter
    {
        private readonly Lock gate = new();
        private readonly List<JsonNode> events = [];
        private readonly List<(Func<JsonNode, bool> Which, TaskCompletionSource<JsonNode> Found)> waiting = [];

        public override Encoding Encoding => Encoding.UTF8;

        /// <summary>Lines that are no events.</summary>
        internal string Other { get; private set; } = "";

        public override void WriteLine(string? value)
        {
            lock (gate)
            {
                if (!value!.StartsWith('{'))
                {
                    Other += value + "\n";
                    return;
                }

                var one = JsonNode.Parse(value)!;
                events.Add(one);
                foreach (var wait in waiting.Where(wait => wait.Which(one)).ToArray())
                {
                    waiting.Remove(wait);
                    wait.Found.TrySetResult(one);
                }
            }
        }

        internal Task<JsonNode> WaitAsync(Func<JsonNode, bool> which)
        {
            lock (gate)
            {
                if (events.Find(it => which(it)) is { } past)
                {
                    return Task.FromResult(past);
                }

                var found = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
                waiting.Add((which, found));
                return found.Task;
            }
        }
    }
}
