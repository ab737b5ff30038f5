using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Finality;
using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Engine;

/// <summary>
/// A node's durable memory. One writer; the reads of <see cref="IChainReader"/> may come from any thread at any time.
/// </summary>
public interface IJournal : IChainReader, IDisposable
{
    /// <summary>Everything that a node needs to go on from where it stopped.</summary>
    /// <exception cref="JournalException">The stored data is damaged, of another chain or of another version.</exception>
    JournalContents Load();

    /// <summary>Stores a batch in one transaction. It is durable on return; on an exception nothing of it is stored.</summary>
    /// <exception cref="JournalException">The batch could not be stored (disk full, I/O error): the node must stop.</exception>
    void Commit(JournalBatch batch);
}

/// <summary>Reads of what is stored. Thread-safe; a committed batch is visible as a whole or not at all.</summary>
public interface IChainReader
{
    /// <summary>Height of the last final block; the genesis has 0.</summary>
    ulong FinalHeight { get; }

    /// <summary>The final block at a height, or null above the last one.</summary>
    FinalBlock? BlockAt(ulong height);

    /// <summary>The final block with a hash, or null.</summary>
    FinalBlock? BlockBy(Hash256 hash);

    /// <summary>The height of the final block with a hash, or null. Reads no block.</summary>
    ulong? HeightOf(Hash256 hash);

    /// <summary>Where a transaction is in the final chain, or null.</summary>
    TransactionPlace? Locate(Hash256 transactionId);

    /// <summary>The validator set of an epoch that a final block fixed, or null: of any past epoch, the current one and those fixed ahead.</summary>
    EpochSnapshot? SetOf(ulong epoch);

    /// <summary>Why a validator's duty at a height counts as missed, as far as this node saw; null where it did not, or nothing was seen.</summary>
    MissedDuty? MissOf(Address validator, ulong height);

    /// <summary>The stored evidence, oldest first, at most <paramref name="limit"/>.</summary>
    IReadOnlyList<Evidence> Evidence(int limit);
}

/// <summary>A final block and its certificate, which only the genesis lacks.</summary>
public sealed record FinalBlock(Block Block, Certificate? Certificate);

/// <summary>A transaction's block height and index in it.</summary>
public readonly record struct TransactionPlace(ulong Height, int Index);

/// <summary>An encoded input of the routing and the height it is about; kept until that height is final.</summary>
public readonly record struct JournalInput(ulong Height, ReadOnlyMemory<byte> Bytes);

/// <summary>A transaction of the pool and its place in the order of arrival.</summary>
public readonly record struct PoolEntry(ulong Arrival, Transaction Transaction);

/// <summary>A block that becomes final, its certificate, the state entries it writes, and the validator set that it fixes, if it ends an epoch.</summary>
public sealed record Finalization(Block Block, Certificate Certificate, ImmutableArray<StateChange> Changes, EpochSnapshot? Fixed);

/// <summary>What one turn of the loop stores, in one transaction.</summary>
public sealed record JournalBatch
{
    /// <summary>Inputs, in order. Stored before <see cref="Finalized"/> deletes those of final heights.</summary>
    public ImmutableArray<JournalInput> Inputs { get; init; } = [];

    /// <summary>Blocks that became final, by height. Storing one deletes every input of its height or below.</summary>
    public ImmutableArray<Finalization> Finalized { get; init; } = [];

    /// <summary>Transactions that the pool took in.</summary>
    public ImmutableArray<PoolEntry> PoolAdded { get; init; } = [];

    /// <summary>Transactions that left the pool. Applied before <see cref="PoolAdded"/>: one may leave and come again.</summary>
    public ImmutableArray<Hash256> PoolRemoved { get; init; } = [];

    /// <summary>Evidence of double votes.</summary>
    public ImmutableArray<Evidence> Evidence { get; init; } = [];

    /// <summary>Duties that counted as missed, or why one did that was told before.</summary>
    public ImmutableArray<MissedDuty> Missed { get; init; } = [];

    /// <summary>Evidence and missed duties of lower heights than this are too old to be of use and are deleted.</summary>
    public ulong KeepFrom { get; init; }

    /// <summary>Whether there is nothing to store.</summary>
    public bool IsEmpty => Inputs.IsEmpty && Finalized.IsEmpty && PoolAdded.IsEmpty && PoolRemoved.IsEmpty && Evidence.IsEmpty && Missed.IsEmpty;
}

/// <summary>What a journal holds.</summary>
/// <param name="Final">The last final block; of a new journal, the genesis block.</param>
/// <param name="State">The state entries after it; their root is the block's state root.</param>
/// <param name="Sets">The validator sets fixed last, of consecutive epochs, oldest first: at least those of the state's schedule.</param>
/// <param name="Inputs">The inputs since, in order.</param>
/// <param name="Pool">The pool, in order of arrival.</param>
public sealed record JournalContents(
    FinalBlock Final,
    IEnumerable<KeyValuePair<Hash256, ReadOnlyMemory<byte>>> State,
    ImmutableArray<EpochSnapshot> Sets,
    IReadOnlyList<JournalInput> Inputs,
    IReadOnlyList<PoolEntry> Pool)
{
    private readonly Ledger? ledger;

    /// <summary>The ledger of <see cref="State"/>; a journal that built it to check the state root hands it over.</summary>
    public Ledger Ledger
    {
        get => ledger ?? Ledger.From(State, Sets);
        init => ledger = value;
    }

    /// <summary>The stored evidence, oldest first.</summary>
    public IReadOnlyList<Evidence> Evidence { get; init; } = [];
}

/// <summary>What is wrong with stored data, for whoever decides what to do next.</summary>
public enum JournalFault
{
    /// <summary>It could not be read or written: the disk is full or broken.</summary>
    Failed,

    /// <summary>What is stored is not what was stored.</summary>
    Damaged,

    /// <summary>Another process has it open, or it may not be written.</summary>
    InUse,

    /// <summary>It is not what was asked for: of another chain, of another version of the program, or no journal at all.</summary>
    Foreign,
}

/// <summary>The journal cannot be read or written. The message names the file and says what to do.</summary>
public sealed class JournalException : Exception
{
    /// <summary>With a message that names the file and says what to do.</summary>
    public JournalException(string message, JournalFault fault)
        : base(message) => Fault = fault;

    /// <summary>With the failure below it.</summary>
    public JournalException(string message, JournalFault fault, Exception inner)
        : base(message, inner) => Fault = fault;

    /// <summary>A failure to read or write, with a message that names the file and says what to do.</summary>
    public JournalException(string message)
        : base(message)
    {
    }

    /// <summary>A failure to read or write, with the failure below it.</summary>
    public JournalException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>Without a message.</summary>
    public JournalException()
    {
    }

    /// <summary>What is wrong.</summary>
    public JournalFault Fault { get; }
}
