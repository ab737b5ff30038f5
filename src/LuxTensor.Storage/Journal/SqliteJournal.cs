using LuxTensor.Core;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Validators;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace LuxTensor.Storage;

/// <summary>
/// A journal in one SQLite file. Batches are transactions of a write-ahead log that is synced before <see cref="Commit"/>
/// returns. The file can be open once: a lock keeps a second node out, and if the lock is circumvented, the number of the
/// last batch and the uniqueness of heights make the slower writer's commit fail. After a failed commit nothing more is
/// stored until the journal is opened again, because what reached the disk is then unknown.
/// </summary>
public sealed class SqliteJournal : IJournal
{
    private readonly Genesis genesis;
    private readonly FileLock fileLock;
    private readonly JournalWriter writer;
    private readonly JournalReader reader;
    private readonly JournalOptions options;
    private readonly Lock gate = new();
    private ulong finalHeight;
    private string? failure;
    private bool disposed;

    private SqliteJournal(string path, Genesis genesis, JournalOptions options, FileLock fileLock, JournalWriter writer)
    {
        Path = path;
        this.genesis = genesis;
        this.options = options;
        this.fileLock = fileLock;
        this.writer = writer;
        reader = new JournalReader(path, genesis.Rules, options);
        finalHeight = (ulong)writer.Head.Height;
    }

    /// <summary>The file's full path.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public ulong FinalHeight => Volatile.Read(ref finalHeight);

    /// <summary>Opens a chain's journal; makes it, with the genesis block as its last final one, where there is no file.</summary>
    /// <exception cref="JournalException">
    /// The file is open already, damaged, of another chain or of another version, or it cannot be written.
    /// </exception>
    public static SqliteJournal Open(string path, Genesis genesis, JournalOptions? options = null)
    {
        options ??= new JournalOptions();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Readers, nameof(options));
        path = System.IO.Path.GetFullPath(path);
        var taken = FileLock.Take(path);
        try
        {
            return new SqliteJournal(path, genesis, options, taken, Faults.Guarded(path, "opening", () => OpenWriter(path, genesis, options)));
        }
        catch
        {
            taken.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Checks a whole journal that no node has open, without changing it: SQLite's structure, every block, its certificate and
    /// its execution from the genesis on, the transaction index in both directions, the state, and every other row. Time
    /// grows with the chain, memory with the state alone.
    /// </summary>
    /// <param name="path">The journal's file.</param>
    /// <param name="genesis">The chain's genesis.</param>
    /// <param name="progress">Told every few blocks.</param>
    /// <param name="transactionSignatures">Verify those too; otherwise the certificates vouch for them.</param>
    /// <param name="cancellation">Stops the check between two blocks.</param>
    /// <exception cref="JournalException">There is no such file, a node has it open, or it holds another chain or version.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static DatabaseReport Check(
        string path, Genesis genesis, IProgress<CheckProgress>? progress = null, bool transactionSignatures = false,
        CancellationToken cancellation = default) =>
        DatabaseCheck.Run(path, genesis, progress, transactionSignatures, cancellation);

    /// <inheritdoc/>
    public JournalContents Load()
    {
        lock (gate)
        {
            ThrowIfUnusable();
            return Faults.Guarded(Path, "loading", () =>
            {
                using var database = Database.Open(Path, SqliteOpenMode.ReadOnly, options.BusyTimeout);
                database.UseForReading(options.WriterCacheKib);
                return JournalLoading.Load(database, Path, genesis, writer.Head);
            });
        }
    }

    /// <inheritdoc/>
    public void Commit(JournalBatch batch)
    {
        lock (gate)
        {
            ThrowIfUnusable();
            try
            {
                writer.Commit(batch);
            }
            catch (Exception cause)
            {
                var fault = Faults.Of(Path, "storing a batch", cause);
                failure = fault.Message;
                if (ReferenceEquals(fault, cause))
                {
                    throw;
                }

                throw fault;
            }

            foreach (var (block, certificate, _, _) in batch.Finalized)
            {
                reader.Remember(new FinalBlock(block, certificate));
            }

            Volatile.Write(ref finalHeight, (ulong)writer.Head.Height);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="JournalException">The block's row is damaged.</exception>
    public FinalBlock? BlockAt(ulong height) => height > FinalHeight ? null : reader.BlockAt(height);

    /// <inheritdoc/>
    /// <exception cref="JournalException">The block's row is damaged.</exception>
    public FinalBlock? BlockBy(Hash256 hash)
    {
        if (HeightOf(hash) is not { } height || BlockAt(height) is not { } found)
        {
            return null;
        }

        return found.Block.Hash == hash ? found : throw Faults.Damaged(Path, $"the index entry of block {hash}");
    }

    /// <inheritdoc/>
    /// <exception cref="JournalException">The index cannot be read.</exception>
    public ulong? HeightOf(Hash256 hash) =>
        reader.HeightOf(hash) is { } height && height <= FinalHeight ? height : null; // on disk and not yet published, it is not there

    /// <inheritdoc/>
    /// <exception cref="JournalException">The index entry is damaged.</exception>
    public TransactionPlace? Locate(Hash256 transactionId) =>
        reader.Locate(transactionId) is { } place && place.Height <= FinalHeight ? place : null;

    /// <inheritdoc/>
    /// <exception cref="JournalException">The row is damaged.</exception>
    public EpochSnapshot? SetOf(ulong epoch) => reader.SetOf(epoch);

    /// <inheritdoc/>
    /// <exception cref="JournalException">The row is damaged.</exception>
    public MissedDuty? MissOf(Address validator, ulong height) => reader.MissOf(validator, height);

    /// <inheritdoc/>
    /// <exception cref="JournalException">A row is damaged.</exception>
    public IReadOnlyList<Evidence> Evidence(int limit) => limit <= 0 ? [] : reader.Evidence(limit);

    /// <summary>Closes the file; reads under way finish first.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (disposed)
            {
                return;
            }

            disposed = true;
            reader.Dispose();
            writer.Dispose(); // last: it brings the write-ahead log home
            fileLock.Dispose();
        }
    }

    private static JournalWriter OpenWriter(string path, Genesis genesis, JournalOptions options)
    {
        JournalSchema.Current.CreateIfAbsent(path, database => JournalSchema.Fill(database, genesis));
        WriteAheadLog.Verify(path);
        var database = Database.Open(path, SqliteOpenMode.ReadWrite, options.BusyTimeout);
        try
        {
            JournalSchema.Verify(database, path, genesis);
            database.UseForWriting(options.WriterCacheKib, options.MaxBytes);
            database.RestartLog();
            return new JournalWriter(path, database);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    private void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (failure is not null)
        {
            throw new JournalException($"{Path} takes nothing more until it is opened again, because an earlier batch failed: {failure}");
        }
    }
}
