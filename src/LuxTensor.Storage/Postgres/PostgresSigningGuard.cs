using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Storage.Postgres;
using Npgsql;
using static LuxTensor.Storage.Postgres.PostgresRows;

namespace LuxTensor.Storage;

/// <summary>
/// The signing guard of a clustered node. What decides is one transaction of the database a vote, fenced by the writer's
/// generation, and the primary key over (validator, height, round, phase); never memory. It lies in the same database as the
/// journal, so a restored copy takes both back together: therefore it knows the database system and timeline on which its records
/// were made, and releases nothing on another until the operator accepts that. A copy of the server's files that was started again
/// has both unchanged and is not noticed; then only the votes that the network sends back help (GRD-5).
/// </summary>
public sealed class PostgresSigningGuard : ISigningGuard
{
    private readonly PostgresDatabase database;
    private readonly Genesis genesis;
    private readonly long? generation;
    private readonly Lock gate = new();
    private readonly Dictionary<Address, int> untilPruning = [];
    private bool disposed;

    internal PostgresSigningGuard(PostgresDatabase database, Genesis genesis, long? generation)
    {
        this.database = database;
        this.genesis = genesis;
        this.generation = generation;
    }

    /// <summary>The chain that the guard signs for.</summary>
    public Genesis Genesis => genesis;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The vote's phase is not one that is signed.</exception>
    public GuardDecision Record(Vote vote)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        var position = GuardRules.PositionOf(vote);
        if (GuardRules.Unfit(vote, genesis.Rules.ChainId) is { } unfit)
        {
            return unfit;
        }

        // Twice is as good as once: the second time finds what the first one recorded.
        var (decision, isNew) = database.WriteAgain("recording a vote", connection => Record(connection, vote, position));
        if (isNew && IsTimeToPrune(vote.Validator))
        {
            Prune(vote.Validator);
        }

