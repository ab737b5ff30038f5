using System.Collections.Immutable;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Engine.Peers;

namespace LuxTensor.Engine;

/// <summary>The network around a node at one moment.</summary>
/// <param name="Self">The node's own id; the empty one where the network gives none.</param>
/// <param name="Listening">The addresses it listens on, as multiaddrs.</param>
/// <param name="Peers">The peers that are connected or remembered, in order of id.</param>
public sealed record NetworkView(PeerId Self, ImmutableArray<string> Listening, ImmutableArray<PeerInfo> Peers)
{
    /// <summary>What is known where the network says no more than who is connected.</summary>
    public static NetworkView Of(IEnumerable<PeerId> connected) =>
        new(PeerId.Self, [], [.. connected.OrderBy(static peer => peer.Name, StringComparer.Ordinal).Select(static peer => new PeerInfo(peer, Peer.Begin(0)) { IsConnected = true })]);
}
