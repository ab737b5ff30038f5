using LuxTensor.Network;

namespace LuxTensor.Hosting;

/// <summary>What the network tells its operator, as events of the log.</summary>
internal static class NetworkEvents
{
    /// <summary>Writes what a node's network tells to a log.</summary>
    internal static Action<SwarmEvent> To(EventLog log, string node) => what =>
    {
        if (Of(node, what) is { } one)
        {
            log.Write(one);
        }
    };

    /// <summary>The event; null for what is said elsewhere or is everyday.</summary>
    private static NodeEvent? Of(string node, SwarmEvent what) => what switch
    {
        SwarmEvent.Connected it => new NodeEvent(
            "connected", $"peer    {node}: connected to {it.Peer} at {it.Address}, {(it.IsOutbound ? "dialled" : "accepted")}, {it.Security}",
            [("node", node), ("peer", it.Peer.Name), ("address", it.Address.ToString()), ("outbound", it.IsOutbound), ("security", it.Security)]),
        SwarmEvent.Closed { Why.Cause: CloseCause.Duplicate or CloseCause.Stopped } => null,
        SwarmEvent.Closed it => new NodeEvent(
            "disconnected", $"peer    {node}: {it.Peer} is gone: {it.Why}",
            [("node", node), ("peer", it.Peer.Name), ("address", it.Address.ToString()), ("cause", it.Why.Cause.ToString()), ("detail", it.Why.Detail)]),
        SwarmEvent.Refused it => new NodeEvent(
            "refused", $"peer    {node}: refused {it.Peer?.Name ?? it.From?.ToString() ?? "a connection"}: {it.Cause}, {it.Detail}",
            [("node", node), ("peer", it.Peer?.Name), ("address", it.From?.ToString()), ("cause", it.Cause.ToString()), ("detail", it.Detail)]),
        SwarmEvent.DialFailed it => new NodeEvent(
            "unreachable", $"peer    {node}: cannot reach {it.Address}: {it.Detail}; it is tried again",
            [("node", node), ("peer", it.Peer?.Name), ("address", it.Address.ToString()), ("detail", it.Detail)]),
        SwarmEvent.Warned it => new NodeEvent("warning", $"warning {node}: {it.What}", [("node", node), ("detail", it.What)]),
        _ => null,
    };
}
