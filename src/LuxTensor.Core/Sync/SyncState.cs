using System.Collections.Immutable;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;

namespace LuxTensor.Core.Sync;

/// <summary>How a node catches up; nodes need not agree on it. Times are milliseconds.</summary>
public sealed record SyncRules
{
    /// <summary>Peers that are asked for blocks at once.</summary>
    public int Peers { get; init; } = 4;

    /// <summary>Headers or blocks of one request, at most <see cref="WireLimits.MaxBlocksPerMessage"/>.</summary>
    public int RequestBlocks { get; init; } = WireLimits.MaxBlocksPerMessage;

    /// <summary>An answer that takes longer does not come.</summary>
    public ulong Timeout { get; init; } = 30_000;

    /// <summary>An answer that takes longer is asked of another peer as well.</summary>
    public ulong Patience { get; init; } = 5_000;

    /// <summary>Failures in a row after which a peer is left alone for a <see cref="Timeout"/> each.</summary>
    public int Tries { get; init; } = 3;

    /// <summary>Verified headers above the last final block, at most.</summary>
    public int HeadersAhead { get; init; } = 1_024;

    /// <summary>Bytes of downloaded blocks that wait for those below them, at most; the lowest missing ones are taken all the same.</summary>
    public long CacheBytes { get; init; } = 64 << 20;

    /// <summary>Rules for a chain: nobody waits longer than four rounds of a fast one.</summary>
    public static SyncRules For(ChainRules chain)
    {
        var timeout = ulong.Clamp(chain.RoundTimeout, 250, 7_500) * 4;
        return new SyncRules { Timeout = timeout, Patience = timeout / 6 };
    }
}

/// <summary>What a peer was asked for.</summary>
public enum SyncPart : byte
{
    /// <summary>Headers with their certificates.</summary>
    Headers = 1,

    /// <summary>Blocks whose headers are verified.</summary>
    Blocks = 2,
}

/// <summary>A request that was not answered yet.</summary>
/// <param name="Part">What for.</param>
/// <param name="From">The first height.</param>
/// <param name="Count">How many heights, at most <see cref="WireLimits.MaxBlocksPerMessage"/>.</param>
/// <param name="SentAt">When, milliseconds since 1970 UTC.</param>
public sealed record SyncRequest(SyncPart Part, ulong From, int Count, ulong SentAt)
{
    /// <summary>Whether a height is among those asked for.</summary>
    public bool Covers(ulong height) => height >= From && height - From < (ulong)Count;
}

/// <summary>A peer, as far as catching up is concerned.</summary>
/// <param name="Claimed">The final height that it claims; believed only as a reason to ask it.</param>
public sealed record SyncPeer(ulong Claimed)
{
    /// <summary>What it was asked for.</summary>
    public SyncRequest? Request { get; init; }

    /// <summary>Requests in a row that it failed.</summary>
    public int Failures { get; init; }

    /// <summary>It is not asked before this time, milliseconds since 1970 UTC.</summary>
    public ulong RestsUntil { get; init; }

    /// <summary>It answered, and has not failed since.</summary>
    public bool Served { get; init; }

    /// <summary>Number of the last request when it came, or of the one that it was given last: who waits longest has the lowest.</summary>
    public ulong Turn { get; init; }
}

/// <summary>A downloaded block that waits for those below it, and who sent it.</summary>
public sealed record SyncedBlock(Verified<CertifiedBlock> Item, PeerId From);

/// <summary>What a node that catches up has and asks for. Immutable and soft: a restart begins anew at the last final block.</summary>
public sealed record SyncState
{
    /// <summary>How.</summary>
    public SyncRules Rules { get; init; } = new();

    /// <summary>Peers that claimed to be ahead, at most <see cref="MaxPeers"/>.</summary>
    public ImmutableDictionary<PeerId, SyncPeer> Peers { get; init; } = ImmutableDictionary<PeerId, SyncPeer>.Empty;

    /// <summary>Verified headers of consecutive heights, the lowest right above the last final block.</summary>
    public ImmutableSortedDictionary<ulong, Verified<CertifiedHeader>> Headers { get; init; } = ImmutableSortedDictionary<ulong, Verified<CertifiedHeader>>.Empty;

    /// <summary>Sets of epochs that the last final block does not know yet, each proven by a verified header of the epoch before.</summary>
    public ImmutableSortedDictionary<ulong, EpochSnapshot> Sets { get; init; } = ImmutableSortedDictionary<ulong, EpochSnapshot>.Empty;

