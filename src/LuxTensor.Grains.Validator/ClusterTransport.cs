using System.Collections.Concurrent;
using LuxTensor.Core.Consensus;
using LuxTensor.Engine;
using Orleans.Concurrency;

namespace LuxTensor.Grains;

/// <summary>
/// The network of a chain whose gateways are other silos: a frame for all goes to every gateway, each of which has peers of its
/// own; one for a peer goes to the gateway that has it. What comes in is the gateways' to verify and relay, but for answers to the
/// machine that catches up.
/// </summary>
internal sealed class ClusterTransport(TimeProvider time, TimeSpan lease) : ITransport
{
    private const int QueueFrames = 16_384;

    private readonly ConcurrentDictionary<string, Gateway> gateways = new(StringComparer.Ordinal);
    private Func<IncomingFrame, bool>? take;

    public IReadOnlyCollection<PeerId> Peers => [.. Live.SelectMany(gateway => gateway.Peers).Distinct()];

    private IEnumerable<Gateway> Live
    {
        get
        {
            var now = time.GetTimestamp();
            return gateways.Values.Where(gateway => time.GetElapsedTime(gateway.Seen, now) < lease);
        }
    }

    /// <summary>A gateway is here, or still here; those that were silent for longer than their lease are forgotten.</summary>
    public void Attach(string name, IGatewayObserver observer, IReadOnlyCollection<PeerId> peers)
    {
        var now = time.GetTimestamp();
        var gateway = gateways.GetOrAdd(name, static _ => new Gateway());
        gateway.Renew(observer, peers, now);
        foreach (var (key, old) in gateways)
        {
            if (time.GetElapsedTime(old.Seen, now) >= lease && gateways.TryRemove(key, out var gone))
            {
                _ = gone.DisposeAsync().AsTask();
            }
        }
    }

    public void Start(Func<IncomingFrame, bool> handler) => Volatile.Write(ref take, handler);

    /// <summary>An answer that only this node's chain can check, relayed by the gateway where it came in.</summary>
    public void Deliver(PeerId from, ReadOnlyMemory<byte> frame) =>
        Volatile.Read(ref take)?.Invoke(new IncomingFrame(from, Topic.Direct, frame, static _ => { }));

    public void Broadcast(Topic topic, ReadOnlyMemory<byte> frame)
    {
        var item = OutgoingFrame.Encode(topic, null, frame.Span);
        foreach (var gateway in Live)
        {
            gateway.Outbox.Add(item);
        }
    }

    public void Send(PeerId peer, ReadOnlyMemory<byte> frame)
    {
        if (Live.FirstOrDefault(gateway => gateway.Peers.Contains(peer)) is { } holder)
        {
            holder.Outbox.Add(OutgoingFrame.Encode(Topic.Direct, peer, frame.Span));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var gateway in gateways.Values)
        {
            await gateway.DisposeAsync().ConfigureAwait(false);
        }
    }

    private sealed class Gateway : IAsyncDisposable
    {
        private IGatewayObserver? observer;

        public Gateway() => Outbox = new Packer(pack => observer?.Carry(new Immutable<byte[]>(pack)) ?? Task.CompletedTask, static () => false, QueueFrames);

        public Packer Outbox { get; }

        public IReadOnlySet<PeerId> Peers { get; private set; } = new HashSet<PeerId>();

        public long Seen { get; private set; }

        public void Renew(IGatewayObserver renewed, IReadOnlyCollection<PeerId> peers, long now) =>
            (observer, Peers, Seen) = (renewed, peers.ToHashSet(), now);

        public ValueTask DisposeAsync() => Outbox.DisposeAsync();
    }
}
