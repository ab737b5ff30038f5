using System.CommandLine;
using LuxTensor.Core;
using LuxTensor.Engine.Cluster;
using LuxTensor.Network;
using LuxTensor.Silo.Hosting;
using LuxTensor.Storage;

namespace LuxTensor.Silo.Verbs;

/// <summary>luxtensor-silo run: one silo from a configuration file.</summary>
internal static class RunVerb
{
    internal static Command Create(Terminal terminal)
    {
        var config = CommonOptions.File("--config", "The configuration file; silo-config/ has one a role.");
        var command = new Verb(
            "run",
            "Run one silo from a configuration file, until it is asked to stop. It logs to standard error, one line an event; --json for machines.",
            "luxtensor-silo run --config silo-config/local.json\nluxtensor-silo run --config silo-config/gateway-silo.json --json")
        {
            config,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var log = new EventLog(terminal.Error, parsed.GetValue(CommonOptions.Json), terminal.Time);
            using var prepared = Prepared.Read(terminal, parsed.GetRequiredValue(config));
            await RunAsync(prepared, log, cancellation);
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static async Task RunAsync(Prepared prepared, EventLog log, CancellationToken cancellation)
    {
        var settings = prepared.Settings;
        Warn(prepared, log);
        var database = Prepared.Database(settings);
        PostgresSchema.Verify(database.ConnectionString, database.Schema);
        RequireFree(settings);
        using var telemetry = SiloTelemetry.Start(settings);
        using var store = PostgresStore.Open(database, prepared.Genesis);
        await using var network = settings.Network is { } section
            ? await NetworkNode.OpenAsync(
                prepared.Genesis, section.OpenIdentity(null), section.Settings with { Judging = settings.Peers }, new SharedPeerRecords(store.Peers),
                NetworkEvents.To(log, settings.Name), TimeProvider.System)
            : null;
        await using var silo = new SiloProcess(prepared, store, network, PostgresSchema.ConnectionStringFor(database.ConnectionString, database.Schema), log);
        await silo.RunAsync(cancellation);
        telemetry?.Flush();
    }

    private static void RequireFree(SiloSettings settings)
    {
        var cluster = settings.Cluster;
        new ListenPort(new System.Net.IPEndPoint(cluster.Listen, cluster.SiloPort), "cluster.siloPort").RequireFree();
        new ListenPort(new System.Net.IPEndPoint(cluster.Listen, cluster.ClientPort), "cluster.clientPort").RequireFree();
        new ListenPort(settings.Operations.Listen, "operations.listen").RequireFree();
        if (settings.Rpc is { } rpc)
        {
            (rpc.Http is { } http ? new ListenPort(http, "rpc.http") : null)?.RequireFree();
            (rpc.WebSocket is { } socket ? new ListenPort(socket, "rpc.ws") : null)?.RequireFree();
        }
    }

    // What an operator would otherwise find out by waiting, or too late.
    private static void Warn(Prepared prepared, EventLog log)
    {
        foreach (var key in prepared.Keys.Where(key => prepared.Genesis.EpochZero.IndexOf(Address.Of(key.PublicKey)) < 0))
        {
            log.Write(new NodeEvent(
                "warning",
                $"warning key {key.PublicKey} is no validator of the genesis: it signs nothing until a stake makes it one",
                [("publicKey", key.PublicKey.ToString())]));
        }

        if (prepared.Tls is null && !System.Net.IPAddress.IsLoopback(prepared.Settings.Cluster.Advertised))
        {
            log.Write(new NodeEvent(
                "warning",
                "warning silos talk without TLS: whoever reaches the silo port can do as they like. Set tls, or keep the port from everybody else",
                [("key", "tls")]));
        }
    }
}
