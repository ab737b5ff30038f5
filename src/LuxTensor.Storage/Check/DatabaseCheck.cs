using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Engine;
using LuxTensor.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace LuxTensor.Storage;

/// <summary>The full check of a journal's file, part by part; see <see cref="SqliteJournal.Check"/>.</summary>
internal static class DatabaseCheck
{
    internal static DatabaseReport Run(
        string path, Genesis genesis, IProgress<CheckProgress>? progress, bool transactionSignatures, CancellationToken cancellation)
    {
        path = Path.GetFullPath(path);
        if (!File.Exists(path))
        {
            throw new JournalException($"{path} does not exist: name the journal's file", JournalFault.Foreign);
        }

        using var taken = FileLock.Take(path);
        var findings = new Findings();
        try
        {
            Part(findings, "the write-ahead log", () =>
            {
                WriteAheadLog.Verify(path);
                return true;
            });
            using var database = Database.Open(path, SqliteOpenMode.ReadOnly, TimeSpan.FromSeconds(2));
            database.UseForReading(16 << 10);
            JournalSchema.Verify(database, path, genesis);
            return Run(database, path, genesis, findings, progress, transactionSignatures, cancellation);
        }
        catch (SqliteException failure) when (IsDamage(failure))
        {
            findings.Add(new DatabaseFinding.Unreadable("the file", failure.Message));
            return new DatabaseReport(0, 0, 0, 0, 0, 0, 0, findings.ToImmutable());
        }
        catch (SqliteException failure)
        {
            throw Faults.Of(path, "checking", failure);
        }
    }

    private static DatabaseReport Run(
        Database database, string path, Genesis genesis, Findings findings, IProgress<CheckProgress>? progress,
        bool transactionSignatures, CancellationToken cancellation)
    {
        Part(findings, "the structure", () => CheckStructure(database, findings));
        var head = Part(findings, "the head row", () => Head.Read(database, path));
        var chain = new ChainCheck(database, genesis, findings, transactionSignatures);
        Part(findings, "the blocks", () => chain.Run((ulong)head.Height, progress, cancellation));
        var state = Part(findings, "the state", () => CheckState(database, path, chain, findings));
        var inputs = Part(findings, "the inputs", () => CheckInputs(database, head, findings));
        var pool = Part(findings, "the pool", () => CheckPool(database, genesis.Rules, head, findings));
        var evidence = Part(findings, "the evidence", () => CheckEvidence(database, head, findings));
        return new DatabaseReport(
            (ulong)head.Height, chain.Blocks, chain.Transactions, state, inputs, pool, evidence, findings.ToImmutable());
    }

    private static bool CheckStructure(Database database, Findings findings)
    {
        var check = database.Prepare(FormattableString.Invariant($"PRAGMA integrity_check({DatabaseReport.MaxFindings})"));
        using (check.Rows())
        {
            while (check.Step())
            {
                if (check.Text(0) is var line && !string.Equals(line, "ok", StringComparison.Ordinal))
                {
                    findings.Add(new DatabaseFinding.Structure(line));
                }
            }
        }

        return true;
    }

    private static long CheckState(Database database, string path, ChainCheck chain, Findings findings)
    {
        var entries = JournalLoading.ReadState(database, path);
        var stored = JournalLoading.RootOf(entries);
        if (chain.ExpectedStateRoot is { } expected && stored != expected)
        {
            findings.Add(new DatabaseFinding.WrongState(stored, expected));
        }

        return entries.Count;
    }

    private static long CheckInputs(Database database, Head head, Findings findings) => CheckRows(
        database.Prepare(SmallRows.Inputs), "input", head.Inputs, findings,
        row => (SmallRows.ReadInput(row, out var sum) is not null, sum));

    private static long CheckPool(Database database, ChainRules rules, Head head, Findings findings)
    {
        var place = database.Prepare(SmallRows.Places);
        return CheckRows(database.Prepare(SmallRows.Pool), "pool", head.Pool, findings, row =>
        {
            var entry = SmallRows.ReadPool(row, rules, out var sum);
            if (entry is { Transaction: var transaction })
            {
                using (place.Bind(1, transaction.Id).Rows())
                {
                    if (place.Step())
                    {
                        findings.Add(new DatabaseFinding.FinalInPool(transaction.Id, (ulong)place.Integer(0)));
                    }
                }
            }

            return (entry is not null, sum);
        });
    }

    private static long CheckEvidence(Database database, Head head, Findings findings)
    {
        var select = database.Prepare(SmallRows.Evidences).Bind(1, -1);
        return CheckRows(select, "evidence", head.Evidence, findings, row => (SmallRows.ReadEvidence(row, out var sum) is not null, sum));
    }

    private static long CheckRows(Statement select, string table, Tally expected, Findings findings, Func<Statement, (bool Sound, long Sum)> read)
    {
        var tally = default(Tally);
        using (select.Rows())
        {
            while (select.Step())
            {
                var (sound, sum) = read(select);
                tally = tally.With(sum);
                if (!sound)
                {
                    findings.Add(new DatabaseFinding.DamagedRow(table, select.Integer(0)));
                }
            }
        }

        if (tally != expected)
        {
            findings.Add(new DatabaseFinding.WrongCount(table, expected.Count, tally.Count));
        }

        return tally.Count;
    }

    // A damaged page ends one part; the others are still worth reading.
    private static T? Part<T>(Findings findings, string name, Func<T> check)
    {
        try
        {
            return check();
        }
        catch (Exception failure) when (failure is JournalException || (failure is SqliteException sqlite && IsDamage(sqlite)))
        {
            findings.Add(new DatabaseFinding.Unreadable(name, failure.Message));
            return default;
        }
    }

    private static bool IsDamage(SqliteException failure) => failure.SqliteErrorCode
        is SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB or SQLitePCL.raw.SQLITE_FORMAT or SQLitePCL.raw.SQLITE_ERROR
        or SQLitePCL.raw.SQLITE_IOERR;
}

/// <summary>Findings up to their limit.</summary>
internal sealed class Findings
{
    private readonly ImmutableArray<DatabaseFinding>.Builder list = ImmutableArray.CreateBuilder<DatabaseFinding>();

    internal int Count => list.Count;

    internal void Add(DatabaseFinding finding)
    {
        if (list.Count < DatabaseReport.MaxFindings)
        {
            list.Add(finding);
        }
    }

    internal ImmutableArray<DatabaseFinding> ToImmutable() => list.ToImmutable();
}
