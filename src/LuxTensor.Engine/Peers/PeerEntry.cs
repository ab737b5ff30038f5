using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;

namespace LuxTensor.Engine.Peers;

/// <summary>A peer in the book: its machine's state and its buckets. Whoever reads or writes it holds its lock.</summary>
internal sealed class PeerEntry(PeerId id, PeerState state, PeerLimits limits, ulong now)
{
    private readonly TokenBucket[] buckets = [.. Enumerable.Range(0, PeerLimits.Kinds).Select(kind => TokenBucket.Full(limits[(MessageKind)kind], now))];
    private readonly ulong[] refusedTokens = new ulong[PeerLimits.Kinds];
    private readonly uint[] refusedFrames = new uint[PeerLimits.Kinds];
    private long changes, saved;

    public Lock Gate { get; } = new();

    public PeerId Id { get; } = id;

    public PeerState State { get; set; } = state;

    public string Address { get; set; } = "";

    public string Agent { get; set; } = "";

    public bool IsConnected { get; set; }

    public bool IsOutbound { get; set; }

    /// <summary>Set when the book has dropped it: it takes no more.</summary>
    public bool IsForgotten { get; set; }

    /// <summary>Bytes that <see cref="State"/> does not count yet.</summary>
    public ulong BytesIn { get; set; }

    /// <summary>Bytes that <see cref="State"/> does not count yet.</summary>
    public ulong BytesOut { get; set; }

    /// <summary>Whether there is something to store; of one that was only heard of there is not.</summary>
    public bool IsDirty => changes != saved && (State.FirstContact != 0 || State.BannedUntil != 0);

    /// <summary>Whether there is anything to <see cref="Drain"/>.</summary>
    public bool HasCounts => BytesIn > 0 || BytesOut > 0 || refusedTokens.AsSpan().ContainsAnyExcept(0UL);

    public void Changed() => changes++;

    /// <summary>Takes a frame's cost from its bucket, or notes that it was refused.</summary>
    public bool Take(MessageKind kind, int bytes, ulong now)
    {
        var limit = limits[kind];
        var cost = limit.CostOf(bytes);
        (buckets[(int)kind], var isAllowed) = TokenBucket.Take(buckets[(int)kind], limit, cost, now);
        if (!isAllowed)
        {
            refusedTokens[(int)kind] += (ulong)cost;
            refusedFrames[(int)kind]++;
        }

        return isAllowed;
    }

    /// <summary>
    /// What was refused of a kind and not told yet, where it is worth telling: a flood is told in sixteenths of a bucket, so
    /// that it costs the machine nothing a frame.
    /// </summary>
    public PeerInput.Refused? DrainRefused(MessageKind kind, bool all)
    {
        ref var tokens = ref refusedTokens[(int)kind];
        if (tokens == 0 || (!all && tokens < (ulong)limits[kind].Capacity / 16))
        {
            return null;
        }

        var refused = new PeerInput.Refused(kind, refusedFrames[(int)kind], tokens);
        (tokens, refusedFrames[(int)kind]) = (0, 0);
        return refused;
    }

    /// <summary>Everything that was only counted so far, as inputs.</summary>
    public IEnumerable<PeerInput> Drain()
    {
        if (BytesIn > 0 || BytesOut > 0)
        {
            var traffic = new PeerInput.Traffic(BytesIn, BytesOut);
            (BytesIn, BytesOut) = (0, 0);
            yield return traffic;
        }

        for (var kind = MessageKind.Blocks; kind <= MessageKind.Answers; kind++)
        {
            if (DrainRefused(kind, all: true) is { } refused)
            {
                yield return refused;
            }
        }
    }

    /// <summary>The record to store, and the number with which to say that it is stored.</summary>
    public (PeerRecord Record, long Change) ToRecord() => (new PeerRecord(Id, Address, Agent, State), changes);

    public void Saved(long change) => saved = long.Max(saved, change);

    public PeerInfo ToInfo() => new(Id, State) { IsConnected = IsConnected, IsOutbound = IsOutbound, Address = Address, Agent = Agent };
}
