using System.Net;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>What the host tells its operator. A closed set; raised on the host's tasks, so whoever listens returns at once.</summary>
public abstract record SwarmEvent
{
    private SwarmEvent()
    {
    }

    /// <summary>An address is listened on; with the port that port 0 became.</summary>
    public sealed record Listening(Multiaddr Address) : SwarmEvent;

    /// <summary>A connection stands.</summary>
    public sealed record Connected(PeerId Peer, Multiaddr Address, bool IsOutbound, string Security) : SwarmEvent;

    /// <summary>A connection ended.</summary>
    public sealed record Closed(PeerId Peer, Multiaddr Address, CloseReason Why) : SwarmEvent;

    /// <summary>A connection did not come to be.</summary>
    /// <param name="From">The other end.</param>
    /// <param name="Peer">Who it is, where that was learnt.</param>
    /// <param name="Cause">The kind.</param>
    /// <param name="Detail">The rule or the limit.</param>
    public sealed record Refused(IPAddress? From, PeerId? Peer, RefusalCause Cause, string Detail) : SwarmEvent;

    /// <summary>A dial came to nothing.</summary>
    public sealed record DialFailed(PeerId? Peer, Multiaddr Address, string Detail) : SwarmEvent;

    /// <summary>Something is left out or begun anew; the node goes on.</summary>
    public sealed record Warned(string What) : SwarmEvent;
}
