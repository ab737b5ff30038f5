using System.Collections.Concurrent;
using System.Threading.Channels;
using LuxTensor.Core.Consensus;
using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>Swarms in one process: streams are bounded pipes, connections are made and broken by the test.</summary>
internal sealed class MemoryNetwork
{
    private readonly ConcurrentDictionary<PeerId, MemorySwarm> swarms = new();

    public MemorySwarm Add(string name)
    {
        var swarm = new MemorySwarm(new PeerId(name), this);
        swarms[swarm.Self] = swarm;
        return swarm;
    }

    public MemorySwarm this[PeerId id] => swarms[id];

    public static void Connect(MemorySwarm from, MemorySwarm to)
    {
        to.Meet(new ConnectedPeer(from.Self, "/ip4/127.0.0.1/tcp/1", false, from.Protocols, "memory"));
        from.Meet(new ConnectedPeer(to.Self, "/ip4/127.0.0.1/tcp/1", true, to.Protocols, "memory"));
    }
}

internal sealed class MemorySwarm(PeerId self, MemoryNetwork network) : ISwarm
{
    private readonly Lock gate = new();
    private readonly Dictionary<PeerId, ConnectedPeer> connected = [];
    private readonly Dictionary<string, (int Most, Func<IPeerStream, CancellationToken, Task> Handler)> served = [];
    private readonly List<IPeerWatcher> watchers = [];
    private readonly List<MemoryStreamEnd> streams = [];
    private readonly Channel<(PeerId Peer, string Why)> disconnected = Channel.CreateUnbounded<(PeerId, string)>();

    public PeerId Self { get; } = self;

    /// <summary>What this swarm disconnected, in order.</summary>
    public ChannelReader<(PeerId Peer, string Why)> Disconnected => disconnected.Reader;

    public IReadOnlySet<string> Protocols
    {
        get
        {
            lock (gate)
            {
                return served.Keys.ToHashSet();
            }
        }
    }

    public IReadOnlyCollection<ConnectedPeer> Connected
    {
        get
        {
            lock (gate)
            {
                return [.. connected.Values];
            }
        }
    }

    public void Serve(string protocol, int mostPerPeer, Func<IPeerStream, CancellationToken, Task> handler)
    {
        lock (gate)
        {
            served[protocol] = (mostPerPeer, handler);
        }
    }

    public ValueTask<IPeerStream> OpenAsync(PeerId peer, IReadOnlyList<string> protocols, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (!connected.ContainsKey(peer))
            {
                throw new StreamException($"{peer} is not connected");
            }
        }

        return ValueTask.FromResult<IPeerStream>(network[peer].Accept(Self, protocols, end => Keep(end)));
    }

    public void Disconnect(PeerId peer, string why)
    {
        disconnected.Writer.TryWrite((peer, why));
        Part(peer);
        network[peer].Part(Self);
    }

    public IDisposable Watch(IPeerWatcher watcher)
    {
        lock (gate)
        {
            watchers.Add(watcher);
            foreach (var peer in connected.Values)
            {
                watcher.Joined(peer);
            }
        }

        return new Watching(() =>
        {
            lock (gate)
            {
                watchers.Remove(watcher);
            }
        });
    }

    public void Meet(ConnectedPeer peer)
    {
        lock (gate)
        {
            connected[peer.Id] = peer;
            watchers.ForEach(watcher => watcher.Joined(peer));
        }
    }

    /// <summary>Tells what a connected peer speaks now.</summary>
    public void Change(PeerId peer)
    {
        lock (gate)
        {
            connected[peer] = connected[peer] with { Protocols = network[peer].Protocols };
            watchers.ForEach(watcher => watcher.Changed(connected[peer]));
        }
    }

    /// <summary>Ends every stream to a peer and keeps the connection.</summary>
    public void ResetStreams(PeerId peer)
    {
        MemoryStreamEnd[] ending;
        lock (gate)
        {
            ending = [.. streams.Where(stream => stream.Peer == peer)];
        }

        foreach (var stream in ending)
        {
            stream.Reset();
        }
    }

    private void Part(PeerId peer)
    {
        lock (gate)
        {
            if (!connected.Remove(peer))
            {
                return;
            }

            watchers.ForEach(watcher => watcher.Left(peer));
        }

        ResetStreams(peer);
    }

    private void Keep(MemoryStreamEnd end)
    {
        lock (gate)
        {
            streams.RemoveAll(stream => stream.IsReset);
            streams.Add(end);
        }
    }

    private MemoryStreamEnd Accept(PeerId from, IReadOnlyList<string> protocols, Action<MemoryStreamEnd> keep)
    {
        Func<IPeerStream, CancellationToken, Task> handler;
        MemoryStreamEnd here, there;
        lock (gate)
        {
            var protocol = protocols.FirstOrDefault(served.ContainsKey) ?? throw new StreamException($"{Self} speaks none of {string.Join(", ", protocols)}");
            var (most, serve) = served[protocol];
            handler = serve;
            (here, there) = MemoryStreamEnd.Pair(from, Self, protocol);
            if (streams.Count(stream => stream.Peer == from && stream.IsInbound && stream.Protocol == protocol && !stream.IsReset) >= most)
            {
                there.Reset();
                return there;
            }

            here.IsInbound = true;
        }

        Keep(here);
        keep(there);
        _ = Task.Run(async () =>
        {
            try
            {
                await handler(here, CancellationToken.None);
                await here.DisposeAsync();
            }
            catch (Exception)
            {
                here.Reset();
            }
            finally
            {
                here.IsInbound = false;
            }
        });
        return there;
    }

    private sealed class Watching(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}

