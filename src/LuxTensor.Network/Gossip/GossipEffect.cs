using System.Collections.Immutable;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>What a frame is worth where a peer reads more slowly than it is sent to.</summary>
internal enum SendClass : byte
{
    /// <summary>Subscriptions and control.</summary>
    Control,

    /// <summary>A message that this node published.</summary>
    Own,

    /// <summary>A message of another, to the mesh.</summary>
    Forwarded,

    /// <summary>A message that the peer asked for.</summary>
    Asked,
}

/// <summary>Why a peer is to be disconnected.</summary>
internal enum GossipOffence : byte
{
    /// <summary>Its score fell below the lowest threshold.</summary>
    Score,

    /// <summary>It went on sending long after it was no longer listened to.</summary>
    Persistence,
}

/// <summary>What the router wants done. A closed set.</summary>
internal abstract record GossipEffect
{
    private GossipEffect()
    {
    }

    /// <summary>Send subscriptions and control to a peer.</summary>
    internal sealed record Send(PeerId To, Rpc Rpc) : GossipEffect;

    /// <summary>Send a message, the same bytes to each.</summary>
    internal sealed record SendMessage(WireMessage Message, ImmutableArray<PeerId> To, SendClass Class) : GossipEffect;

    /// <summary>
    /// Hand a message to the application: <see cref="GossipInput.Taken"/> or <see cref="GossipInput.Declined"/> says whether it took it,
    /// and <see cref="GossipInput.Judged"/> what its verdict is.
    /// </summary>
    internal sealed record Deliver(WireMessage Message, PeerId From) : GossipEffect;

    /// <summary>Close the connection to a peer.</summary>
    internal sealed record Disconnect(PeerId Peer, GossipOffence Why) : GossipEffect;
}
