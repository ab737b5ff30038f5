using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>What happens to the router. A closed set.</summary>
internal abstract record GossipInput
{
    private GossipInput()
    {
    }

    /// <summary>A peer that speaks gossipsub is there.</summary>
    /// <param name="Peer">Who.</param>
    /// <param name="Version">What it speaks.</param>
    /// <param name="IsOutbound">Whether this node dialled it.</param>
    /// <param name="Address">Its IP address, or empty.</param>
    internal sealed record PeerJoined(PeerId Peer, GossipVersion Version, bool IsOutbound, string Address) : GossipInput;

    /// <summary>A peer is gone.</summary>
    internal sealed record PeerLeft(PeerId Peer) : GossipInput;

    /// <summary>The stream to a peer was lost and is open again: what it was told is to be told again.</summary>
    internal sealed record Reopened(PeerId Peer) : GossipInput;

    /// <summary>A frame from a peer. Its messages' data are read only during the step.</summary>
    internal sealed record Received(PeerId From, Rpc Rpc) : GossipInput;

    /// <summary>A peer sent what is no frame: too long, or not gossipsub.</summary>
    internal sealed record Broken(PeerId From) : GossipInput;

    /// <summary>The application publishes. <paramref name="Again"/>: also if the message was seen.</summary>
    internal sealed record Publish(WireMessage Message, bool Again) : GossipInput;

    /// <summary>The application's verdict on a message that was delivered to it.</summary>
    internal sealed record Judged(MessageId Id, GossipVerdict Verdict) : GossipInput;

    /// <summary>The application took a message and judges it later.</summary>
    internal sealed record Taken(MessageId Id) : GossipInput;

    /// <summary>The application was too busy to take a message: it is as if it had not come.</summary>
    internal sealed record Declined(MessageId Id) : GossipInput;

    /// <summary>This node begins to listen to a topic.</summary>
    internal sealed record Subscribe(string Topic) : GossipInput;

    /// <summary>This node ends to listen to a topic.</summary>
    internal sealed record Unsubscribe(string Topic) : GossipInput;

    /// <summary>The application's own score of a peer (P5).</summary>
    internal sealed record Scored(PeerId Peer, double Score) : GossipInput;

    /// <summary>A heartbeat is due.</summary>
    internal sealed record Heartbeat : GossipInput;
}
