using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using Npgsql;
using static LuxTensor.Storage.Postgres.PostgresRows;

namespace LuxTensor.Storage.Postgres;

/// <summary>The votes of heights that are not final yet. Appending does not wait for the disk: a vote that is lost is said again.</summary>
internal sealed class PostgresVotes(PostgresDatabase database, ulong chainId) : IVoteStore
{
    private const string Append =
        "INSERT INTO vote (height, round, phase, validator, block, epoch, signature, sum) "
        + "SELECT $1, round, phase, validator, block, epoch, signature, sum FROM unnest($2, $3, $4, $5, $6, $7, $8) "
        + "WITH ORDINALITY AS row (round, phase, validator, block, epoch, signature, sum, number) ORDER BY number ON CONFLICT DO NOTHING";

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A vote is of another height or chain.</exception>
    /// <exception cref="JournalException">They could not be stored.</exception>
    public async Task AppendAsync(ulong height, IReadOnlyCollection<Vote> votes, CancellationToken cancellation)
    {
        if (votes.Any(vote => vote.Ballot.Height != height || vote.Ballot.ChainId != chainId || vote.Ballot.Phase > Phase.Precommit))
        {
            throw new ArgumentException($"a vote is not of height {height} of chain {chainId}", nameof(votes));
        }

        if (votes.Count == 0)
        {
            return;
        }

        Vote[] all = [.. votes];
        byte[][] signatures = [.. all.Select(static vote => vote.Signature.ToArray())];
        await UseAsync("storing votes", async () =>
        {
            await using var connection = await database.OpenWriteAsync(cancellation);
            await using var batch = new NpgsqlBatch(connection);
            batch.Add("SELECT set_config('synchronous_commit', 'off', true)").Add(
                Append, Integer(checked((long)height)),
                Integers([.. all.Select(static vote => (long)vote.Ballot.Round)]), Shorts([.. all.Select(static vote => (short)vote.Ballot.Phase)]),
                Blobs([.. all.Select(static vote => vote.Validator.ToBytes())]), Blobs([.. all.Select(static vote => vote.Ballot.BlockHash.ToArray())]),
                Integers([.. all.Select(static vote => unchecked((long)vote.Ballot.Epoch))]), Blobs(signatures),
                Integers([.. all.Select(static vote => SumOf(vote))]));
            await batch.ExecuteNonQueryAsync(cancellation);
            return true;
        }, cancellation);
    }

    /// <inheritdoc/>
    /// <exception cref="JournalException">They could not be read.</exception>
    public Task<IReadOnlyList<Vote>> ReadAsync(ulong height, CancellationToken cancellation) => UseAsync<IReadOnlyList<Vote>>("reading votes", async () =>
    {
        await using var connection = await database.OpenReadAsync(cancellation);
        await using var select = connection.Command(
            "SELECT round, phase, validator, block, epoch, signature, sum FROM vote WHERE height = $1 ORDER BY place", Integer(checked((long)height)));
        await using var row = await select.ExecuteReaderAsync(cancellation);
        var votes = new List<Vote>();
        while (await row.ReadAsync(cancellation))
        {
            var ballot = new Ballot(
                chainId, unchecked((ulong)row.GetInt64(4)), height, (uint)row.GetInt64(0), (Phase)row.GetInt16(1), new Hash256(row.Blob(3)));
            var vote = new Vote(ballot, new Address(row.Blob(2)), new Signature(row.Blob(5)));
            votes.Add(row.GetInt64(6) == SumOf(vote) ? vote : throw database.Damaged($"a vote of {vote.Validator} at height {height}"));
        }

        return votes;
    }, cancellation);

    /// <inheritdoc/>
    /// <exception cref="JournalException">They could not be deleted.</exception>
    public async Task DeleteBelowAsync(ulong height, CancellationToken cancellation) => await UseAsync("deleting votes", async () =>
    {
        await using var connection = await database.OpenWriteAsync(cancellation);
        await using var delete = connection.Command("DELETE FROM vote WHERE height < $1", Integer((long)ulong.Min(height, long.MaxValue)));
        return await delete.ExecuteNonQueryAsync(cancellation);
    }, cancellation);

    private static long SumOf(Vote vote)
    {
        var bytes = new Core.Wire.WireWriter(Vote.Size);
        vote.Write(bytes);
        return RowSum.Of(RowKind.Vote, (long)vote.Ballot.Height, vote.Ballot.Round, bytes.Written);
    }

    private async Task<T> UseAsync<T>(string doing, Func<Task<T>> body, CancellationToken cancellation)
    {
        try
        {
            try
            {
                return await body();
            }
            catch (Exception lost) when (PostgresFaults.IsLostConnection(lost) && !cancellation.IsCancellationRequested)
            {
                database.Clear();
                return await body(); // each step may be taken twice
            }
        }
        catch (Exception failure) when (PostgresFaults.IsFromServer(failure))
        {
            throw PostgresFaults.Of(database.Where, doing, failure);
        }
    }
}
