using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Engine;
using NpgsqlTypes;
using static LuxTensor.Storage.Postgres.PostgresRows;

namespace LuxTensor.Storage.Postgres;

/// <summary>The votes of heights that are not final yet, as many in a row as fit a page of the database. A vote that is lost is said again.</summary>
internal sealed class PostgresVotes(PostgresDatabase database, ulong chainId) : IVoteStore
{
    private const int RowBytes = 8_000; // of a page's 8 KiB

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A vote is of another chain.</exception>
    /// <exception cref="JournalException">They could not be stored.</exception>
    public async Task AppendAsync(IReadOnlyCollection<VoteRun> votes, CancellationToken cancellation)
    {
        if (votes.Any(run => run.Ballot.ChainId != chainId || run.Ballot.Phase > Phase.Precommit))
        {
            throw new ArgumentException($"a vote is not of chain {chainId}", nameof(votes));
        }

        if (votes.Count == 0)
        {
            return;
        }

        await database.UseAsync("storing votes", async connection =>
        {
            await using var copy = await connection.BeginBinaryImportAsync("COPY vote_batch (height, votes, sum) FROM STDIN (FORMAT BINARY)", cancellation);
            copy.Timeout = TimeSpan.FromSeconds(connection.CommandTimeout);
            foreach (var height in votes.GroupBy(static run => run.Ballot.Height))
            {
                foreach (var row in Rows(height))
                {
                    await copy.StartRowAsync(cancellation);
                    await copy.WriteAsync(checked((long)height.Key), NpgsqlDbType.Bigint, cancellation);
                    await copy.WriteAsync(row, NpgsqlDbType.Bytea, cancellation);
                    await copy.WriteAsync(SumOf(height.Key, row), NpgsqlDbType.Bigint, cancellation);
                }
            }

            return await copy.CompleteAsync(cancellation);
        }, cancellation);
    }

    /// <inheritdoc/>
    /// <exception cref="JournalException">They could not be read.</exception>
    public Task<IReadOnlyList<VoteRun>> ReadAsync(ulong height, CancellationToken cancellation) => database.UseAsync<IReadOnlyList<VoteRun>>("reading votes", async connection =>
    {
        await using var select = connection.Command("SELECT votes, sum FROM vote_batch WHERE height = $1 ORDER BY place", Integer(checked((long)height)));
        await using var row = await select.ExecuteReaderAsync(cancellation);
        var votes = new List<VoteRun>();
        while (await row.ReadAsync(cancellation))
        {
            var bytes = row.Blob(0);
            if (row.GetInt64(1) != SumOf(height, bytes) || !VoteRun.TryDecode(bytes, out var runs))
            {
                throw database.Damaged($"votes of height {height}");
            }

            votes.AddRange(runs);
        }

        return votes;
    }, cancellation);

    /// <inheritdoc/>
    /// <exception cref="JournalException">They could not be deleted.</exception>
    public async Task DeleteAsync(ulong from, ulong to, CancellationToken cancellation) => await database.UseAsync("deleting votes", async connection =>
    {
        await using var delete = connection.Command(
            "DELETE FROM vote_batch WHERE height >= $1 AND height < $2", Integer((long)ulong.Min(from, long.MaxValue)), Integer((long)ulong.Min(to, long.MaxValue)));
        return await delete.ExecuteNonQueryAsync(cancellation);
    }, cancellation);

    private static IEnumerable<byte[]> Rows(IEnumerable<VoteRun> votes)
    {
        var row = new WireWriter(RowBytes);
        foreach (var run in votes)
        {
            for (var at = 0; at < run.Count;)
            {
                var to = int.Min(run.Count, at + ((RowBytes - row.Length - VoteRun.HeaderSize) / VoteRun.SignerSize));
                if (to > at)
                {
                    run.Slice(at, to).Write(row);
                    at = to;
                }
                else
                {
                    yield return row.ToArray();
                    row = new WireWriter(RowBytes);
                }
            }
        }

        if (row.Length > 0)
        {
            yield return row.ToArray();
        }
    }

    private static long SumOf(ulong height, ReadOnlySpan<byte> bytes) => RowSum.Of(RowKind.Vote, (long)height, 0, bytes);
}
