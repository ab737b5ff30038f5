using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Finality;
using LuxTensor.Core.State;
using LuxTensor.Core.Validators;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Storage.Sqlite;

namespace LuxTensor.Storage;

/// <summary>
/// What a node starts from, checked: the last final block and its link to its parent, the state against the block's state
/// root, and every input and pool row against its checksum and their count. The work does not depend on the chain's length.
/// </summary>
internal static class JournalLoading
{
    internal static JournalContents Load(Database database, string path, Genesis genesis, Head head)
    {
        var final = ReadFinal(database, path, genesis, head);
        var sets = EpochRow.ReadNewest(database, path, genesis.Rules);
        var (state, ledger) = ReadState(database, path, final, sets);
        return new JournalContents(final, state, sets, ReadInputs(database, path, head), ReadPool(database, path, genesis.Rules, head))
        {
            Ledger = ledger,
            Evidence = ReadEvidence(database, path, head),
        };
    }

    private static FinalBlock ReadFinal(Database database, string path, Genesis genesis, Head head)
    {
        var highest = database.Integer("SELECT max(height) FROM block");
        if (highest != head.Height)
        {
            throw Faults.Damaged(path, $"the last final block should be {head.Height}, the highest stored is {highest}");
        }

        var select = database.Prepare(BlockRow.SelectSql);
        FinalBlock Read(long height)
        {
            using (select.Bind(1, height).Rows())
            {
                return !select.Step()
                    ? throw Faults.Damaged(path, $"final block {height} is missing")
                    : BlockRow.Read(select, genesis.Rules, out var fault) ?? throw Faults.Damaged(path, $"final block {height}: {fault}");
            }
        }

        var final = Read(head.Height);
        CheckLink(final, head.Height == 0 ? null : Read(head.Height - 1), genesis, damage => Faults.Damaged(path, damage));
        return final;
    }

    private static (List<KeyValuePair<Hash256, ReadOnlyMemory<byte>>> Entries, Ledger Ledger) ReadState(
        Database database, string path, FinalBlock final, ImmutableArray<EpochSnapshot> sets)
    {
        var entries = ReadState(database, path);
        return (entries, LedgerOf(entries, final, sets, damage => Faults.Damaged(path, damage)));
    }

    /// <summary>The ledger of the stored entries, where its root is the last final block's.</summary>
    internal static Ledger LedgerOf(
        List<KeyValuePair<Hash256, ReadOnlyMemory<byte>>> entries, FinalBlock final, ImmutableArray<EpochSnapshot> sets,
        Func<string, JournalException> damaged)
    {
        var root = RootOf(entries);
        if (root != final.Block.Header.StateRoot)
        {
            throw damaged($"the state's root is {root}, final block {final.Block.Height} has {final.Block.Header.StateRoot}");
        }

        try
        {
            return Ledger.From(entries, sets);
        }
        catch (ArgumentException damage)
        {
            throw damaged(damage.Message);
        }
    }

    /// <summary>Makes sure that a final block names the one below it, and that the first is the genesis.</summary>
    internal static void CheckLink(FinalBlock final, FinalBlock? below, Genesis genesis, Func<string, JournalException> damaged)
    {
        var height = final.Block.Height;
        var expected = below is null ? genesis.Hash : below.Block.Hash;
        if (final.Block.Header.Parent != expected || (height == 0 && final.Block.Hash != genesis.Block.Hash))
        {
            throw damaged($"final block {height} names the parent {final.Block.Header.Parent}, stored is {expected}");
        }
    }

    /// <summary>The state root of these leaves.</summary>
    internal static Hash256 RootOf(IEnumerable<KeyValuePair<Hash256, ReadOnlyMemory<byte>>> entries) =>
        Ledger.Empty.Apply([.. entries.Select(static entry => new StateChange(entry.Key, entry.Value))]).Root;

    internal static List<KeyValuePair<Hash256, ReadOnlyMemory<byte>>> ReadState(Database database, string path)
    {
        var entries = new List<KeyValuePair<Hash256, ReadOnlyMemory<byte>>>();
        var last = default(Hash256?);
        var select = database.Prepare("SELECT key, value FROM state ORDER BY key");
        using (select.Rows())
        {
            while (select.Step())
            {
                var key = select.Blob(0);
                if (key.Length != Hash256.Size || (last is { } before && new Hash256(key) <= before))
                {
                    throw Faults.Damaged(path, $"a key of the state, {Hex.Encode(key)}");
                }

                last = new Hash256(key);
                entries.Add(new(last.Value, select.Blob(1).ToArray()));
            }
        }

        return entries;
    }

    private static List<JournalInput> ReadInputs(Database database, string path, Head head)
    {
        var inputs = new List<JournalInput>();
        var tally = default(Tally);
        var select = database.Prepare(SmallRows.Inputs);
        using (select.Rows())
        {
            while (select.Step())
            {
                inputs.Add(SmallRows.ReadInput(select, out var sum) ?? throw Faults.Damaged(path, $"input {select.Integer(0)}"));
                tally = tally.With(sum);
            }
        }

        return tally == head.Inputs ? inputs : throw Faults.Damaged(path, $"{tally.Count} inputs are there, {head.Inputs.Count} were stored");
    }

    private static List<Evidence> ReadEvidence(Database database, string path, Head head)
    {
        var evidence = new List<Evidence>();
        var tally = default(Tally);
        var select = database.Prepare(SmallRows.Evidences);
        using (select.Bind(1, -1).Rows())
        {
            while (select.Step())
            {
                evidence.Add(SmallRows.ReadEvidence(select, out var sum) ?? throw Faults.Damaged(path, $"evidence {select.Integer(0)}"));
                tally = tally.With(sum);
            }
        }

        return tally == head.Evidence
            ? evidence
            : throw Faults.Damaged(path, $"{tally.Count} pieces of evidence are there, {head.Evidence.Count} were stored");
    }

    private static List<PoolEntry> ReadPool(Database database, string path, ChainRules rules, Head head)
    {
        var pool = new List<PoolEntry>();
        var tally = default(Tally);
        var select = database.Prepare(SmallRows.Pool);
        using (select.Rows())
        {
            while (select.Step())
            {
                pool.Add(SmallRows.ReadPool(select, rules, out var sum) ?? throw Faults.Damaged(path, $"pool entry {select.Integer(0)}"));
                tally = tally.With(sum);
            }
        }

        return tally == head.Pool ? pool : throw Faults.Damaged(path, $"{tally.Count} pool entries are there, {head.Pool.Count} were stored");
    }
}
