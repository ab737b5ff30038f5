using System.CommandLine;
using LuxTensor.Core;
using LuxTensor.Node.Configuration;
using LuxTensor.Node.Hosting;
using LuxTensor.Storage;

namespace LuxTensor.Node.Verbs;

/// <summary>luxtensor keys guard: the records that keep a key from signing twice.</summary>
internal static class GuardVerb
{
    private sealed record Common(Option<string> Guard, Option<string?> Genesis)
    {
        internal SqliteSigningGuard Open(ParseResult parsed, bool mayMake)
        {
            var path = parsed.GetRequiredValue(Guard);
            path = Directory.Exists(path) ? RunningNode.GuardIn(path) : path;
            return mayMake || File.Exists(path)
                ? SqliteSigningGuard.Open(path, GuardOptions.For(GenesisOf(parsed)))
                : throw CommandFailure.Usage($"there is no signing guard {path}: name a guard.db or the data folder that has one");
        }

        internal Genesis GenesisOf(ParseResult parsed) => GenesisNear.Read(parsed.GetRequiredValue(Guard), parsed.GetValue(Genesis));
    }

    internal static Command Create(Terminal terminal) =>
        new Verb(
            "guard",
            "The signing guard: what was signed, so that it is never contradicted. Records travel in the format of EIP-3076.",
            "luxtensor keys guard status --guard data\nluxtensor keys guard export --guard data --out records.json")
        {
            Status(terminal), Export(terminal), Import(terminal), Accept(terminal),
        };

    private static Command Status(Terminal terminal)
    {
        var common = Options();
        var command = new Verb(
            "status",
            "Show the last vote that each validator signed. Ends with 1 where the guard is older than the journal, and so signs nothing.",
            "luxtensor keys guard status --guard data --json")
        {
            common.Guard, common.Genesis,
        };
        command.SetAction(parsed =>
        {
            using var guard = common.Open(parsed, mayMake: false);
            var json = parsed.GetValue(CommonOptions.Json);
            var blocked = false;
            foreach (var validator in common.GenesisOf(parsed).EpochZero.Validators.Select(static it => it.Address))
            {
                Describe(terminal, guard, validator, json);
                blocked |= guard.Lacking(validator) is not null;
            }

            return (int)(blocked ? ExitCode.Negative : ExitCode.Ok);
        });
        return command;
    }

    private static Command Export(Terminal terminal)
    {
        var common = Options();
        var target = RecordsFile.Target();
        var command = new Verb(
            "export", "Write the records for another machine. Stop the node first and never start it here again.",
            "luxtensor keys guard export --guard data --out records.json")
        {
            common.Guard, common.Genesis, target,
        };
        command.SetAction(parsed =>
        {
            using var guard = common.Open(parsed, mayMake: false);
            var keys = common.GenesisOf(parsed).EpochZero.Validators.Select(static it => it.Key);
            return RecordsFile.Export(terminal, parsed, parsed.GetRequiredValue(target), stream =>
            {
                var (validators, votes) = Interchange.Export(guard, stream, keys);
                return (validators, votes);
            });
        });
        return command;
    }

    private static Command Import(Terminal terminal)
    {
        var common = Options();
        var source = RecordsFile.Source();
        var command = new Verb(
            "import", "Take in records of another machine: what was signed there is never contradicted here.",
            "luxtensor keys guard import records.json --guard data")
        {
            source, common.Guard, common.Genesis,
        };
        command.SetAction(parsed =>
        {
            return RecordsFile.Import(terminal, parsed, parsed.GetRequiredValue(source), Interchange.MaxFileBytes, stream =>
            {
                using var guard = common.Open(parsed, mayMake: true);
                var (validators, votes) = Interchange.Import(guard, stream);
                return (validators, votes);
            });
        });
        return command;
    }

    private static Command Accept(Terminal terminal)
    {
        var common = Options();
        var validator = CommonOptions.Of<string>("--validator", "The validator's address.", value: "ADDRESS", required: true);
        var yes = CommonOptions.Yes();
        var command = new Verb(
            "accept",
            "Let a validator sign again whose guard is older than its journal. Asks first: the key must sign nowhere else.",
            "luxtensor keys guard accept --guard data --validator 0x…")
        {
            common.Guard, common.Genesis, validator, yes,
        };
        command.SetAction(parsed =>
        {
            var address = Address.TryParse(parsed.GetRequiredValue(validator), out var known)
                ? known
                : throw CommandFailure.Usage($"--validator is {parsed.GetValue(validator)}; it must be an address: 0x and 40 hexadecimal "
                    + "digits");
            using var guard = common.Open(parsed, mayMake: false);
            if (!parsed.GetValue(yes) && !(terminal.CanAsk && terminal.Confirm($"Does the key of {address} sign on no other machine?")))
            {
                throw CommandFailure.Usage("nothing was changed: signing with an old guard needs a yes, or --yes where nobody can be "
                    + "asked");
            }

            if (guard.Accept(address) is not { } position)
            {
                terminal.Error.WriteLine($"luxtensor: {address} was not blocked");
                return (int)ExitCode.Negative;
            }

            Report.Print(
                terminal, parsed.GetValue(CommonOptions.Json),
                ("validator", address.ToString()), ("signsAbove", $"height {position.Height}, round {position.Round}, {position.Phase}"));
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static void Describe(Terminal terminal, SqliteSigningGuard guard, Address validator, bool json)
    {
        var (last, lacking) = (guard.LastSigned(validator), guard.Lacking(validator));
        if (last is null && lacking is null)
        {
            return; // another operator's
        }

        if (json)
        {
            terminal.Out.WriteLine(Report.Json(
                ("validator", validator.ToString()), ("height", last?.Height), ("round", last?.Round), ("phase", last?.Phase.ToString()),
                ("votes", guard.Count(validator)), ("lackingHeight", lacking?.Height)));
            return;
        }

        var signed = last is { } at
            ? $"last signed: height {at.Height}, round {at.Round}, {at.Phase}; {guard.Count(validator)} votes kept"
            : "nothing signed";
        terminal.Out.WriteLine($"{validator}  {signed}");
        if (lacking is { } missing)
        {
            terminal.Out.WriteLine($"  BLOCKED: the journal knows a vote at height {missing.Height} that this guard lacks. Restore the "
                + $"newest guard, or: luxtensor keys guard accept --guard {guard.Path} --validator {validator}");
        }
    }

    private static Common Options() => new(
        CommonOptions.Of<string>("--guard", "The guard.db, or the data folder that has it.", value: "PATH", required: true),
        CommonOptions.Of<string?>("--genesis", "The chain's genesis.json; looked for beside the guard and above it unless given.",
            value: "FILE"));
}
