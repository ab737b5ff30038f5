using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace LuxTensor.Storage;

/// <summary>
/// A signing guard in a SQLite file of its own, which may be open several times, in this process and in others: what decides
/// is one exclusive transaction a vote and the primary key over (validator, height, round, phase), never memory. It follows
/// the rules of slashing databases (EIP-3076): check and insert are one step, and what is forgotten is refused.
/// </summary>
public sealed class SqliteSigningGuard : ISigningGuard
{
    private readonly GuardOptions options;
    private readonly GuardStore store;
    private readonly Lock gate = new();
    private readonly Dictionary<Address, int> untilPruning = [];
    private string? failure;
    private bool disposed;

    private SqliteSigningGuard(string path, GuardOptions options, GuardStore store)
    {
        Path = path;
        this.options = options;
        this.store = store;
    }

    /// <summary>The file's full path.</summary>
    public string Path { get; }

    /// <summary>The chain and genesis that the guard signs for, and what it keeps.</summary>
    public GuardOptions Options => options;

    /// <summary>Opens a guard and checks every row; makes an empty one where there is no file.</summary>
    /// <exception cref="GuardException">The guard is of another chain.</exception>
    /// <exception cref="JournalException">The file is damaged, not a guard, of another version, or cannot be written.</exception>
    public static SqliteSigningGuard Open(string path, GuardOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.KeptVotes);
        path = System.IO.Path.GetFullPath(path);
        return Faults.Guarded(path, "opening", () =>
        {
            GuardRows.Schema.CreateIfAbsent(path, database => Identity.Write(database, options.ChainId, options.Genesis));
            return new SqliteSigningGuard(path, options, OpenStore(path, options));
        });
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The vote's phase is not one that is signed.</exception>
    public GuardDecision Record(Vote vote)
    {
        var position = GuardRules.PositionOf(vote);
        return GuardRules.Unfit(vote, options.ChainId) is { } unfit ? unfit : Write("recording a vote", () => Decide(vote, position));
    }

    /// <inheritdoc/>
    /// <exception cref="JournalException">The file cannot be read.</exception>
    public SigningPosition? LastSigned(Address validator) => Write("reading", () => store.Last(validator));

    /// <inheritdoc/>
    public void RefuseUpTo(Address validator, ulong height) => Write("refusing", () =>
    {
        store.RaiseWatermark(validator, new SigningPosition(height, uint.MaxValue, Phase.Precommit));
        return true;
    });

    /// <summary>
    /// Compares the guard with a vote that the journal knows this validator signed. Where the guard lacks it, it is an older
    /// copy (or a new file): it signs nothing for the validator from then on, until <see cref="Accept"/>.
    /// </summary>
    /// <returns>Null where the guard is as new, and no earlier finding stands; else why it is blocked.</returns>
    /// <exception cref="JournalException">The file cannot be read or written.</exception>
    public GuardDecision.Blocked? VerifyNotOlderThan(Address validator, SigningPosition knownToJournal) =>
        Write("comparing with the journal", () =>
        {
            var isForgotten = store.Watermark(validator) is { } watermark && knownToJournal.CompareTo(watermark) <= 0;
            if (!isForgotten && store.Find(validator, knownToJournal) is null)
            {
                store.Block(validator, knownToJournal);
            }

            return Blocked(validator);
        });

    /// <summary>
    /// The operator's word that this validator signs nowhere else: everything at or below the position that the guard lacked
    /// is refused for good, and the guard signs above it.
    /// </summary>
    /// <returns>That position, or null where the guard was not blocked.</returns>
    /// <exception cref="JournalException">The file cannot be written.</exception>
    public SigningPosition? Accept(Address validator) => Write("accepting", () =>
    {
        var position = store.Blocked(validator);
        if (position is { } raised)
        {
            store.RaiseWatermark(validator, raised);
            store.Unblock(validator);
        }

        return position;
    });

    /// <summary>The position that the guard is known to lack, so that it signs nothing for this validator; null where it is whole.</summary>
    /// <exception cref="JournalException">The file cannot be read.</exception>
    public SigningPosition? Lacking(Address validator) => Write("reading", () => store.Blocked(validator));

    /// <summary>How many votes of a validator are kept now.</summary>
    /// <exception cref="JournalException">The file cannot be read.</exception>
    public int Count(Address validator) => Write("reading", () => store.Newest(validator, -1).Count);

    /// <summary>Closes this opening of the file.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (!disposed)
            {
                disposed = true;
                store.Dispose();
            }
        }
    }

    /// <summary>Runs a step in one exclusive, durable transaction.</summary>
    internal T Write<T>(string doing, Func<T> body)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            if (failure is not null)
            {
                throw new JournalException($"{Path} takes nothing more until it is opened again, because an earlier write failed: {failure}");
            }

            try
            {
                return store.Database.InTransaction(body);
            }
            catch (SqliteException busy) when (busy.SqliteErrorCode is SQLitePCL.raw.SQLITE_BUSY)
            {
                throw Faults.Of(Path, doing, busy); // nothing was tried: the next attempt may succeed
            }
            catch (Exception cause) when (cause is SqliteException or JournalException)
            {
                var fault = Faults.Of(Path, doing, cause);
                failure = fault.Message;
                if (ReferenceEquals(fault, cause))
                {
                    throw;
                }

                throw fault;
            }
        }
    }

    /// <summary>The statements, for the interchange; used inside <see cref="Write"/> only.</summary>
    internal GuardStore Store => store;

    private GuardDecision Decide(Vote vote, SigningPosition position)
    {
        if (Blocked(vote.Validator) is { } blocked)
        {
            return blocked;
        }

        if (GuardRules.Earlier(vote, position, store.Find(vote.Validator, position), store.Watermark(vote.Validator)) is { } earlier)
        {
            return earlier;
        }

        store.Insert(vote.Validator, position, new SignedVote(vote.Ballot.Epoch, vote.Ballot.BlockHash, vote.Signature));
        PruneNowAndThen(vote.Validator);
        return new GuardDecision.Released(vote.Signature);
    }

    private GuardDecision.Blocked? Blocked(Address validator) => GuardRules.Older(Path, validator, store.Blocked(validator));

    // At the first vote after opening, then now and then, so that the file stays bounded however often it is opened.
    private void PruneNowAndThen(Address validator)
    {
        var left = untilPruning.GetValueOrDefault(validator);
        if (left == 0)
        {
            store.Prune(validator, options.KeptVotes);
        }

        untilPruning[validator] = left == 0 ? int.Min(GuardRules.VotesBetweenPrunings, options.KeptVotes) : left - 1;
    }

    private static GuardStore OpenStore(string path, GuardOptions options)
    {
        var database = Database.Open(path, SqliteOpenMode.ReadWrite, options.BusyTimeout);
        try
        {
            GuardRows.Schema.Verify(database, path);
            if (Identity.Contradiction(database, options.ChainId, options.Genesis) is { } why)
            {
                throw new GuardException($"{path} guards the keys of another chain: {why}. Name this chain's guard");
            }

            database.UseForWriting(1 << 10, null);
            database.InTransaction(() => WriteAheadLog.Verify(path)); // others may have the file open: keep them from writing
            database.RestartLog();
            var opened = new GuardStore(path, database);
            opened.VerifyAll();
            return opened;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }
}
