using System.CommandLine;
using LuxTensor.Core;
using LuxTensor.Storage;

namespace LuxTensor.Silo.Verbs;

/// <summary>luxtensor-silo guard: the records that keep the cluster's keys from signing twice.</summary>
internal static class GuardVerb
{
    internal static Command Create(Terminal terminal) =>
        new Verb(
            "guard", "The signing guard: what was signed, so that it is never contradicted. Records travel in the format of EIP-3076.",
            "luxtensor-silo guard status --config silo-config/validator-silo.json")
        {
            Status(terminal), Export(terminal), Import(terminal), Accept(terminal),
        };

    private static Command Status(Terminal terminal)
    {
        var config = Prepared.AnyConfig();
        var command = new Verb(
            "status", "Show the last vote that each validator signed. Ends with 1 where the guard lets none, or one of them not, sign.",
            "luxtensor-silo guard status --config silo-config/validator-silo.json --json")
        {
            config,
        };
        command.SetAction(parsed =>
        {
            using var store = Open(terminal, parsed.GetRequiredValue(config), out var genesis);
            using var guard = store.OpenGuard(null);
            var json = parsed.GetValue(CommonOptions.Json);
            var stopped = guard.BlockedForAll();
            foreach (var validator in genesis.EpochZero.Validators.Select(static it => it.Address))
            {
                var (last, lacking) = (guard.LastSigned(validator), guard.Lacking(validator));
                if (last is null && lacking is null)
                {
                    continue; // another operator's
                }

                Report.Print(
                    terminal, json,
                    ("validator", validator.ToString()), ("height", last?.Height), ("round", last?.Round), ("phase", last?.Phase.ToString()),
                    ("votes", guard.Count(validator)), ("lackingHeight", lacking?.Height));
                stopped ??= lacking is null ? null
                    : new Engine.GuardDecision.Blocked($"the chain knows a vote of {validator} that the guard lacks");
            }

            if (stopped is null)
            {
                return (int)ExitCode.Ok;
            }

            terminal.Error.WriteLine($"luxtensor-silo: nothing is signed: {stopped.Reason}");
            return (int)ExitCode.Negative;
        });
        return command;
    }

    private static Command Export(Terminal terminal)
    {
        var config = Prepared.AnyConfig();
        var target = RecordsFile.Target();
        var command = new Verb(
            "export", "Write the records for another cluster or a single node. Stop every silo first and never start them again with these keys.",
            "luxtensor-silo guard export --config silo-config/validator-silo.json --out records.json")
        {
            config, target,
        };
        command.SetAction(parsed =>
        {
            using var store = Open(terminal, parsed.GetRequiredValue(config), out var genesis);
            using var guard = store.OpenGuard(null);
            return RecordsFile.Export(terminal, parsed, parsed.GetRequiredValue(target), stream =>
            {
                var (validators, votes) = Interchange.Export(guard, stream, genesis.EpochZero.Validators.Select(static it => it.Key));
                return (validators, votes);
            });
        });
        return command;
    }

    private static Command Import(Terminal terminal)
    {
        var source = RecordsFile.Source();
        var config = Prepared.AnyConfig();
        var command = new Verb(
            "import", "Take in records of another cluster or of luxtensor: what was signed there is never contradicted here. Before the first run.",
            "luxtensor-silo guard import records.json --config silo-config/validator-silo.json")
        {
            source, config,
        };
        command.SetAction(parsed =>
        {
            return RecordsFile.Import(terminal, parsed, parsed.GetRequiredValue(source), Interchange.MaxFileBytes, stream =>
            {
                using var store = Open(terminal, parsed.GetRequiredValue(config), out _);
                using var guard = store.OpenGuard(null);
                var (validators, votes) = Interchange.Import(guard, stream);
                return (validators, votes);
            });
        });
        return command;
    }

    private static Command Accept(Terminal terminal)
    {
        var config = Prepared.AnyConfig();
        var validator = CommonOptions.Of<string?>("--validator", "One validator only, by its address; else the database as it is.", value: "ADDRESS");
        var yes = CommonOptions.Yes();
        var command = new Verb(
            "accept",
            "Let validators sign again after the database was restored, moved or failed over. Asks first: the keys must sign nowhere else.",
            "luxtensor-silo guard accept --config silo-config/validator-silo.json")
        {
            config, validator, yes,
        };
        command.SetAction(parsed =>
        {
            var named = parsed.GetValue(validator);
            Address address = default;
            if (named is not null && !Address.TryParse(named, out address))
            {
                throw CommandFailure.Usage($"--validator is {named}; it must be an address: 0x and 40 hexadecimal digits");
            }

            if (!parsed.GetValue(yes) && !(terminal.CanAsk && terminal.Confirm(
                "Votes that the database lost may be contradicted, which is slashed. Do these keys sign nowhere else, and is this the newest database?")))
            {
                throw CommandFailure.Usage("nothing was changed: it needs a yes, or --yes where nobody can be asked");
            }

            using var store = Open(terminal, parsed.GetRequiredValue(config), out _);
            using var guard = store.OpenGuard(null);
            var position = named is null ? null : guard.Accept(address);
            Report.Print(
                terminal, parsed.GetValue(CommonOptions.Json),
                ("accepted", named ?? (guard.Accept() ? "the database as it is" : "nothing was refused")), ("silentUpTo", position?.Height));
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static PostgresStore Open(Terminal terminal, string path, out Genesis genesis)
    {
        var settings = Prepared.SettingsOf(terminal, path);
        genesis = GenesisFile.Read(settings.Genesis);
        return PostgresStore.Open(Prepared.Database(settings), genesis);
    }
}
