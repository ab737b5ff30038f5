using System.CommandLine;
using System.Text.Json.Nodes;
using LuxTensor.Core;
using LuxTensor.Engine;
using LuxTensor.Node.Configuration;
using LuxTensor.Node.Hosting;
using LuxTensor.Storage;

namespace LuxTensor.Node.Verbs;

/// <summary>luxtensor db: the stored data of a node.</summary>
internal static class DbVerb
{
    internal static Command Create(Terminal terminal) =>
        new Verb("db", "Look after a node's databases.", "luxtensor db check ~/.luxtensor/devnet") { Check(terminal) };

    private static Command Check(Terminal terminal)
    {
        var path = new Argument<string>("path") { Description = "A journal, a node's data folder, or a devnet's folder." };
        var named = CommonOptions.Of<string?>(
            "--genesis", "The chain's genesis.json; looked for beside the path and above it unless given.", value: "FILE");
        var signatures = CommonOptions.Of<bool>("--signatures", "Verify every transaction's signature too; slow.");
        var command = new Verb(
            "check",
            "Check a stopped node's journal from the genesis on, and its signing guard, without changing them. Ends with 4 where "
            + "something is damaged.",
            "luxtensor db check ~/.luxtensor/devnet\nluxtensor db check data/journal.db --genesis genesis.json --signatures")
        {
            path, named, signatures,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var asked = parsed.GetRequiredValue(path);
            var genesis = GenesisNear.Read(asked, parsed.GetValue(named));
            var json = parsed.GetValue(CommonOptions.Json);
            var clean = true;
            foreach (var journal in Journals(asked))
            {
                clean &= await Task.Run(
                    () => CheckJournal(terminal, journal, genesis, parsed.GetValue(signatures), json, cancellation), cancellation);
                clean &= CheckGuard(terminal, RunningNode.GuardIn(Path.GetDirectoryName(journal)!), genesis, json);
            }

            return (int)(clean ? ExitCode.Ok : ExitCode.Damaged);
        });
        return command;
    }

    private static string[] Journals(string path)
    {
        if (!Directory.Exists(path))
        {
            return File.Exists(path) ? [Path.GetFullPath(path)]
                : throw CommandFailure.Usage($"there is no {path}: name a journal or a data folder");
        }

        var own = RunningNode.JournalIn(Path.GetFullPath(path));
        string[] found = File.Exists(own)
            ? [own]
            : [.. Directory.EnumerateDirectories(Path.GetFullPath(path)).Select(RunningNode.JournalIn).Where(File.Exists)
                .Order(StringComparer.Ordinal)];
        return found.Length > 0 ? found : throw CommandFailure.Usage($"there is no journal.db in {path} or in a folder of it");
    }

    private static bool CheckJournal(
        Terminal terminal, string path, Genesis genesis, bool signatures, bool json, CancellationToken cancellation)
    {
        var report = SqliteJournal.Check(path, genesis, progress: null, signatures, cancellation);
        var findings = report.Findings.Select(static it => it.Message).ToArray();
        if (json)
        {
            terminal.Out.WriteLine(Report.Json(
                ("file", path), ("clean", report.IsClean), ("finalHeight", report.FinalHeight), ("blocks", report.Blocks),
                ("transactions", report.Transactions), ("stateEntries", report.StateEntries), ("inputs", report.Inputs),
                    ("pool", report.Pool),
                ("evidence", report.Evidence), ("findings", new JsonArray([.. findings.Select(static it => (JsonNode?)it)]))));
            return report.IsClean;
        }

        terminal.Out.WriteLine(
            $"{(report.IsClean ? "clean  " : "DAMAGED")}  {path}: final height {report.FinalHeight}, {report.Blocks} blocks, "
            + $"{report.Transactions} transactions, "
            + $"{report.StateEntries} state entries, {report.Inputs} inputs, {report.Pool} in the pool, {report.Evidence} pieces of "
            + "evidence");
        foreach (var finding in findings)
        {
            terminal.Out.WriteLine($"         {finding}");
        }

        return report.IsClean;
    }

    // Opening a guard checks every row of it.
    private static bool CheckGuard(Terminal terminal, string path, Genesis genesis, bool json)
    {
        if (!File.Exists(path))
        {
            return true;
        }

        string? why = null;
        try
        {
            SqliteSigningGuard.Open(path, GuardOptions.For(genesis)).Dispose();
        }
        catch (Exception e) when (e is JournalException or GuardException)
        {
            why = e.Message;
        }

        terminal.Out.WriteLine(json
            ? Report.Json(("file", path), ("clean", why is null), ("findings", new JsonArray(why is null ? [] : [why])))
            : why is null ? $"clean    {path}" : $"DAMAGED  {path}\n         {why}");
        return why is null;
    }
}
