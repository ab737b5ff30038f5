using System.Collections.Concurrent;
using System.Text;
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

/// <summary>A frame on its way to a gateway: its topic, the peer it is for (none for all), and its bytes.</summary>
internal static class OutgoingFrame
{
    public static byte[] Encode(Topic topic, PeerId? peer, ReadOnlySpan<byte> frame)
    {
        var name = peer is { } known ? Encoding.UTF8.GetBytes(known.Name) : [];
        var bytes = new byte[2 + name.Length + frame.Length];
        bytes[0] = (byte)topic;
        bytes[1] = checked((byte)name.Length);
        name.CopyTo(bytes, 2);
        frame.CopyTo(bytes.AsSpan(2 + name.Length));
        return bytes;
    }

    /// <summary>The votes among packed frames.</summary>
    public static IEnumerable<Core.Voting.Vote> VotesIn(ReadOnlyMemory<byte> frames, Core.ChainRules rules)
    {
        foreach (var frame in Pack.Read(frames))
        {
            if ((Topic)frame.Span[0] == Topic.Votes && MessageCodec.TryDecode(frame.Span[(2 + frame.Span[1])..], rules, out var message, out _)
                && message is Message.CastVote { Vote: var vote })
            {
                yield return vote;
            }
        }
    }

    public static void Carry(ReadOnlyMemory<byte> bytes, ITransport transport)
    {
        var (topic, name) = ((Topic)bytes.Span[0], bytes.Span[1]);
        var frame = bytes[(2 + name)..];
        if (topic == Topic.Direct)
        {
            transport.Send(new PeerId(Encoding.UTF8.GetString(bytes.Span.Slice(2, name))), frame);
        }
        else
        {
            transport.Broadcast(topic, frame);
        }
    }
}
