using System.Diagnostics.Metrics;
using LuxTensor.Core.Peers;

namespace LuxTensor.Engine.Peers;

/// <summary>What a book of peers measures, under the meter LuxTensor.Engine. No label names a peer: there is no end of names.</summary>
internal sealed class PeerMetrics : IDisposable
{
    private readonly Meter meter = new("LuxTensor.Engine");
    private readonly Counter<long> faults;
    private readonly Counter<long> bans;
    private readonly Counter<long> refused;
    private readonly Counter<long> unsaved;

    public PeerMetrics(PeerBook book)
    {
        faults = meter.CreateCounter<long>("luxtensor_peer_faults", description: "faults of peers");
        bans = meter.CreateCounter<long>("luxtensor_peer_bans", description: "bans, and prolonged bans, of peers");
        refused = meter.CreateCounter<long>("luxtensor_peer_frames_refused", description: "frames refused because a peer sent more of their kind than it may");
        unsaved = meter.CreateCounter<long>("luxtensor_peer_saves_failed", description: "times that peer records could not be stored; they are kept and stored later");
        meter.CreateObservableGauge("luxtensor_peers", () => book.Counts.Connected, description: "peers connected");
        meter.CreateObservableGauge("luxtensor_peers_banned", () => book.Counts.Banned, description: "peers that are banned");
        meter.CreateObservableGauge("luxtensor_peers_known", () => book.Counts.Known, description: "peers that are remembered");
    }

    public void See(PeerInput input)
    {
        switch (input)
        {
            case PeerInput.Faulty faulty:
                faults.Add(faulty.Count, KeyValuePair.Create<string, object?>("fault", faulty.What.ToString()));
                break;
            case PeerInput.Refused frames:
                refused.Add(frames.Frames, KeyValuePair.Create<string, object?>("kind", frames.Kind.ToString()));
                break;
            default:
                break;
        }
    }

    public void See(PeerEffect effect)
    {
        if (effect is PeerEffect.Ban ban)
        {
            bans.Add(1, KeyValuePair.Create<string, object?>("reason", ban.Why.ToString()));
        }
    }

    public void NotSaved() => unsaved.Add(1);

    public void Dispose() => meter.Dispose();
}
