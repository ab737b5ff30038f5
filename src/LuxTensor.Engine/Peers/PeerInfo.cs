using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;

namespace LuxTensor.Engine.Peers;

/// <summary>A peer at one moment, with all its figures.</summary>
/// <param name="Id">The peer.</param>
/// <param name="State">What its behaviour came to, at that moment.</param>
public sealed record PeerInfo(PeerId Id, PeerState State)
{
    /// <summary>Whether a connection to it stands.</summary>
    public bool IsConnected { get; init; }

    /// <summary>Whether this node dialled; of meaning while it is connected.</summary>
    public bool IsOutbound { get; init; }

    /// <summary>Where it is or was, as a multiaddr; empty where that is not known.</summary>
    public string Address { get; init; } = "";

    /// <summary>The software it says it is; its own words.</summary>
    public string Agent { get; init; } = "";
}
