using System.Globalization;
using LuxTensor.Core.Voting;
using LuxTensor.Node.Hosting;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace LuxTensor.Node.Devnet;

/// <summary>The live picture of a devnet on a terminal.</summary>
internal sealed class DevnetView(
    Terminal terminal, DevnetFolder folder, DevnetNetwork network, DevnetStatistics statistics, Func<long> lost)
{
    private const int ShownEvents = 10;
    private const int BarWidth = 20;
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(200);

    private readonly Lock gate = new();
    private readonly Queue<string> events = new();

    /// <summary>Adds a line to the recent events.</summary>
    internal void Add(string line)
    {
        lock (gate)
        {
            events.Enqueue(line);
            while (events.Count > ShownEvents)
            {
                events.Dequeue();
            }
        }
    }

    /// <summary>Redraws until cancelled.</summary>
    internal async Task ShowAsync(CancellationToken cancellation)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(terminal.Out) });
        using var timer = new PeriodicTimer(Period, terminal.Time);
        await console.Live(Picture()).AutoClear(false).StartAsync(async live =>
        {
            try
            {
                while (await timer.WaitForNextTickAsync(cancellation))
                {
                    live.UpdateTarget(Picture());
                }
            }
            catch (OperationCanceledException)
            {
                live.UpdateTarget(Picture());
            }
        });
    }

    /// <summary>The picture now.</summary>
    internal IRenderable Picture()
    {
        var figures = statistics.Snapshot;
        var first = network.Nodes[0];
        string[] recent;
        lock (gate)
        {
            recent = [.. events];
        }

        var parts = new List<IRenderable>
        {
            new Markup($"[bold]LuxTensor devnet[/]  chain {folder.Genesis.Rules.ChainId}, {network.Nodes.Count} validators, data in "
                + $"[blue]{Markup.Escape(folder.Path)}[/]   Ctrl-C stops"),
            Nodes(figures.LastPercentSigned),
            new Markup(string.Create(
                CultureInfo.InvariantCulture,
                $"[bold]{figures.BlocksPerSecond:F1}[/] blocks/s   [bold]{figures.TransactionsPerSecond:F1}[/] tx/s   proposal to final: "
                + $"median [bold]{Ms(figures.MedianMilliseconds)}[/], p95 [bold]{Ms(figures.P95Milliseconds)}[/]   pool: "
                + $"[bold]{first.Host.View.Pool.Count}[/] tx{(lost() is > 0 and var n ? $"   [red]{n} events not shown[/]" : "")}")),
            new Rule("recent") { Justification = Justify.Left, Style = Style.Parse("grey") },
        };
        parts.AddRange(recent.Select(static line => new Text(line) { Overflow = Overflow.Ellipsis }));
        parts.Add(new Rule("try this in another terminal") { Justification = Justify.Left, Style = Style.Parse("grey") });
        parts.Add(new Text($"{terminal.Command} tx send --faucet --to 0x00000000000000000000000000000000000000aa --value 1.5 --wait "
            + $"final{RpcOption(first)}"));
        return new Rows(parts);
    }

    private Table Nodes(int lastPercent)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var title in (ReadOnlySpan<string>)["node", "final", "head", "round", "phase", "signed stake", "peers", "JSON-RPC"])
        {
            table.AddColumn(title);
        }

        foreach (var node in network.Nodes)
        {
            var view = node.Host.View;
            var progress = view.Progress;
            var voting = view.Chain.Phase is Phase.Prepare or Phase.Precommit || progress.Prepared > 0;
            table.AddRow(
                new Text(node.Name),
                new Markup($"[bold]{view.Final.Height}[/]"),
                new Text($"{view.Head.Height}"),
                new Markup(view.Chain.Round == 0 ? "0" : $"[yellow]{view.Chain.Round}[/]"),
                new Text($"{view.Chain.Phase}".ToLowerInvariant()),
                voting ? Bar((int)(UInt128.Max(progress.Prepared, progress.Precommitted) * 100 / progress.Total), "green")
                    : Bar(lastPercent, "grey"),
                new Text($"{node.Host.Peers.Count}"),
                new Text($"{node.Http?.ToString().TrimEnd('/')}  {node.WebSocket?.ToString().TrimEnd('/')}"));
        }

        return table;
    }

    private static Markup Bar(int percent, string colour)
    {
        var full = percent * BarWidth / 100;
        return new Markup($"[{colour}]{new string('█', full)}[/][grey]{new string('░', BarWidth - full)}[/] {percent,3} %");
    }

    private static string Ms(double? milliseconds) =>
        milliseconds is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known:F0} ms") : "–";

    private static string RpcOption(RunningNode node)
    {
        var address = node.Http?.ToString().TrimEnd('/');
        return address is null or Verbs.CommonOptions.DefaultRpc ? "" : $" --rpc {address}";
    }
}
