using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;

namespace LuxTensor.Engine;

/// <summary>
/// The memory that all processes of one clustered node share. Any of them may believe that it runs the node, for a process can
/// be paused and come back: so every write of the node's is fenced by a generation, which each opening for writing raises.
/// Thread-safe.
/// </summary>
public interface IClusterStore : IDisposable
{
    /// <summary>Reads of what is stored, from any process.</summary>
    IChainReader Reader { get; }

    /// <summary>A final block, as <see cref="Reader"/> gives it, with no thread that waits for it meanwhile: grains of many heights may ask at once.</summary>
    /// <exception cref="JournalException">The block is damaged or cannot be read.</exception>
    Task<FinalBlock?> BlockAtAsync(ulong height, CancellationToken cancellation);

    /// <summary>An epoch's frozen set in the same way.</summary>
    /// <exception cref="JournalException">The set is damaged or cannot be read.</exception>
    Task<EpochSnapshot?> SetOfAsync(ulong epoch, CancellationToken cancellation);

    /// <summary>The votes that the collecting grains keep.</summary>
    IVoteStore Votes { get; }

    /// <summary>What the node remembers of its peers.</summary>
    IPeerRecords Peers { get; }

    /// <summary>Tells the reader of a final height that this process heard of elsewhere, so that it need not ask.</summary>
    void Learn(ulong finalHeight);

    /// <summary>Takes the node over: from now on every writer and guard of an earlier generation is refused.</summary>
    /// <exception cref="JournalException">The store cannot be reached, is damaged, or is of another chain or version.</exception>
    IFencedJournal OpenWriter();

    /// <summary>All that is stored, at one point: what a replica starts from. It does not disturb the writer.</summary>
    /// <exception cref="JournalException">The store cannot be reached or is damaged.</exception>
    JournalSnapshot Load();

    /// <summary>
    /// The signing guard. With a generation it records only while that is the newest; without, it only learns of votes that
    /// others carried here (GRD-5), which can never be too much.
    /// </summary>
    ISigningGuard OpenGuard(ulong? generation);
}

/// <summary>A journal of one generation: a commit after a later one was opened fails with <see cref="JournalFault.InUse"/> and stores nothing.</summary>
public interface IFencedJournal : IJournal
{
    /// <summary>This writer's number.</summary>
    ulong Generation { get; }

    /// <summary>The number of the last commit: each, of whatever generation, has the next.</summary>
    ulong Sequence { get; }
}

/// <summary>What a journal held after the commit with number <paramref name="Sequence"/>.</summary>
public sealed record JournalSnapshot(ulong Sequence, JournalContents Contents);

/// <summary>Votes that are being collected. Losing some of them loses nothing for good: validators say them again.</summary>
public interface IVoteStore
{
    /// <summary>Stores votes in one statement. Whether they are there already is not looked at: counting finds out.</summary>
    Task AppendAsync(IReadOnlyCollection<VoteRun> votes, CancellationToken cancellation);

    /// <summary>The votes of a height, in the order in which they were stored.</summary>
    Task<IReadOnlyList<VoteRun>> ReadAsync(ulong height, CancellationToken cancellation);

    /// <summary>Deletes the votes of heights from one up to, and without, another. The fewer, the less of what was deleted before is looked at again.</summary>
    Task DeleteAsync(ulong from, ulong to, CancellationToken cancellation);
}
