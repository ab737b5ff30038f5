using System.Collections.Immutable;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>The gossip of a node as it was at its last heartbeat.</summary>
/// <param name="Topics">The topics it is subscribed to or publishes in.</param>
/// <param name="Peers">The peers that speak gossipsub.</param>
/// <param name="CachedMessages">Messages kept for those who ask.</param>
/// <param name="CachedBytes">Their bytes.</param>
/// <param name="PendingMessages">Messages that wait for a verdict.</param>
/// <param name="PendingBytes">Their bytes.</param>
public sealed record GossipSnapshot(
    ImmutableArray<GossipTopicFigures> Topics,
    ImmutableArray<GossipPeerFigures> Peers,
    int CachedMessages,
    long CachedBytes,
    int PendingMessages,
    long PendingBytes)
{
    /// <summary>Before the first heartbeat.</summary>
    public static GossipSnapshot Empty { get; } = new([], [], 0, 0, 0, 0);
}

/// <summary>A topic.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsSubscribed">Whether this node listens.</param>
/// <param name="Peers">How many peers listen.</param>
/// <param name="Mesh">The peers that get every message.</param>
public sealed record GossipTopicFigures(string Name, bool IsSubscribed, int Peers, ImmutableArray<PeerId> Mesh);

/// <summary>A peer.</summary>
/// <param name="Id">Who.</param>
/// <param name="IsOutbound">Whether this node dialled it.</param>
/// <param name="Score">Its gossip score; below 0 it is in no mesh.</param>
/// <param name="InvalidMessages">Invalid messages it sent, decayed.</param>
/// <param name="Misbehaviour">Offences against the protocol, decayed.</param>
/// <param name="QueuedBytes">Bytes that wait to be sent to it.</param>
/// <param name="DroppedFrames">Frames not sent because its queue was full.</param>
public sealed record GossipPeerFigures(
    PeerId Id, bool IsOutbound, double Score, double InvalidMessages, double Misbehaviour, long QueuedBytes, long DroppedFrames);
