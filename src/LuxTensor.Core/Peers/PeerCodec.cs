using LuxTensor.Core.Wire;

namespace LuxTensor.Core.Peers;

/// <summary>
/// A peer's state in bytes: what must survive a restart, and what one process of a node tells another. Version (1, 1), then the
/// state's numbers in the order of their properties. Refusals under way are left out: they are a matter of seconds.
/// </summary>
public static class PeerCodec
{
    private const byte Version = 1;

    /// <summary>Appends a state.</summary>
    public static void Write(WireWriter writer, PeerState state) => writer
        .UInt8(Version)
        .UInt32(state.Reputation).UInt64(state.DecayedAt)
        .UInt64(state.BannedUntil).UInt8((byte)state.BanReason).UInt32(state.Bans).UInt64(state.BanEnded)
        .UInt64(state.FirstContact).UInt64(state.LastContact)
        .UInt64(state.Successes).UInt64(state.Failures).UInt8((byte)state.LastFault)
        .UInt64(state.BytesIn).UInt64(state.BytesOut).UInt64(state.Refused)
        .UInt64(state.ProvenHeight).Hash(state.ProvenHash)
        .UInt64(state.ClaimedHeight).Hash(state.ClaimedHash);

    /// <summary>Reads a state; the reader's fault says where it is none.</summary>
    public static PeerState Read(ref WireReader reader)
    {
        if (reader.UInt8() != Version)
        {
            reader.Fail(WireFault.UnknownTag);
        }

        var state = new PeerState
        {
            Reputation = reader.UInt32(),
            DecayedAt = reader.UInt64(),
            BannedUntil = reader.UInt64(),
            BanReason = ReadFault(ref reader),
            Bans = reader.UInt32(),
            BanEnded = reader.UInt64(),
            FirstContact = reader.UInt64(),
            LastContact = reader.UInt64(),
            Successes = reader.UInt64(),
            Failures = reader.UInt64(),
            LastFault = ReadFault(ref reader),
            BytesIn = reader.UInt64(),
            BytesOut = reader.UInt64(),
            Refused = reader.UInt64(),
            ProvenHeight = reader.UInt64(),
            ProvenHash = reader.Hash(),
            ClaimedHeight = reader.UInt64(),
            ClaimedHash = reader.Hash(),
        };
        if (state.Reputation > Peer.Best)
        {
            reader.Fail(WireFault.NotCanonical);
        }

        return state;
    }

    /// <summary>Reads a fault.</summary>
    public static PeerFault ReadFault(ref WireReader reader)
    {
        var fault = (PeerFault)reader.UInt8();
        if (fault > PeerFault.ProtocolViolation)
        {
            reader.Fail(WireFault.UnknownTag);
        }

        return fault;
    }
}
