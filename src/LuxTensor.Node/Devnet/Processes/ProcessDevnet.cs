using System.Text.Json.Nodes;

namespace LuxTensor.Node.Devnet;

/// <summary>A devnet whose nodes are processes: starts them, says what they say, starts again whoever dies, and stops them all.</summary>
internal sealed class ProcessDevnet(IReadOnlyList<ProcessNode> nodes, EventLog log, TimeProvider time)
{
    private const int MostDoublings = 5;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Healthy = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan OneRequest = TimeSpan.FromMilliseconds(300); // Ctrl-C reaches the nodes as well, maybe first

    private readonly ProcessEvents events = new(nodes, log);

    /// <summary>Runs until cancelled; the highest final height then.</summary>
    /// <exception cref="CommandFailure">A node cannot start at all; its words and its code.</exception>
    internal async Task<ulong> RunAsync(int? offline, CancellationToken cancellation)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var stopping = end.Token.Register(() => events.IsStopping = true);
        var running = nodes.Where((_, at) => at + 1 != offline).Select(node => Task.Run(() => KeepAsync(node, end.Token), CancellationToken.None)).ToArray();
        await Task.WhenAny(running); // they end when asked to, or with a failure
        await end.CancelAsync();
        await Task.WhenAll(running);
        return events.Height;
    }

    private async Task KeepAsync(ProcessNode node, CancellationToken cancellation)
    {
        var hasStarted = false;
        for (var deaths = 0; !cancellation.IsCancellationRequested; deaths++)
        {
            var began = time.GetTimestamp();
            var lastWords = "";
            using var process = NodeProcess.Start(node.Configuration, (self, line) =>
            {
                lastWords = line;
                Volatile.Write(ref hasStarted, events.Take(node, self.Id, line) || Volatile.Read(ref hasStarted));
            });
            var code = await process.EndAsync(cancellation);
            await Task.Delay(OneRequest, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellation.IsCancellationRequested)
            {
                return;
            }

            if (!hasStarted && (ExitCode)code is ExitCode.Usage or ExitCode.Damaged or ExitCode.Refused or ExitCode.InUse)
            {
                throw new CommandFailure((ExitCode)code, $"{node.Name} cannot start: {lastWords}");
            }

            deaths = time.GetElapsedTime(began) > Healthy ? 0 : deaths;
            var pause = Pause * (1 << int.Min(deaths, MostDoublings));
            log.Write(new NodeEvent(
                "died", $"DIED    {node.Name}: process {process.Id} ended with {code}{(code > 128 ? $" (signal {code - 128})" : "")}; it is started again in {pause.TotalSeconds:0} s",
                [("node", node.Name), ("process", process.Id), ("code", (JsonNode)code), ("pauseSeconds", pause.TotalSeconds)]));
            await Task.Delay(pause, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
