using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Engine;

/// <summary>A running node, as its applications see it. Thread-safe.</summary>
public interface INode
{
    /// <summary>The chain's genesis.</summary>
    Genesis Genesis { get; }

    /// <summary>The node's state after the last durable step: an immutable value, read without locks.</summary>
    NodeState View { get; }

    /// <summary>The final chain.</summary>
    IChainReader Chain { get; }

    /// <summary>The peers connected now.</summary>
    IReadOnlyCollection<PeerId> Peers { get; }

    /// <summary>The network around the node, with all that is known of its peers; made anew each time.</summary>
    NetworkView Network => NetworkView.Of(Peers);

    /// <summary>
    /// Offers an encoded transaction. Completes when it is stored in the pool or refused; an accepted one survives a crash.
    /// </summary>
    ValueTask<SubmitOutcome> SubmitAsync(ReadOnlyMemory<byte> encoded, CancellationToken cancellation);

    /// <summary>Sends every later notice to a sink, until the result is disposed. A notice follows the view that shows it.</summary>
    IDisposable Subscribe(INoticeSink sink);
}

/// <summary>What became of a submitted transaction. A closed set.</summary>
public abstract record SubmitOutcome
{
    private SubmitOutcome()
    {
    }

    /// <summary>It is in the pool, durably; or it was there, or is final, already.</summary>
    public sealed record Accepted(Hash256 Id, bool Known) : SubmitOutcome;

    /// <summary>The bytes are not a transaction.</summary>
    public sealed record Malformed(Core.Wire.WireFault Fault) : SubmitOutcome;

    /// <summary>The transaction cannot enter the pool.</summary>
    public sealed record Rejected(Hash256 Id, Core.State.TransactionRejection Why) : SubmitOutcome;

    /// <summary>The node has too much to do; try again later.</summary>
    public sealed record Busy : SubmitOutcome;
}

/// <summary>Receives notices, in order, on the node's loop: it must queue and return, never wait.</summary>
public interface INoticeSink
{
    /// <summary>Takes one notice.</summary>
    void Publish(Notice notice);
}

/// <summary>Something applications want to know. A closed set.</summary>
public abstract record Notice
{
    private Notice()
    {
    }

    /// <summary>The head moved: blocks that left (none for a plain extension) and joined, each lowest first.</summary>
    public sealed record HeadMoved(Hash256 Ancestor, ulong AncestorHeight, ImmutableArray<Block> Left, ImmutableArray<Block> Joined) : Notice;

    /// <summary>A block is final; <see cref="Sequence"/> is the finality feed's number, which is the height.</summary>
    public sealed record Finalized(Block Block, Certificate Certificate) : Notice
    {
        /// <summary>The finality feed's number of this event: every height has exactly one.</summary>
        public ulong Sequence => Block.Height;
    }

    /// <summary>A transaction entered the pool.</summary>
    public sealed record Pending(Transaction Transaction) : Notice;

    /// <summary>The height being decided is in another round or phase.</summary>
    public sealed record RoundMoved(ulong Height, uint Round, Phase Phase) : Notice;

    /// <summary>The node began or ended catching up.</summary>
    public sealed record Syncing(bool Active, ulong Starting, ulong Current, ulong Highest) : Notice
    {
        /// <summary>The highest final block that a peer claims; not proven, and at least <see cref="Highest"/>.</summary>
        public ulong Claimed { get; init; }

        /// <summary>Blocks a second, of late; 0 where nothing is known.</summary>
        public double Rate { get; init; }

        /// <summary>How much longer it takes to what is claimed; null where nothing is known.</summary>
        public TimeSpan? Left => Rate > 0 ? TimeSpan.FromSeconds((Claimed - ulong.Min(Claimed, Current)) / Rate) : null;
    }

    /// <summary>A double vote was seen.</summary>
    public sealed record Conflict(Core.Finality.Evidence Evidence) : Notice;

    /// <summary>The signing guard refused a signature.</summary>
    public sealed record SigningRefused(Address Validator, Ballot Ballot, GuardDecision Why) : Notice;

    /// <summary>Something stored that a peer asked for cannot be read; the node goes on without it. The text names it and says what to do.</summary>
    public sealed record Unreadable(string Why) : Notice;

    /// <summary>The node stops, because asked to or because its journal failed; nothing follows.</summary>
    public sealed record Stopped(string? Failure) : Notice;
}
