using LuxTensor.Crypto;

namespace LuxTensor.Core.Peers;

/// <summary>What is known of a peer. Immutable. Times are milliseconds since 1970, 0 where it never happened.</summary>
public sealed record PeerState
{
    /// <summary>Reputation in thousandths, 0 to <see cref="Peer.Best"/> (PEE-1).</summary>
    public required uint Reputation { get; init; }

    /// <summary>Up to when reputation has decayed (PEE-2).</summary>
    public required ulong DecayedAt { get; init; }

    /// <summary>When its ban ends; 0 where it is not banned.</summary>
    public ulong BannedUntil { get; init; }

    /// <summary>For what it was banned last; of meaning where there was a ban.</summary>
    public PeerFault BanReason { get; init; }

    /// <summary>Bans that count for the length of the next one (PEE-5).</summary>
    public uint Bans { get; init; }

    /// <summary>When the last ban ended.</summary>
    public ulong BanEnded { get; init; }

    /// <summary>When it was met first.</summary>
    public ulong FirstContact { get; init; }

    /// <summary>When it was heard of last.</summary>
    public ulong LastContact { get; init; }

    /// <summary>Useful things it delivered.</summary>
    public ulong Successes { get; init; }

    /// <summary>Its faults.</summary>
    public ulong Failures { get; init; }

    /// <summary>The last one; of meaning where there are any.</summary>
    public PeerFault LastFault { get; init; }

    /// <summary>Bytes that came from it.</summary>
    public ulong BytesIn { get; init; }

    /// <summary>Bytes that went to it.</summary>
    public ulong BytesOut { get; init; }

    /// <summary>Frames refused because its bucket was empty.</summary>
    public ulong Refused { get; init; }

    /// <summary>The highest final block that it proved to exist.</summary>
    public ulong ProvenHeight { get; init; }

    /// <summary>That block's hash; zero where it proved none.</summary>
    public Hash256 ProvenHash { get; init; }

    /// <summary>The final block that it last claimed to have.</summary>
    public ulong ClaimedHeight { get; init; }

    /// <summary>That block's hash, as claimed.</summary>
    public Hash256 ClaimedHash { get; init; }

    /// <summary>When the refusals that <see cref="Excess"/> adds up began.</summary>
    public ulong ExcessSince { get; init; }

    /// <summary>What was refused since then, in parts of a bucket (PEE-10).</summary>
    public ulong Excess { get; init; }

    /// <summary>Reputation in whole points, 0 to 100.</summary>
    public int Points => (int)(Reputation / Peer.Point);

    /// <summary>Whether it is banned at a time.</summary>
    public bool IsBanned(ulong now) => now < BannedUntil;
}
