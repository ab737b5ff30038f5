using System.CommandLine;
using System.Text.Json.Nodes;
using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Node.Configuration;
using LuxTensor.Node.Hosting;

namespace LuxTensor.Node.Verbs;

/// <summary>luxtensor run: one node from a configuration file.</summary>
internal static class RunVerb
{
    private const string Summary =
        "Run one node from a configuration file. It logs to standard error, one line an event; --json for machines.";

    internal static Command Create(Terminal terminal)
    {
        var config = CommonOptions.File("--config", "The configuration file; luxtensor init makes one.");
        var check = CommonOptions.Of<bool>("--check", "Only read and check the configuration and the genesis.");
        var supervised = CommonOptions.Of<bool>(
            "--supervised", "For a program that starts this one: stop when standard input ends, and print JSON that has each event's sentence.");
        var command = new Verb(
            "run", Summary, "luxtensor run --config mychain/node.json\nluxtensor run --config mychain/node.json --check") { config, check, supervised };
        command.SetAction(async (parsed, cancellation) =>
        {
            var settings = NodeSettings.Read(parsed.GetRequiredValue(config));
            var genesis = GenesisFile.Read(settings.Genesis);
            var json = parsed.GetValue(CommonOptions.Json);
            if (parsed.GetValue(check))
            {
                Report.Print(
                    terminal, json, ("configuration", parsed.GetValue(config)), ("chainId", genesis.Rules.ChainId),
                        ("genesisHash", genesis.Hash.ToString()));
                return (int)ExitCode.Ok;
            }

            var isSupervised = parsed.GetValue(supervised);
            var log = new EventLog(terminal.Error, json || isSupervised, terminal.Time, isSupervised);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            if (isSupervised)
            {
                StopWithInput(terminal, end);
            }

            return await RunAsync(terminal, settings, genesis, log, end.Token);
        });
        return command;
    }

    // Whoever started this process holds the other end of its input; the system closes it, however that one ended.
    private static void StopWithInput(Terminal terminal, CancellationTokenSource end)
    {
        var reading = new Thread(() =>
        {
            while (terminal.In.Read() >= 0)
            {
                // nothing is expected
            }

            try
            {
                end.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // it has stopped already
            }
        })
        { IsBackground = true, Name = "input" };
        reading.Start();
    }

    private static async Task<int> RunAsync(
        Terminal terminal, NodeSettings settings, Genesis genesis, EventLog log, CancellationToken cancellation)
    {
        using var telemetry = Telemetry.Start(terminal, settings.Name);
        var keys = OpenedKey.All(terminal, settings.Keys);
        Warn(genesis, keys, settings.Network is not null, log);
        var (network, records) = settings.Network is { } section
            ? await NetworkSetup.OpenAsync(
                genesis, settings.Data, section.OpenIdentity(NetworkSetup.IdentityIn(settings.Data)),
                section.Settings with { AddressBook = Path.Combine(settings.Data, "addresses"), Judging = settings.Peers },
                NetworkEvents.To(log, settings.Name), terminal.Time)
            : default;
        var node = await RunningNode.OpenAsync(new NodeSetup
        {
            Name = settings.Name,
            Genesis = genesis,
            Folder = settings.Data,
            Keys = keys,
            Network = network,
            PeerRecords = records,
            Http = settings.Http is { } http ? new ListenPort(http, "rpc.http") : null,
            WebSocket = settings.WebSocket is { } socket ? new ListenPort(socket, "rpc.ws") : null,
            AllowedHosts = settings.AllowedHosts,
            AllowedOrigins = settings.AllowedOrigins,
            Pool = settings.Pool,
            Sync = settings.Sync,
            VerifyWorkers = settings.VerifyWorkers,
            Time = terminal.Time,
        });
        var feed = new NoticeFeed(terminal.Time);
        using var following = feed.Follow(0, node.Host);
        var writing = WriteAsync(feed, settings.Name, node.Host, log);
        try
        {
            await node.StartAsync(cancellation);
            var height = node.Host.View.Final.Height;
            log.Write(new NodeEvent(
                "started",
                $"start   {settings.Name}: chain {genesis.Rules.ChainId}, genesis {genesis.Hash}, resuming at height "
                + $"{height}{(node.Http is { } at ? $", JSON-RPC at {at}" : "")}",
                [("node", settings.Name), ("chainId", genesis.Rules.ChainId), ("genesisHash", genesis.Hash.ToString()),
                    ("height", height), ("http", node.Http?.ToString()), ("ws", node.WebSocket?.ToString())]));
            if (node.Network is { } joined)
            {
                log.Write(new NodeEvent(
                    "network",
                    $"network {string.Join(' ', joined.Addresses)}",
                    [("addresses", new JsonArray([.. joined.Addresses.Select(static address => (JsonNode?)address.ToString())]))]));
            }

            await node.Host.Completion.WaitAsync(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // asked to stop
        }
        finally
        {
            await node.DisposeAsync();
            feed.Complete();
            await writing;
        }

        var last = node.Host.View.Final.Height;
        log.Write(new NodeEvent("stopped", $"stopped at height {last}", [("node", settings.Name), ("height", last)]));
        return (int)ExitCode.Ok;
    }

    private static async Task WriteAsync(NoticeFeed feed, string name, INode node, EventLog log)
    {
        var statistics = new Devnet.DevnetStatistics(TimeProvider.System);
        await foreach (var (_, timestamp, notice) in feed.ReadAsync())
        {
            if (statistics.See(timestamp, notice, 0, out var milliseconds))
            {
                var final = (Notice.Finalized)notice;
                log.Write(NodeEvent.Final(final, node.Chain.SetOf(final.Block.Header.Epoch)!, milliseconds)); // stored before the notice
                foreach (var one in Devnet.EpochEvents.Of(final.Block, node))
                {
                    log.Write(one);
                }
            }
            else if (NodeEvent.Of(name, notice) is { } other)
            {
                log.Write(other);
            }
        }
    }

    // What an operator would otherwise find out by waiting.
    private static void Warn(Genesis genesis, IReadOnlyList<SigningKey> keys, bool hasNetwork, EventLog log)
    {
        var set = genesis.EpochZero;
        UInt128 own = 0;
        foreach (var key in keys)
        {
            var index = set.IndexOf(Address.Of(key.PublicKey));
            own += index < 0 ? 0 : set.Validators[index].Stake;
            if (index < 0)
            {
                log.Write(new NodeEvent(
                    "warning",
                    $"warning key {key.PublicKey} is no validator of this chain: it signs nothing",
                    [("publicKey", key.PublicKey.ToString())]));
            }
        }

        if (!hasNetwork && !Quorum.IsReached(own, set.TotalStake, genesis.Rules.QuorumPercent))
        {
            var percent = (int)(own * 100 / set.TotalStake);
            log.Write(new NodeEvent(
                "warning",
                $"warning the keys here hold {percent} % of the stake: nothing becomes final, because the configuration has no "
                + "section \"network\" and so this node is alone",
                [("stakePercent", percent)]));
        }
    }
}
