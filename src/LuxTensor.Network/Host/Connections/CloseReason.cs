namespace LuxTensor.Network;

/// <summary>Why a connection ended: the kind, and what was seen.</summary>
/// <param name="Cause">The kind.</param>
/// <param name="Detail">For a human: the rule that was broken, the error of the system.</param>
public sealed record CloseReason(CloseCause Cause, string Detail)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Cause}: {Detail}";
}

/// <summary>The kinds of ends of a connection.</summary>
public enum CloseCause
{
    /// <summary>This node's protocols asked for it (a ban, a rule above the host).</summary>
    Disconnected,

    /// <summary>This node stops.</summary>
    Stopped,

    /// <summary>The peer closed, in order.</summary>
    ClosedByPeer,

    /// <summary>The system reported an error: reset, unreachable, ended inside a frame.</summary>
    Broken,

    /// <summary>The peer broke a rule of the wire.</summary>
    Violation,

    /// <summary>The peer sent more of something than a node needs to.</summary>
    Flood,

    /// <summary>The peer no longer answers.</summary>
    Silent,

    /// <summary>The peer did not say who it is in time.</summary>
    NotIdentified,

    /// <summary>A more useful peer needed the place.</summary>
    Trimmed,

    /// <summary>Another connection to the same peer is kept.</summary>
    Duplicate,
}
