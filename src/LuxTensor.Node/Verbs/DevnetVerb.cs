using System.CommandLine;
using System.Text.Json.Nodes;
using LuxTensor.Core;
using LuxTensor.Engine;
using LuxTensor.Node.Devnet;
using LuxTensor.Node.Hosting;

namespace LuxTensor.Node.Verbs;

/// <summary>luxtensor devnet: a network of validators in one process.</summary>
internal static class DevnetVerb
{
    private const string Summary = "Run a network of validators on this machine, each a full node with its own databases and keys.";

    private const string Examples =
        """
        luxtensor devnet
        luxtensor devnet --validators 7 --interval 250ms --data /tmp/seven
        luxtensor devnet --plain | tee devnet.log
        luxtensor devnet --equivocate 3
        luxtensor devnet --processes
        luxtensor devnet --reset --yes
        """;

    internal static Command Create(Terminal terminal)
    {
        var data = CommonOptions.Of<string?>(
            "--data", "Folder for everything. Default: $XDG_DATA_HOME/luxtensor/devnet, else ~/.luxtensor/devnet.", value: "DIR");
        var validators = CommonOptions.Of<int?>(
            "--validators", $"How many validators a new devnet has, 1 to {DevnetFolder.MaxValidators}; 4 unless given.", value: "N");
        var interval = CommonOptions.Of<string?>(
            "--interval", "Least time between blocks of a new devnet, as in 250ms or 1s; 1s unless given.", value: "TIME");
        var epoch = CommonOptions.Of<long?>(
            "--epoch", "Heights of an epoch of a new devnet; 8 unless given. Who misses more than half of one is jailed.", value: "N");
        var http = CommonOptions.Of<int>(
            "--http", "Port of node 1's JSON-RPC over HTTP; each further node's is 10 higher. 0: any free ones.",
            value: "PORT", unless: 8545);
        var ws = CommonOptions.Of<int>(
            "--ws", "Port of node 1's JSON-RPC over WebSocket; each further node's is 10 higher. 0: any free ones.",
            value: "PORT", unless: 8546);
        var equivocate = CommonOptions.Of<int?>(
            "--equivocate", "Let this validator sign two values at its first height, to see it caught, slashed and removed.", value: "N");
        var offline = CommonOptions.Of<int?>(
            "--offline", "Leave this validator's node out, to see it jailed. Start again without it, and it can return: tx unjail.", value: "N");
        var processes = CommonOptions.Of<bool>(
            "--processes", "Run each node as a process of its own, from DIR/nodeN/node.json, and start it again where it dies. No live view.");
        var plain = CommonOptions.Of<bool>("--plain", "One line an event; the default where the output is no terminal.");
        var reset = CommonOptions.Of<bool>("--reset", "Delete the folder's devnet and start anew. Asks first.");
        var yes = CommonOptions.Yes();
        var command = new Verb("devnet", Summary, Examples) { data, validators, interval, epoch, http, ws, equivocate, offline, processes, plain, reset, yes };
        command.SetAction((parsed, cancellation) =>
        {
            var path = Path.GetFullPath(parsed.GetValue(data) ?? DevnetFolder.Default(terminal));
            var wish = ReadWish(parsed.GetValue(validators), parsed.GetValue(interval)) with { EpochLength = ReadEpoch(parsed.GetValue(epoch)) };
            var ports = (Http: parsed.GetValue(http), WebSocket: parsed.GetValue(ws));
            var faults = new DevnetFaults(parsed.GetValue(equivocate), parsed.GetValue(offline));
            RequirePorts(ports.Http, ports.WebSocket, wish.Validators ?? 4);
            if (parsed.GetValue(reset))
            {
                Reset(terminal, path, parsed.GetValue(yes));
            }

            var json = parsed.GetValue(CommonOptions.Json);
            if (parsed.GetValue(processes))
            {
                return RunProcessesAsync(terminal, path, wish, ports, faults, json, cancellation);
            }

            return RunAsync(terminal, path, wish, ports, faults, json, live: terminal.ShowsLive && !json && !parsed.GetValue(plain), cancellation);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal, string path, DevnetWish wish, (int Http, int WebSocket) ports, DevnetFaults faults, bool json, bool live,
            CancellationToken cancellation)
    {
        using var folder = DevnetFolder.Open(path, wish, terminal.Time);
        RequireValidators(faults, folder.Genesis.Validators.Length);
        using var telemetry = Telemetry.Start(terminal, "devnet");
        var feed = new NoticeFeed(terminal.Time);
        var log = new EventLog(terminal.Out, json, terminal.Time);
        if (await StartAsync(folder, feed, ports, faults, terminal.Time, cancellation) is not { } network)
        {
            log.Write(new NodeEvent("stopped", $"stopped before it had started; {terminal.Command} devnet goes on from there", []));
            return (int)ExitCode.Ok;
        }

        var statistics = new DevnetStatistics(terminal.Time, network.Nodes.Max(static node => node.Host.View.Final.Height));
        var view = new DevnetView(terminal, folder, network, statistics, () => feed.Lost);
        Action<NodeEvent> say = live ? one => view.Add(one.Line(terminal.Time.GetUtcNow())) : log.Write;
        Greet(terminal, folder, network).ForEach(say);
        var following = FollowAsync(feed, network, statistics, say);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var drawing = live ? view.ShowAsync(end.Token) : Task.Delay(Timeout.InfiniteTimeSpan, end.Token);
        try
        {
            await (await Task.WhenAny(network.FirstEndAsync(), drawing)).WaitAsync(cancellation); // a failure of either ends it
        }
        catch (OperationCanceledException)
        {
            // asked to stop
        }
        finally
        {
            await end.CancelAsync();
            await drawing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await network.DisposeAsync();
            feed.Complete();
            await following;
        }

        var height = network.Nodes.Max(static node => node.Host.View.Final.Height);
        log.Write(Stopped(terminal, height));
        return (int)ExitCode.Ok;
    }

    private static async Task<int> RunProcessesAsync(
        Terminal terminal, string path, DevnetWish wish, (int Http, int WebSocket) ports, DevnetFaults faults, bool json, CancellationToken cancellation)
    {
        if (faults.Equivocate is not null)
        {
            throw CommandFailure.Usage("--equivocate needs the nodes in one process: leave out --processes");
        }

        using var folder = DevnetFolder.Open(path, wish, terminal.Time);
        RequireValidators(faults, folder.Genesis.Validators.Length);
        var nodes = ProcessFiles.Write(folder, ports.Http, ports.WebSocket);
        var log = new EventLog(terminal.Out, json, terminal.Time);
        log.Write(Started(folder, null));
        log.Write(Faucet(terminal));
        var height = await new ProcessDevnet(nodes, log, terminal.Time).RunAsync(faults.Offline, cancellation);
        log.Write(Stopped(terminal, height));
        return (int)ExitCode.Ok;
    }

    // Null where it was asked to stop meanwhile.
    private static async Task<DevnetNetwork?> StartAsync(
        DevnetFolder folder, NoticeFeed feed, (int Http, int WebSocket) ports, DevnetFaults faults, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            return await DevnetNetwork.StartAsync(folder, feed, ports.Http, ports.WebSocket, faults, time, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    private static async Task FollowAsync(
        NoticeFeed feed, DevnetNetwork network, DevnetStatistics statistics, Action<NodeEvent> say)
    {
        var rounds = new HashSet<(ulong, uint)>();
        await foreach (var (node, timestamp, notice) in feed.ReadAsync())
        {
            var chain = network.Nodes[node].Host.Chain;
            var set = notice is Notice.Finalized of ? chain.SetOf(of.Block.Header.Epoch) : null; // stored before the notice
            var percent = notice is Notice.Finalized final ? NodeEvent.PercentSigned(final.Certificate, set!) : 0;
            if (statistics.See(timestamp, notice, percent, out var milliseconds))
            {
                rounds.Clear();
                say(NodeEvent.Final((Notice.Finalized)notice, set!, milliseconds));
                foreach (var one in EpochEvents.Of(((Notice.Finalized)notice).Block, network.Nodes[node].Host))
                {
                    say(one);
                }
            }
            else if (NodeEvent.Of(network.Nodes[node].Name, notice) is { } other
                && !(notice is Notice.RoundMoved moved && !rounds.Add((moved.Height, moved.Round)))) // the first node says it for all
            {
                say(other);
            }
        }
    }

    private static List<NodeEvent> Greet(Terminal terminal, DevnetFolder folder, DevnetNetwork network)
    {
        List<NodeEvent> events =
        [
            Started(folder, network.Nodes.Max(static node => node.Host.View.Final.Height)),
            .. network.Nodes.Select(static node => new NodeEvent(
                "listening",
                $"{node.Name}   {Shown(node.Http)}  {Shown(node.WebSocket)}",
                [("node", node.Name), ("http", (JsonNode?)Shown(node.Http)), ("ws", (JsonNode?)Shown(node.WebSocket))])),
            Faucet(terminal),
        ];
        return events;
    }

    // The height is null where the nodes will tell.
    private static NodeEvent Started(DevnetFolder folder, ulong? height)
    {
        var genesis = folder.Genesis;
        return new NodeEvent(
            "started",
            $"{(folder.IsNew ? "new devnet" : $"resuming{(height is { } at ? $" at height {at}" : "")}")} in {folder.Path}: chain {genesis.Rules.ChainId}, "
            + $"{genesis.Validators.Length} validators, a block each {Duration.Format(genesis.Rules.BlockInterval)}",
            [
                ("data", folder.Path), ("chainId", genesis.Rules.ChainId), ("validators", genesis.Validators.Length),
                ("genesisHash", genesis.Hash.ToString()), ("isNew", folder.IsNew), ("height", height),
            ]);
    }

    private static NodeEvent Faucet(Terminal terminal)
    {
        using var faucet = DevnetKeys.Account(0);
        var from = Address.Of(faucet.PublicKey).ToString();
        return new NodeEvent("faucet", $"faucet  {from}  ({terminal.Command} tx send --faucet --to ADDRESS --value 1.5)", [("address", from)]);
    }

    private static NodeEvent Stopped(Terminal terminal, ulong height) =>
        new("stopped", $"stopped at height {height}; {terminal.Command} devnet goes on from there", [("height", height)]);

    private static string? Shown(Uri? address) => address?.ToString().TrimEnd('/');

    private static DevnetWish ReadWish(int? validators, string? interval)
    {
        if (validators is < 1 or > DevnetFolder.MaxValidators)
        {
            throw CommandFailure.Usage($"--validators is {validators}; it must be 1 to {DevnetFolder.MaxValidators}");
        }

        if (interval is null)
        {
            return new DevnetWish(validators, null);
        }

        var milliseconds = Duration.Parse(interval, out var negative)
            ?? throw CommandFailure.Usage($"--interval is {interval}; "
                + $"{(negative ? "a duration is 0 or more" : $"it must be a duration {Duration.Form}")}");
        return milliseconds is > 0 and <= 3_600_000
            ? new DevnetWish(validators, milliseconds)
            : throw CommandFailure.Usage($"--interval is {interval}; it must be 1ms to 1h");
    }

    private static ulong? ReadEpoch(long? heights) => heights is < 1 or > 1_000_000
        ? throw CommandFailure.Usage($"--epoch is {heights}; it must be 1 to 1000000 heights")
        : (ulong?)heights;

    private static void RequireValidators(DevnetFaults faults, int validators)
    {
        foreach (var (option, number) in (ReadOnlySpan<(string, int?)>)[("--equivocate", faults.Equivocate), ("--offline", faults.Offline)])
        {
            if (number is < 1 || number > validators)
            {
                throw CommandFailure.Usage($"{option} is {number}; this devnet has the validators 1 to {validators}");
            }
        }

        if (faults.Offline is { } one && (one == faults.Equivocate || validators == 1))
        {
            throw CommandFailure.Usage($"--offline {one} leaves nobody to {(validators == 1 ? "make blocks" : "equivocate")}: choose another validator");
        }
    }

    private static void RequirePorts(int http, int webSocket, int validators)
    {
        var most = ushort.MaxValue - (DevnetNetwork.PortStep * (validators - 1));
        foreach (var (option, port) in (ReadOnlySpan<(string, int)>)[("--http", http), ("--ws", webSocket)])
        {
            if (port < 0 || port > most)
            {
                throw CommandFailure.Usage($"{option} is {port}; it must be 0 to {most}, so that {validators} nodes find ports");
            }
        }

        var apart = int.Abs(http - webSocket);
        if (http != 0 && webSocket != 0 && apart % DevnetNetwork.PortStep == 0 && apart / DevnetNetwork.PortStep < validators)
        {
            throw CommandFailure.Usage($"--http {http} and --ws {webSocket} give one port to two nodes: their ports are "
                + $"{DevnetNetwork.PortStep} apart, so choose two that differ in the last digit");
        }
    }

    private static void Reset(Terminal terminal, string path, bool yes)
    {
        if (!Directory.Exists(path))
        {
            return;
        }

        if (!DevnetFolder.IsDevnet(path))
        {
            throw new CommandFailure(ExitCode.InUse, $"{path} is no devnet's folder: nothing was deleted");
        }

        if (!yes && !terminal.CanAsk)
        {
            throw CommandFailure.Usage($"--reset deletes the chain and the keys in {path}: add --yes where nobody can be asked. Nothing "
                + "was deleted");
        }

        if (!yes && !terminal.Confirm($"Delete the chain and the keys in {path}?"))
        {
            throw CommandFailure.Usage("nothing was deleted");
        }

        DevnetFolder.Reset(path);
    }
}
