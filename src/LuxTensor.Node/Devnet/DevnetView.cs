using System.Globalization;
using System.Text.RegularExpressions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Node.Hosting;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace LuxTensor.Node.Devnet;

/// <summary>The live picture of a devnet on a terminal.</summary>
internal sealed partial class DevnetView(
    Terminal terminal, DevnetFolder folder, DevnetNetwork network, DevnetStatistics statistics, Func<long> lost)
{
    private const int ShownEvents = 10;
    private const int BarWidth = 20;
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(200);

    [GeneratedRegex("0x(?<start>[0-9a-f]{10})[0-9a-f]{22,}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 100)]
    private static partial Regex LongHex { get; }

    private readonly Lock gate = new();
    private readonly Queue<string> events = new();

    /// <summary>Adds a line to the recent events.</summary>
    internal void Add(string line)
    {
        lock (gate)
        {
            events.Enqueue(LongHex.Replace(line, "0x${start}…"));
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
        await console.Live(Picture(console.Profile.Width, console.Profile.Height)).AutoClear(false).StartAsync(async live =>
        {
            try
            {
                while (await timer.WaitForNextTickAsync(cancellation))
                {
                    live.UpdateTarget(Picture(console.Profile.Width, console.Profile.Height));
                }
            }
            catch (OperationCanceledException)
            {
                live.UpdateTarget(Picture(console.Profile.Width, console.Profile.Height));
            }
        });
    }

    /// <summary>The picture now, for a terminal of so many columns and rows: events give way before the nodes do.</summary>
    internal IRenderable Picture(int width, int height)
    {
        var figures = statistics.Snapshot;
        var first = network.Nodes[0];
        var title = $"chain {folder.Genesis.Rules.ChainId}, epoch {first.Host.View.Final.Header.Epoch}, {first.Host.View.Chain.Set.Validators.Length} validators, data in {folder.Path}   Ctrl-C stops";
        var summary = string.Create(
            CultureInfo.InvariantCulture,
            $"{figures.BlocksPerSecond:F1} blocks/s   {figures.TransactionsPerSecond:F1} tx/s   proposal to final: median "
            + $"{Ms(figures.MedianMilliseconds)}, p95 {Ms(figures.P95Milliseconds)}   pool: {first.Host.View.Pool.Count} tx"
            + $"{(lost() is > 0 and var n ? $"   {n} events not shown" : "")}");
        var advice = $"{terminal.Command} tx send --faucet --to 0x00000000000000000000000000000000000000aa --value 1.5 --wait "
            + $"final{RpcOption(first)}";
        var taken = Rows(title, width) + network.Nodes.Count + 4 + Rows(summary, width) + 2 + Rows(advice, width) + 1;
        string[] recent;
        lock (gate)
        {
            recent = [.. events.TakeLast(int.Clamp(height - taken, 0, ShownEvents))];
        }

        return new Rows(
        [
            new Markup($"[bold]LuxTensor devnet[/]  {Markup.Escape(title)}"),
            Nodes(figures.LastPercentSigned, width),
            new Text(summary, Style.Parse("bold")),
            new Rule("recent") { Justification = Justify.Left, Style = Style.Parse("grey") },
            .. recent.Select(line => new Text(line.Length < width ? line : $"{line[..(width - 2)]}…")),
            new Rule("try this in another terminal") { Justification = Justify.Left, Style = Style.Parse("grey") },
            new Text(advice),
        ]);
    }

    private Table Nodes(int lastPercent, int width)
    {
        var (isWide, isRoomy) = (width >= 120, width >= 100);
        var table = new Table().Border(isRoomy ? TableBorder.Simple : TableBorder.None);
        foreach (var title in (ReadOnlySpan<string>)["node", "final", "head", "round", "phase", "signed stake", "validator", "peers", "JSON-RPC"])
        {
            table.AddColumn(new TableColumn(title).NoWrap().PadLeft(0).PadRight(isRoomy ? 2 : 1));
        }

        foreach (var node in network.Nodes)
        {
            var view = node.Host.View;
            var progress = view.Progress;
            var voting = view.Chain.Phase is Phase.Prepare or Phase.Precommit || progress.Prepared > 0;
            var percent = voting ? (int)(UInt128.Max(progress.Prepared, progress.Precommitted) * 100 / progress.Total) : lastPercent;
            table.AddRow(
                new Text(node.Name),
                new Markup($"[bold]{view.Final.Height}[/]"),
                new Text($"{view.Head.Height}"),
                new Markup(view.Chain.Round == 0 ? "0" : $"[yellow]{view.Chain.Round}[/]"),
                new Text($"{view.Chain.Phase}".ToLowerInvariant()),
                Bar(percent, voting ? "green" : "grey", isRoomy ? BarWidth : BarWidth / 2),
                new Markup(StandingOf(node)),
                new Text($"{node.Host.Peers.Count}"),
                new Text(isWide
                    ? $"{node.Http?.ToString().TrimEnd('/')}  {node.WebSocket?.ToString().TrimEnd('/')}"
                    : $":{node.Http?.Port} :{node.WebSocket?.Port}"));
        }

        return table;
    }

    private static string StandingOf(RunningNode node)
    {
        var ledger = node.Host.View.FinalLedger;
        var validator = node.Validators.Select(ledger.GetValidator).FirstOrDefault(static it => it is not null);
        return validator switch
        {
            null => "[grey]–[/]",
            { IsSlashed: true } => "[red]slashed[/]",
            { Standing: Standing.Active } => "[green]active[/]",
            { Standing: var standing } => $"[yellow]{standing.ToString().ToLowerInvariant()}[/]",
        };
    }

    // Of a title, the program's name before it is counted too.
    private static int Rows(string text, int width) => ((text.Length + 18) / int.Max(width, 1)) + 1;

    private static Markup Bar(int percent, string colour, int width)
    {
        var full = percent * width / 100;
        return new Markup($"[{colour}]{new string('█', full)}[/][grey]{new string('░', width - full)}[/] {percent,3} %");
    }

    private static string Ms(double? milliseconds) =>
        milliseconds is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known:F0} ms") : "–";

    private static string RpcOption(RunningNode node)
    {
        var address = node.Http?.ToString().TrimEnd('/');
        return address is null or CommonOptions.DefaultRpc ? "" : $" --rpc {address}";
    }
}
