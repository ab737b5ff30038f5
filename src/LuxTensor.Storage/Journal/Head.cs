using System.Runtime.InteropServices;
using LuxTensor.Engine;
using LuxTensor.Storage.Sqlite;

namespace LuxTensor.Storage;

/// <summary>The row that changes with every batch: its number, the last final height, and what the small tables hold.</summary>
internal readonly record struct Head(long Batch, long Height, Tally Inputs, Tally Pool, Tally Evidence)
{
    internal const string UpdateSql =
        """
        UPDATE head SET batch = ?1, height = ?2, inputs = ?3, input_sum = ?4, pool = ?5, pool_sum = ?6,
        evidence = ?7, evidence_sum = ?8, sum = ?9 WHERE one = 1 AND batch = ?1 - 1
        """;

    private const string SelectSql =
        "SELECT batch, height, inputs, input_sum, pool, pool_sum, evidence, evidence_sum, sum FROM head WHERE one = 1";

    internal static Head New => default;

    private long Sum
    {
        get
        {
            ReadOnlySpan<long> counts = [Inputs.Count, Inputs.Sum, Pool.Count, Pool.Sum, Evidence.Count, Evidence.Sum];
            return RowSum.Of(RowKind.Head, Batch, Height, MemoryMarshal.AsBytes(counts));
        }
    }

    internal void Insert(Database database) =>
        Bind(database.Prepare("INSERT INTO head VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")).Run();

    internal Statement Bind(Statement statement) => statement
        .Bind(1, Batch).Bind(2, Height).Bind(3, Inputs.Count).Bind(4, Inputs.Sum).Bind(5, Pool.Count).Bind(6, Pool.Sum)
        .Bind(7, Evidence.Count).Bind(8, Evidence.Sum).Bind(9, Sum);

    /// <summary>Reads the row.</summary>
    /// <exception cref="JournalException">It is missing or changed.</exception>
    internal static Head Read(Database database, string path)
    {
        var select = database.Prepare(SelectSql);
        using (select.Rows())
        {
            if (!select.Step())
            {
                throw Faults.Damaged(path, "the head row is missing");
            }

            var head = new Head(
                select.Integer(0), select.Integer(1), new Tally(select.Integer(2), select.Integer(3)),
                new Tally(select.Integer(4), select.Integer(5)), new Tally(select.Integer(6), select.Integer(7)));
            return head.Sum == select.Integer(8) && head.Height >= 0 ? head : throw Faults.Damaged(path, "the head row");
        }
    }
}
