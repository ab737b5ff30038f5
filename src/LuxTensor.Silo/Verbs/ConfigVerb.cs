using System.CommandLine;
using System.Text.Json.Nodes;
using LuxTensor.Core;

namespace LuxTensor.Silo.Verbs;

/// <summary>luxtensor-silo config: look at a configuration without starting anything.</summary>
internal static class ConfigVerb
{
    internal static Command Create(Terminal terminal) =>
        new Verb("config", "Look at a configuration.", "luxtensor-silo config check silo-config/validator-silo.json") { Check(terminal) };

    private static Command Check(Terminal terminal)
    {
        var file = new Argument<string>("file") { Description = "The configuration file." };
        var command = new Verb(
            "check",
            "Read a configuration, the environment's overrides and every file that they name, and open the keystores. The database is not asked.",
            "luxtensor-silo config check silo-config/validator-silo.json\nLUXTENSOR__CLUSTER__SILOPORT=11112 luxtensor-silo config check silo-config/validator-silo.json")
        {
            file,
        };
        command.SetAction(parsed =>
        {
            using var prepared = Prepared.Read(terminal, parsed.GetRequiredValue(file));
            var (settings, cluster) = (prepared.Settings, prepared.Settings.Cluster);
            var validators = prepared.Keys.Select(static key => (JsonNode?)Address.Of(key.PublicKey).ToString());
            Report.Print(
                terminal, parsed.GetValue(CommonOptions.Json),
                ("configuration", parsed.GetValue(file)), ("role", settings.Role.ToString().ToLowerInvariant()), ("name", settings.Name),
                ("chainId", prepared.Genesis.Rules.ChainId), ("genesisHash", prepared.Genesis.Hash.ToString()),
                ("cluster", $"{cluster.Id}, service {cluster.Service}"), ("silo", $"{cluster.Advertised}:{cluster.SiloPort}"),
                ("noticesDeath", Duration.Format((ulong)(cluster.ProbeTimeout * cluster.MissedProbes).TotalMilliseconds)),
                ("validators", prepared.Keys.Count == 0 ? null : new JsonArray([.. validators])),
                ("http", settings.Rpc?.Http?.ToString()), ("ws", settings.Rpc?.WebSocket?.ToString()),
                ("operations", settings.Operations.Listen.ToString()), ("tls", settings.Tls?.Name ?? "none"));
            return (int)ExitCode.Ok;
        });
        return command;
    }
}
