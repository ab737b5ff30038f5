using System.Collections.Concurrent;
using System.Threading.Channels;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Engine;

/// <summary>A network within one process: every node that joined is every other's peer. Frames are bytes, as on a real one.</summary>
public sealed class LocalNetwork
{
    private const int QueueFrames = 16_384;

    private readonly ConcurrentDictionary<PeerId, Member> members = new();

    /// <summary>Joins under a name.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public ITransport Join(PeerId peer)
    {
        var member = new Member(this, peer);
        return members.TryAdd(peer, member) ? member : throw new ArgumentException($"a node named {peer} has joined already", nameof(peer));
    }

    private sealed class Member(LocalNetwork network, PeerId self) : ITransport
    {
        private readonly Channel<(PeerId From, Topic Topic, ReadOnlyMemory<byte> Frame)> queue =
            Channel.CreateBounded<(PeerId, Topic, ReadOnlyMemory<byte>)>(new BoundedChannelOptions(QueueFrames)
            {
                SingleReader = true,
                FullMode = BoundedChannelFullMode.DropWrite, // a network may lose frames, and never waits
            });

        private Task pump = Task.CompletedTask;

        public IReadOnlyCollection<PeerId> Peers => [.. network.members.Keys.Where(peer => peer != self)];

        public void Start(Func<IncomingFrame, bool> handler) => pump = PumpAsync(handler);

        public void Broadcast(Topic topic, ReadOnlyMemory<byte> frame)
        {
            foreach (var (peer, member) in network.members)
            {
                if (peer != self)
                {
                    member.queue.Writer.TryWrite((self, topic, frame));
                }
            }
        }

        public void Send(PeerId peer, ReadOnlyMemory<byte> frame)
        {
            if (network.members.TryGetValue(peer, out var member))
            {
                member.queue.Writer.TryWrite((self, Topic.Direct, frame));
            }
        }

        public async ValueTask DisposeAsync()
        {
            network.members.TryRemove(self, out _);
            queue.Writer.TryComplete();
            await pump.ConfigureAwait(false);
        }

        private async Task PumpAsync(Func<IncomingFrame, bool> handler)
        {
            await foreach (var (from, topic, frame) in queue.Reader.ReadAllAsync().ConfigureAwait(false))
            {
                handler(new IncomingFrame(from, topic, frame, static _ => { }));
            }
        }
    }
}
