using System.Diagnostics.Metrics;

namespace LuxTensor.Network;

/// <summary>Gossip's measurements, under the meter LuxTensor.Network. They are read off the router's own counts, so counting costs nothing more.</summary>
internal sealed class GossipMetrics : IDisposable
{
    private readonly Meter meter = new("LuxTensor.Network");
    private readonly Counter<long> cutOff;
    private readonly Counter<long> failed;

    public GossipMetrics(RouterCounts counts, Func<GossipSnapshot> snapshot)
    {
        Observe("received", "messages of peers, copies included", () => counts.Received);
        Observe("duplicates", "copies of messages that were there", () => counts.Duplicates);
        Observe("accepted", "messages found valid", () => counts.Accepted);
        Observe("rejected", "messages found invalid", () => counts.Rejected);
        Observe("ignored", "messages of no use", () => counts.Ignored);
        Observe("overloaded", "messages not taken for want of room or time", () => counts.Overloaded);
        Observe("published", "own messages", () => counts.Published);
        Observe("forwarded", "messages sent on, one for each peer", () => counts.Forwarded);
        Observe("asked", "messages asked for", () => counts.Asked);
        Observe("answered", "messages sent for asking", () => counts.Answered);
        Observe("spared", "messages not sent because they were not wanted", () => counts.Spared);
        Observe("graylisted", "frames not listened to", () => counts.Graylisted);
        Observe("broken", "frames that were none", () => counts.Broken);
        cutOff = meter.CreateCounter<long>("luxtensor_gossip_cut_off", description: "peers cut off for reading too slowly");
        failed = meter.CreateCounter<long>("luxtensor_gossip_deliveries_failed", description: "messages that the application failed to take");
        meter.CreateObservableGauge("luxtensor_gossip_peers", () => snapshot().Peers.Length, description: "peers that speak gossipsub");
        meter.CreateObservableGauge("luxtensor_gossip_pending", () => snapshot().PendingMessages, description: "messages that wait for a verdict");
        meter.CreateObservableGauge("luxtensor_gossip_cached_bytes", () => snapshot().CachedBytes, "By", "messages kept for those who ask");
        meter.CreateObservableGauge("luxtensor_gossip_queued_bytes", () => snapshot().Peers.Sum(peer => peer.QueuedBytes), "By", "what waits to be sent");
        meter.CreateObservableGauge(
            "luxtensor_gossip_mesh",
            () => snapshot().Topics.Select(topic => new Measurement<int>(topic.Mesh.Length, KeyValuePair.Create<string, object?>("topic", topic.Name))),
            description: "peers in the mesh of a topic");
    }

    public void CutOff() => cutOff.Add(1);

    public void DeliveryFailed() => failed.Add(1);

    public void Dispose() => meter.Dispose();

    private void Observe(string name, string description, Func<long> count) => meter.CreateObservableCounter($"luxtensor_gossip_{name}", count, description: description);
}