    /// <summary>Downloaded blocks that wait for those below them.</summary>
    public ImmutableSortedDictionary<ulong, SyncedBlock> Blocks { get; init; } = ImmutableSortedDictionary<ulong, SyncedBlock>.Empty;

    /// <summary>Bytes of <see cref="Blocks"/>.</summary>
    public long BlockBytes { get; init; }

    /// <summary>When the machine wants to be woken; 0 for not at all.</summary>
    public ulong WakesAt { get; init; }

    /// <summary>Requests made so far.</summary>
    public ulong Requests { get; init; }

    /// <summary>Requests that failed so far.</summary>
    public ulong Retried { get; init; }

    /// <summary>Blocks downloaded so far.</summary>
    public ulong Downloaded { get; init; }

    /// <summary>Most peers remembered.</summary>
    public const int MaxPeers = 64;

    /// <summary>The highest final height that a peer claims, or 0.</summary>
    public ulong Claimed => Peers.IsEmpty ? 0 : Peers.Values.Max(static peer => peer.Claimed);

    /// <summary>Heights of which a header is verified and the block neither here nor asked for.</summary>
    public int Queued => Headers.Count - Blocks.Count - Pending;

    /// <summary>Heights whose block is asked for and not here.</summary>
    public int Pending => Headers.Keys.Count(height => !Blocks.ContainsKey(height) && IsAskedFor(height));

    /// <summary>The set of an epoch that is known here or to the last final block; null for none.</summary>
    public EpochSnapshot? SetOf(ulong epoch, EpochSchedule known) => known.Find(epoch) ?? Sets.GetValueOrDefault(epoch);

    internal bool IsAskedFor(ulong height) => Peers.Values.Any(peer => peer.Request is { Part: SyncPart.Blocks } request && request.Covers(height));
}

/// <summary>How a peer failed a node that catches up. A closed set.</summary>
public enum SyncFault : byte
{
    /// <summary>No answer came in time.</summary>
    NoAnswer = 1,

    /// <summary>It does not have what it claimed to have.</summary>
    Nothing = 2,

    /// <summary>Nobody had asked it, or no longer.</summary>
    Unsolicited = 3,

    /// <summary>Headers that do not follow one another, or are not of this chain.</summary>
    BrokenChain = 4,

    /// <summary>A certificate that does not verify.</summary>
    ForgedCertificate = 5,

    /// <summary>A validator set that no verified header names.</summary>
    WrongSet = 6,

    /// <summary>A block that is not the one whose header is verified, or whose body is not the header's.</summary>
    WrongBody = 7,
}

/// <summary>What moves the machine. A closed set.</summary>
public abstract record SyncInput
{
    private SyncInput()
    {
    }

    /// <summary>A peer claims that its last final block is so high.</summary>
    public sealed record Heard(PeerId From, ulong Height) : SyncInput;

    /// <summary>Headers came: those that verify, up to the fault where there is one.</summary>
    public sealed record Headers(
        PeerId From, ImmutableArray<Verified<CertifiedHeader>> Items, ImmutableArray<EpochSnapshot> Sets, SyncFault? Fault) : SyncInput;

    /// <summary>Blocks came: those that verify against their headers, up to the fault where there is one.</summary>
    public sealed record Blocks(PeerId From, ImmutableArray<Verified<CertifiedBlock>> Items, SyncFault? Fault) : SyncInput;

    /// <summary>The last final block is another.</summary>
    public sealed record Advanced : SyncInput;

    /// <summary>The time asked for has come; these peers are gone.</summary>
    public sealed record Wake(ImmutableArray<PeerId> Gone) : SyncInput;
}

/// <summary>What the machine wants done. A closed set.</summary>
public abstract record SyncEffect
{
    private SyncEffect()
    {
    }

    /// <summary>Ask a peer.</summary>
    public sealed record Ask(PeerId Peer, Message Request) : SyncEffect;

    /// <summary>Give these consecutive blocks, right above the last final one, to the chain.</summary>
    public sealed record Take(ImmutableArray<Verified<CertifiedBlock>> Items, PeerId From) : SyncEffect;

    /// <summary>A peer failed.</summary>
    public sealed record Blame(PeerId Peer, SyncFault Fault) : SyncEffect;

    /// <summary>Wake the machine after so many milliseconds.</summary>
    public sealed record WakeAfter(ulong Delay) : SyncEffect;
}