        return decision;
    }

    /// <inheritdoc/>
    /// <exception cref="JournalException">The database cannot be read.</exception>
    public SigningPosition? LastSigned(Address validator) =>
        Step("reading the guard", validator, connection => PostgresGuardRows.Last(connection, validator, database));

    /// <inheritdoc/>
    public void RefuseUpTo(Address validator, ulong height) => Step("refusing", validator, connection =>
    {
        PostgresGuardRows.RaiseWatermark(connection, validator, new SigningPosition(height, uint.MaxValue, Phase.Precommit));
        return true;
    });

    /// <inheritdoc/>
    /// <exception cref="JournalException">The database cannot be read or written.</exception>
    public GuardDecision.Blocked? VerifyNotOlderThan(Address validator, SigningPosition knownToJournal) =>
        Step("comparing the guard with the journal", validator, connection =>
        {
            var isForgotten = PostgresGuardRows.Watermark(connection, validator, database) is { } watermark && knownToJournal.CompareTo(watermark) <= 0;
            if (!isForgotten && PostgresGuardRows.Find(connection, validator, knownToJournal, database) is null)
            {
                PostgresGuardRows.Block(connection, validator, knownToJournal);
            }

            return Doubted(generation is null ? null : Doubt(connection))
                ?? GuardRules.Older(database.Where, validator, PostgresGuardRows.Blocked(connection, validator, database));
        });

    /// <summary>
    /// The operator's word that this validator signs nowhere else: everything at or below the position that the guard lacked
    /// is refused for good, and the guard signs above it.
    /// </summary>
    /// <returns>That position, or null where the guard was not blocked.</returns>
    /// <exception cref="JournalException">The database cannot be written.</exception>
    public SigningPosition? Accept(Address validator) => Step("accepting", validator, connection =>
    {
        var position = PostgresGuardRows.Blocked(connection, validator, database);
        if (position is { } raised)
        {
            PostgresGuardRows.RaiseWatermark(connection, validator, raised);
            PostgresGuardRows.Unblock(connection, validator);
        }

        return position;
    });

    /// <summary>
    /// The operator's word that this database, though a copy, has every record, or that nothing was signed above a height: the
    /// guard takes the database as its own, and refuses everything up to that height for each validator that it knows.
    /// </summary>
    /// <param name="refuseUpTo">The height; with null the records are taken as complete.</param>
    /// <returns>Whether there was anything to accept.</returns>
    /// <exception cref="JournalException">The database cannot be written.</exception>
    public bool Accept(ulong? refuseUpTo = null) => Step("accepting", default, connection =>
    {
        if (Doubt(connection, anyTimeline: false) is null)
        {
            return false;
        }

        if (refuseUpTo is { } height)
        {
            foreach (var validator in PostgresGuardRows.Validators(connection))
            {
                PostgresGuardRows.RaiseWatermark(connection, validator, new SigningPosition(height, uint.MaxValue, Phase.Precommit));
            }
        }

        connection.Command(
            "UPDATE guard_origin SET timeline = left(pg_walfile_name(pg_current_wal_lsn()), 8), system_identifier = (SELECT system_identifier FROM pg_control_system())").ExecuteNonQuery();
        return true;
    });

    /// <summary>The position that the guard is known to lack, so that it signs nothing for this validator; null where it is whole.</summary>
    /// <exception cref="JournalException">The database cannot be read.</exception>
    public SigningPosition? Lacking(Address validator) =>
        Step("reading the guard", validator, connection => PostgresGuardRows.Blocked(connection, validator, database));

    /// <summary>Every validator of which there is a record, in order of address.</summary>
    /// <exception cref="JournalException">The database cannot be read.</exception>
    public IReadOnlyList<Address> Validators() => Step("reading the guard", default, PostgresGuardRows.Validators);

    /// <summary>Why the guard releases nothing at all; null where it does.</summary>
    /// <exception cref="JournalException">The database cannot be read.</exception>
    public GuardDecision.Blocked? BlockedForAll() => Step("reading the guard", default, connection => Doubted(Doubt(connection)));

    /// <summary>How many votes of a validator are kept now.</summary>
    /// <exception cref="JournalException">The database cannot be read.</exception>
    public int Count(Address validator) =>
        Step("reading the guard", validator, connection => PostgresGuardRows.Newest(connection, validator, int.MaxValue, database).Count);

    /// <summary>Records nothing more.</summary>
    public void Dispose() => disposed = true;

    /// <summary>Notes where the records are made, at the first opening with a generation; and finds out whether it is the newest.</summary>
    internal void CheckOrigin()
    {
        if (generation is not null)
        {
            Step("opening the guard", default, connection => Doubt(connection));
        }
    }

    /// <summary>Everything that an export needs, of one point in time.</summary>
    internal List<GuardRecords> ReadAll(int limit) => Step("exporting", default, connection =>
        PostgresGuardRows.Validators(connection).ConvertAll(validator => new GuardRecords(
            validator, PostgresGuardRows.Newest(connection, validator, limit, database),
            GuardStore.Max(PostgresGuardRows.Watermark(connection, validator, database), PostgresGuardRows.Blocked(connection, validator, database)))));

    /// <summary>Refuses positions for several validators, all or none.</summary>
    internal void RaiseAll(IReadOnlyDictionary<Address, SigningPosition> highest) => Step("importing", default, connection =>
    {
        foreach (var (validator, position) in highest)
        {
            PostgresGuardRows.RaiseWatermark(connection, validator, position);
        }

        return true;
    });

    private (GuardDecision Decision, bool IsNew) Record(NpgsqlConnection connection, Vote vote, SigningPosition position)
    {
        var (validator, ballot) = (vote.Validator, vote.Ballot);
        var (block, signature) = (ballot.BlockHash.ToArray(), vote.Signature.ToArray());
        using var record = connection.Command(
            "SELECT * FROM guard_record($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            Integer(generation), Truth(database.Options.AcceptNewTimeline), Bytes(validator), Integer((long)position.Height), Integer(position.Round),
            Short(position.Phase), Integer(unchecked((long)ballot.Epoch)), Bytes(block), Bytes(signature),
            Integer(GuardRows.SumOfSigned(validator, position, ballot.Epoch, block, signature)), Small(database.PatienceMs));
        using var row = record.ExecuteReader();
        row.Read();
        var inserted = row.GetBoolean(0);
        var doubt = row.IsDBNull(1) ? null : row.GetString(1);
        SignedVote? signed = row.IsDBNull(5) ? null : PostgresGuardRows.VoteOf(row, 2, validator, position, database);
        var watermark = PostgresGuardRows.CheckedPosition(row, 6, RowKind.Watermark, validator, database);
        var lacking = PostgresGuardRows.CheckedPosition(row, 10, RowKind.Blocked, validator, database);
        row.NextResult(); // to the end: the transaction is durable only then
        var refused = Doubted(doubt) ?? GuardRules.Older(database.Where, validator, lacking) ?? GuardRules.Earlier(vote, position, signed, watermark);
        return inserted == refused is null
            ? (refused ?? new GuardDecision.Released(vote.Signature), inserted)
            : throw database.Damaged($"the guard's rows of {validator} say two things at once");
    }

    private T Step<T>(string doing, Address validator, Func<NpgsqlConnection, T> body)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        return database.WriteAgain(doing, connection => PostgresDatabase.InTransaction(connection, () =>
        {
            connection.Command("SELECT guard_enter($1, $2, $3)", Integer(generation), Bytes(validator), Small(database.PatienceMs)).ExecuteNonQuery();
            return body(connection);
        }));
    }

    private string? Doubt(NpgsqlConnection connection, bool? anyTimeline = null) =>
        connection.Command("SELECT guard_doubt($1)", Truth(anyTimeline ?? database.Options.AcceptNewTimeline)).ExecuteScalar() as string;

    private GuardDecision.Blocked? Doubted(string? doubt) => doubt is null
        ? null
        : new GuardDecision.Blocked(
            $"the guard {database.Where} may lack votes that were signed: {doubt}. Go back to the database that has them, or make sure that nothing was signed since the copy and accept");

    private void Prune(Address validator)
    {
        try
        {
            Step("forgetting old votes", validator, connection =>
            {
                PostgresGuardRows.Prune(connection, validator, database.Options.KeptVotes);
                return true;
            });
        }
        catch (JournalException)
        {
            lock (gate)
            {
                untilPruning[validator] = 0; // the new vote is recorded; the old ones are forgotten another time
            }
        }
    }

    // At the first vote after opening, then now and then, so that the table stays bounded however often the guard is opened.
    private bool IsTimeToPrune(Address validator)
    {
        lock (gate)
        {
            var left = untilPruning.GetValueOrDefault(validator);
            untilPruning[validator] = left == 0 ? int.Min(GuardRules.VotesBetweenPrunings, database.Options.KeptVotes) : left - 1;
            return left == 0;
        }
    }
}
