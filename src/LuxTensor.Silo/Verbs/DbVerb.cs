using System.CommandLine;
using System.Text.Json.Nodes;
using LuxTensor.Engine;
using LuxTensor.Storage;

namespace LuxTensor.Silo.Verbs;

/// <summary>luxtensor-silo db: the schema of the cluster's database.</summary>
internal static class DbVerb
{
    internal static Command Create(Terminal terminal) =>
        new Verb("db", "Look after the cluster's database.", "luxtensor-silo db migrate --config silo-config/validator-silo.json")
        {
            Migrate(terminal), Status(terminal),
        };

    private static Command Migrate(Terminal terminal)
    {
        var config = Prepared.AnyConfig();
        var command = new Verb(
            "migrate", "Apply the scripts that the database lacks. Where it lacks none, nothing changes.",
            "luxtensor-silo db migrate --config silo-config/validator-silo.json")
        {
            config,
        };
        command.SetAction(parsed =>
        {
            var database = Read(terminal, parsed.GetRequiredValue(config));
            var applied = PostgresSchema.Migrate(database.ConnectionString, database.Schema);
            Report.Print(
                terminal, parsed.GetValue(CommonOptions.Json),
                ("schema", database.Schema), ("version", PostgresSchema.Scripts[^1].Version),
                ("applied", new JsonArray([.. applied.Select(static it => (JsonNode?)it.Name)])));
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static Command Status(Terminal terminal)
    {
        var config = Prepared.AnyConfig();
        var command = new Verb(
            "status", "Whether the database has the schema that this program needs. Ends with 1 where it does not.",
            "luxtensor-silo db status --config silo-config/validator-silo.json")
        {
            config,
        };
        command.SetAction(parsed =>
        {
            var database = Read(terminal, parsed.GetRequiredValue(config));
            string? reason = null;
            try
            {
                PostgresSchema.Verify(database.ConnectionString, database.Schema);
            }
            catch (JournalException e) when (e.Fault == JournalFault.Foreign)
            {
                reason = e.Message;
            }

            Report.Print(
                terminal, parsed.GetValue(CommonOptions.Json),
                ("schema", database.Schema), ("needed", PostgresSchema.Scripts[^1].Version), ("current", reason is null), ("reason", reason));
            return (int)(reason is null ? ExitCode.Ok : ExitCode.Negative);
        });
        return command;
    }

    private static PostgresOptions Read(Terminal terminal, string path) =>
        Prepared.Database(Prepared.SettingsOf(terminal, path));
}
