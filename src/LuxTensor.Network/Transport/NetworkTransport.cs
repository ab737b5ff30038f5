using System.Collections.Concurrent;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Core.Sync;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Engine.Peers;

namespace LuxTensor.Network;

/// <summary>What the transport runs on; it owns none of it.</summary>
public sealed record NetworkTransportOptions
{
    /// <summary>The chain: peers of another one are sent away.</summary>
    public required Genesis Genesis { get; init; }

    /// <summary>The connected peers.</summary>
    public required ISwarm Swarm { get; init; }

    /// <summary>The account of what peers do.</summary>
    public required PeerBook Book { get; init; }

    /// <summary>The addresses listened on now.</summary>
    public Func<IReadOnlyList<Multiaddr>> Listening { get; init; } = static () => [];

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Bytes of frames kept for those to whom they were announced.</summary>
    public long AnnouncedBytes { get; init; } = 64L << 20;
}

/// <summary>
/// The network of a node over libp2p: gossip for what all should know, a stream a request for what one peer is asked, and a hello
/// before either. A peer that did not say hello, or is of another chain, is none.
/// </summary>
public sealed partial class NetworkTransport : ITransport
{
    private readonly NetworkTransportOptions options;
    private readonly ISwarm swarm;
    private readonly PeerBook book;
    private readonly TopicNames topics;
    private readonly FrameStore announced;
    private readonly RequestResponse requests;
    private readonly RequestResponse frames;
    private readonly ConcurrentDictionary<PeerId, Greeted> greeted = new();
    private readonly ConcurrentDictionary<PeerId, bool> greeting = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentDictionary<Task, bool> tasks = new();
    private Gossip? gossip;
    private IDisposable? watching;
    private IDisposable? following;
    private Func<IncomingFrame, bool> take = static _ => false;
    private byte[] status;
    private int disposed;

    /// <summary>Speaks with nobody before <see cref="Start"/>.</summary>
    public NetworkTransport(NetworkTransportOptions options)
    {
        this.options = options;
        (swarm, book) = (options.Swarm, options.Book);
        topics = new TopicNames(options.Genesis);
        announced = new FrameStore(options.AnnouncedBytes);
        requests = new RequestResponse(swarm, RequestProtocol, RequestsOf(MaxRequestBytes), options.Time);
        frames = new RequestResponse(swarm, Announcement.Protocol, RequestsOf(Hash256.Size), options.Time);
        status = MessageCodec.Encode(
            options.Genesis.Rules.ChainId, new Message.Status(options.Genesis.Block.Hash, 0, options.Genesis.Block.Hash, 0));
    }

    /// <summary>A peer that said hello: what it understands, and how many requests to it, and fetches of what it announced, are under way.</summary>
    private sealed class Greeted(byte compressions)
    {
        public byte Compressions { get; } = compressions;

        public int Requests;

        public int Fetches;
    }

    /// <inheritdoc/>
    public IReadOnlyCollection<PeerId> Peers => [.. greeted.Keys];

    /// <inheritdoc/>
    public Task Completion => gossip?.Completion ?? throw new InvalidOperationException("not started");

    /// <inheritdoc/>
    public NetworkView Network => new(swarm.Self, [.. options.Listening().Select(static address => address.ToString())], book.Snapshot());

    /// <inheritdoc/>
    public void Start(Func<IncomingFrame, bool> handler)
    {
        take = handler;
        following = book.Follow((peer, effect) =>
        {
            if (effect is PeerEffect.Disconnect gone)
            {
                swarm.Disconnect(peer, gone.Why.ToString());
            }
        });
        swarm.Serve(Hello.Protocol, 2, AnswerHelloAsync);
        requests.Answer(AnswerRequestAsync);
        frames.Answer(AnswerFrameAsync);
        gossip = new Gossip(swarm, GossipOptionsFor(options), Deliver);
        foreach (var topic in topics.All)
        {
            gossip.Subscribe(topic);
        }

        watching = swarm.Watch(new Watcher(this));
    }

    /// <inheritdoc/>
    public void Broadcast(Topic topic, ReadOnlyMemory<byte> frame)
    {
        if (topic == Topic.Status)
        {
            Volatile.Write(ref status, frame.ToArray());
            foreach (var peer in greeted.Keys)
            {
                Greet(peer);
            }
        }
        else if (topics.Of(topic) is { } name)
        {
            Publish(name, frame);
        }
    }

    /// <inheritdoc/>
    public void Send(PeerId peer, ReadOnlyMemory<byte> frame)
    {
        if (greeted.TryGetValue(peer, out var known))
        {
            Run(() => AskAsync(peer, known, frame));
        }
    }

    /// <inheritdoc/>
    public void Blame(PeerId peer, SyncFault fault) => Fault(peer, fault.ToPeerFault());

    /// <inheritdoc/>
    public void Prove(PeerId peer, ulong height, Hash256 hash) => book.Report(peer, new PeerInput.Proved(height, hash));

    /// <summary>What gossip does now, by topic and peer.</summary>
    public GossipSnapshot GossipNow() => gossip?.Snapshot() ?? GossipSnapshot.Empty;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        watching?.Dispose();
        following?.Dispose();
        await stopping.CancelAsync().ConfigureAwait(false);
        if (gossip is not null)
        {
            await gossip.DisposeAsync().ConfigureAwait(false);
        }

        await Task.WhenAll(tasks.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.Dispose();
    }

    private void Fault(PeerId peer, PeerFault fault)
    {
        book.Report(peer, new PeerInput.Faulty(fault));
        gossip?.SetApplicationScore(peer, int.Min(book.ReputationOf(peer) - 50, 0)); // a good name opens no doors, a bad one closes them
    }

    /// <summary>Runs a task that ends with the transport. What breaks on a stream is the peer's affair, and already reported where it is its fault.</summary>
    private void Run(Func<Task> work)
    {
        if (stopping.IsCancellationRequested)
        {
            return;
        }

        var task = Task.Run(work);
        tasks.TryAdd(task, true);
        _ = task.ContinueWith(ended => tasks.TryRemove(ended, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private sealed class Watcher(NetworkTransport transport) : IPeerWatcher
    {
        public void Joined(ConnectedPeer peer)
        {
            transport.book.Joined(peer.Id, peer.Address, peer.Agent, peer.IsOutbound);
            transport.Greet(peer.Id);
        }

        public void Left(PeerId peer)
        {
            transport.greeted.TryRemove(peer, out _);
            transport.book.Left(peer);
        }
    }
}
