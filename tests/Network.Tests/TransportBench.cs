using System.Threading.Channels;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Engine;
using LuxTensor.Engine.Peers;
using LuxTensor.Network;
using LuxTensor.Tests.Engine;

namespace LuxTensor.Tests.Network;

/// <summary>A transport on a host of its own, over loopback, and what its node made of what came.</summary>
internal sealed class TransportBench : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly PeerIdentity identity = PeerIdentity.Generate();
    private readonly Channel<IncomingFrame> frames = Channel.CreateUnbounded<IncomingFrame>();
    private readonly Channel<SwarmEvent> events = Channel.CreateUnbounded<SwarmEvent>();

    private TransportBench(Genesis genesis, PeerBook book)
    {
        Genesis = genesis;
        Book = book;
        Swarm = new Swarm(identity, new SwarmOptions
        {
            Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")],
            Gate = (peer, _) => !book.IsBanned(peer),
            Events = what => events.Writer.TryWrite(what),
            WantedPeers = 0, // whom it is connected to is the test's to say
        });
        Transport = new NetworkTransport(new NetworkTransportOptions { Genesis = genesis, Swarm = Swarm, Book = book });
    }

    public Genesis Genesis { get; }

    public Swarm Swarm { get; }

    public NetworkTransport Transport { get; }

    public PeerBook Book { get; }

    public PeerId Id => Swarm.Self;

    /// <summary>What the node does with a frame; false where it is too busy. Accepts all unless told otherwise.</summary>
    public Func<IncomingFrame, bool> Take { get; set; } = static frame =>
    {
        frame.Judge(FrameVerdict.Accept);
        return true;
    };

    public static async Task<TransportBench> StartAsync(Genesis? genesis = null, PeerLimits? limits = null)
    {
        genesis ??= new TestChain(1).Genesis;
        var book = await PeerBook.OpenAsync(new PeerBookOptions { Settings = new PeerSettings { Limits = limits ?? PeerLimits.For(genesis.Rules) } });
        var bench = new TransportBench(genesis, book);
        bench.Transport.Start(frame =>
        {
            bench.frames.Writer.TryWrite(frame);
            return bench.Take(frame);
        });
        await bench.Swarm.StartAsync(CancellationToken.None);
        return bench;
    }

    /// <summary>Connects, and waits until each knows that the other said hello.</summary>
    public async Task ConnectAsync(TransportBench other)
    {
        await Swarm.DialAsync(other.Swarm.Listening[0].With(other.Id), CancellationToken.None);
        await UntilAsync(() => Transport.Peers.Contains(other.Id) && other.Transport.Peers.Contains(Id));
        foreach (var (one, peer) in new[] { (this, other.Id), (other, Id) })
        {
            // in the mesh, or a frame may be gone before anybody listens
            await UntilAsync(() => one.Transport.GossipNow().Topics.Length == 5 && one.Transport.GossipNow().Topics.All(topic => topic.Mesh.Contains(peer)));
        }
    }

    public async Task<IncomingFrame> NextAsync(Topic topic)
    {
        using var timeout = new CancellationTokenSource(Patience);
        while (true)
        {
            var frame = await frames.Reader.ReadAsync(timeout.Token);
            if (frame.Topic == topic)
            {
                return frame;
            }
        }
    }

    public async Task<T> EventAsync<T>()
        where T : SwarmEvent
    {
        using var timeout = new CancellationTokenSource(Patience);
        while (true)
        {
            if (await events.Reader.ReadAsync(timeout.Token) is T one)
            {
                return one;
            }
        }
    }

    public int Seen(Topic topic)
    {
        var count = 0;
        while (frames.Reader.TryRead(out var frame))
        {
            count += frame.Topic == topic ? 1 : 0;
        }

        return count;
    }

    /// <summary>Waits for what happens on other threads; a deadline only turns a hang into a failure.</summary>
    public static async Task UntilAsync(Func<bool> holds)
    {
        using var timeout = new CancellationTokenSource(Patience);
        while (!holds())
        {
            timeout.Token.ThrowIfCancellationRequested();
            await Task.Delay(1, CancellationToken.None); // lets the others run: this is no time that anything relies on
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Transport.DisposeAsync();
        await Swarm.DisposeAsync();
        await Book.DisposeAsync();
        identity.Dispose();
    }
}
