using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Validators;
using LuxTensor.Engine;
using LuxTensor.Storage.Sqlite;

namespace LuxTensor.Storage;

/// <summary>The rows of the validator sets, one an epoch: who may want to verify a certificate of any height finds its set here.</summary>
internal static class EpochRow
{
    internal const string InsertSql = "INSERT INTO epoch VALUES (?1, ?2, ?3)";
    internal const string SelectSql = "SELECT epoch, sum, members FROM epoch WHERE epoch = ?1";
    private const string SelectNewestSql = "SELECT epoch, sum, members FROM epoch ORDER BY epoch DESC LIMIT ?1";

    internal static void Insert(Statement insert, EpochSnapshot set)
    {
        var members = set.EncodeMembers();
        var epoch = checked((long)set.Epoch);
        insert.Bind(1, epoch).Bind(2, SumOf(epoch, members)).Bind(3, members).Run();
    }

    /// <summary>The set of the row that the statement is at; null where it is damaged.</summary>
    internal static EpochSnapshot? Read(Statement row) => Read(row.Integer(0), row.Integer(1), row.Blob(2));

    /// <summary>The set of a row's values; null where it is damaged.</summary>
    internal static EpochSnapshot? Read(long epoch, long sum, ReadOnlySpan<byte> members) =>
        sum == SumOf(epoch, members) ? EpochSnapshot.TryDecode((ulong)epoch, members) : null;

    /// <summary>How many sets a node starts with.</summary>
    internal static long Kept(ChainRules rules) => checked((long)rules.EpochsBehind + 3);

    /// <summary>The sets that the state after the last final block has at hand, oldest first.</summary>
    /// <exception cref="JournalException">A row is damaged.</exception>
    internal static ImmutableArray<EpochSnapshot> ReadNewest(Database database, string path, ChainRules rules)
    {
        var sets = ImmutableArray.CreateBuilder<EpochSnapshot>();
        var select = database.Prepare(SelectNewestSql);
        using (select.Bind(1, Kept(rules)).Rows())
        {
            while (select.Step())
            {
                sets.Insert(0, Read(select) ?? throw Faults.Damaged(path, $"the validator set of epoch {select.Integer(0)}"));
            }
        }

        return sets.ToImmutable();
    }

    internal static long SumOf(long epoch, ReadOnlySpan<byte> members) => RowSum.Of(RowKind.Epoch, epoch, 0, members);
}