/// <summary>One end of a stream. A write waits while 64 chunks of at most 16 KiB are not read.</summary>
internal sealed class MemoryStreamEnd : IPeerStream
{
    private const int Chunk = 16 << 10;

    private readonly Channel<byte[]> incoming;
    private readonly Channel<byte[]> outgoing;
    private ReadOnlyMemory<byte> rest;

    private MemoryStreamEnd(PeerId peer, string protocol, Channel<byte[]> incoming, Channel<byte[]> outgoing) =>
        (Peer, Protocol, this.incoming, this.outgoing) = (peer, protocol, incoming, outgoing);

    public PeerId Peer { get; }

    public string Protocol { get; }

    public bool IsInbound { get; set; }

    public bool IsReset { get; private set; }

    /// <summary>The end at the acceptor, whose peer is the opener, and the end at the opener.</summary>
    public static (MemoryStreamEnd Here, MemoryStreamEnd There) Pair(PeerId opener, PeerId acceptor, string protocol)
    {
        var (a, b) = (Channel.CreateBounded<byte[]>(64), Channel.CreateBounded<byte[]>(64));
        return (new MemoryStreamEnd(opener, protocol, a, b), new MemoryStreamEnd(acceptor, protocol, b, a));
    }

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        try
        {
            while (rest.IsEmpty)
            {
                if (!await incoming.Reader.WaitToReadAsync(cancellation))
                {
                    return 0;
                }

                rest = incoming.Reader.TryRead(out var chunk) ? chunk : default;
            }
        }
        catch (StreamException broken)
        {
            throw new StreamException("the stream was reset", broken);
        }

        var count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer);
        rest = rest[count..];
        return count;
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        try
        {
            for (; !bytes.IsEmpty; bytes = bytes[Math.Min(Chunk, bytes.Length)..])
            {
                await outgoing.Writer.WriteAsync(bytes[..Math.Min(Chunk, bytes.Length)].ToArray(), cancellation);
            }
        }
        catch (ChannelClosedException broken)
        {
            throw new StreamException("the stream was reset", broken);
        }
    }

    public ValueTask CloseWriteAsync(CancellationToken cancellation)
    {
        outgoing.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    public void Reset()
    {
        IsReset = true;
        incoming.Writer.TryComplete(new StreamException("reset"));
        outgoing.Writer.TryComplete(new StreamException("reset"));
        while (incoming.Reader.TryRead(out _) || outgoing.Reader.TryRead(out _))
        {
        }
    }

    public ValueTask DisposeAsync()
    {
        outgoing.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }
}
