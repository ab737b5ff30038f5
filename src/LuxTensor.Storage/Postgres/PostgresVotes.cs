using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Engine;
using static LuxTensor.Storage.Postgres.PostgresRows;

namespace LuxTensor.Storage.Postgres;

/// <summary>The votes of heights that are not final yet, a row a batch. A vote that is lost is said again.</summary>
internal sealed class PostgresVotes(PostgresDatabase database, ulong chainId) : IVoteStore
{
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

        var batches = votes.GroupBy(static run => run.Ballot.Height).Select(static height => (Height: height.Key, Bytes: Encode([.. height]))).ToArray();
        await database.UseAsync("storing votes", async () =>
        {
            await using var connection = await database.OpenWriteAsync(cancellation);
            await using var insert = connection.Command(
                "INSERT INTO vote_batch (height, votes, sum) SELECT * FROM unnest($1, $2, $3)",
                Integers([.. batches.Select(static batch => checked((long)batch.Height))]), Blobs([.. batches.Select(static batch => batch.Bytes)]),
                Integers([.. batches.Select(static batch => SumOf(batch.Height, batch.Bytes))]));
            return await insert.ExecuteNonQueryAsync(cancellation);
        }, cancellation);
    }

    /// <inheritdoc/>
    /// <exception cref="JournalException">They could not be read.</exception>
    public Task<IReadOnlyList<VoteRun>> ReadAsync(ulong height, CancellationToken cancellation) => database.UseAsync<IReadOnlyList<VoteRun>>("reading votes", async () =>
    {
        await using var connection = await database.OpenReadAsync(cancellation);
        await using var select = connection.Command("SELECT votes, sum FROM vote_batch WHERE height = $1 ORDER BY place", Integer(checked((long)height)));
        await using var row = await select.ExecuteReaderAsync(cancellation);
        var votes = new List<VoteRun>();
        while (await row.ReadAsync(cancellation))
        {
            var bytes = row.Blob(0);
            if (row.GetInt64(1) != SumOf(height, bytes) || !TryRead(bytes, votes))
            {
                throw database.Damaged($"votes of height {height}");
            }
        }

        return votes;
    }, cancellation);

    /// <inheritdoc/>
    /// <exception cref="JournalException">They could not be deleted.</exception>
    public async Task DeleteBelowAsync(ulong height, CancellationToken cancellation) => await database.UseAsync("deleting votes", async () =>
    {
        await using var connection = await database.OpenWriteAsync(cancellation);
        await using var delete = connection.Command("DELETE FROM vote_batch WHERE height < $1", Integer((long)ulong.Min(height, long.MaxValue)));
        return await delete.ExecuteNonQueryAsync(cancellation);
    }, cancellation);

    private static byte[] Encode(VoteRun[] votes)
    {
        var writer = new WireWriter(votes.Sum(static run => run.EncodedSize));
        foreach (var run in votes)
        {
            run.Write(writer);
        }

        return writer.ToArray();
    }

    private static bool TryRead(ReadOnlySpan<byte> bytes, List<VoteRun> votes)
    {
        var reader = new WireReader(bytes);
        while (reader.Fault == WireFault.None && reader.Remaining > 0)
        {
            votes.Add(VoteRun.Read(ref reader));
        }

        return reader.End();
    }

    private static long SumOf(ulong height, ReadOnlySpan<byte> bytes) => RowSum.Of(RowKind.Vote, (long)height, 0, bytes);
}
