using System.Diagnostics.Metrics;

namespace LuxTensor.Network;

/// <summary>What the host measures, under the meter LuxTensor.Network.</summary>
internal sealed class SwarmMetrics : IDisposable
{
    private readonly Meter meter = new("LuxTensor.Network");
    private readonly UpDownCounter<long> connections;
    private readonly UpDownCounter<long> streams;
    private readonly Counter<long> handshakes;
    private readonly Counter<long> refusals;
    private readonly Counter<long> closed;
    private readonly Counter<long> dials;
    private readonly Counter<long> received;
    private readonly Counter<long> sent;

    internal SwarmMetrics()
    {
        connections = meter.CreateUpDownCounter<long>("luxtensor_p2p_connections", description: "connections open, by direction");
        streams = meter.CreateUpDownCounter<long>("luxtensor_p2p_streams", description: "streams open");
        handshakes = meter.CreateCounter<long>("luxtensor_p2p_handshakes", description: "handshakes ended, by outcome and security protocol");
        refusals = meter.CreateCounter<long>("luxtensor_p2p_refusals", description: "connections refused, by reason");
        closed = meter.CreateCounter<long>("luxtensor_p2p_closed", description: "connections closed, by cause");
        dials = meter.CreateCounter<long>("luxtensor_p2p_dials", description: "dials ended, by outcome");
        received = meter.CreateCounter<long>("luxtensor_p2p_received_bytes", "By", "bytes received, decrypted");
        sent = meter.CreateCounter<long>("luxtensor_p2p_sent_bytes", "By", "bytes sent, before encryption");
    }

    internal void Received(int count) => received.Add(count);

    internal void Sent(int count) => sent.Add(count);

    internal void StreamOpened() => streams.Add(1);

    internal void StreamClosed() => streams.Add(-1);

    internal void Connected(bool isOutbound) => connections.Add(1, Tag("direction", isOutbound ? "outbound" : "inbound"));

    internal void Closed(bool isOutbound, CloseCause cause)
    {
        connections.Add(-1, Tag("direction", isOutbound ? "outbound" : "inbound"));
        closed.Add(1, Tag("cause", cause.ToString()));
    }

    internal void Handshake(string protocol) => handshakes.Add(1, Tag("outcome", "ok"), Tag("protocol", protocol));

    internal void HandshakeFailed() => handshakes.Add(1, Tag("outcome", "failed"));

    internal void Refused(RefusalCause cause) => refusals.Add(1, Tag("reason", cause.ToString()));

    internal void Dialled(bool succeeded) => dials.Add(1, Tag("outcome", succeeded ? "ok" : "failed"));

    public void Dispose() => meter.Dispose();

    private static KeyValuePair<string, object?> Tag(string name, string value) => KeyValuePair.Create<string, object?>(name, value);
}
