using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>
/// The libp2p host: listens and dials over TCP, secures with Noise or TLS 1.3, carries streams over yamux, and keeps the connections within
/// their limits. Serves identify and ping itself. Created idle; <see cref="StartAsync"/> opens the listeners.
/// </summary>
public sealed partial class Swarm : ISwarm, IAsyncDisposable
{
    private readonly PeerIdentity identity;
    private readonly SwarmOptions options;
    private readonly Upgrade upgrade;
    private readonly SwarmMetrics metrics = new();
    private readonly ProtocolTable protocols = new();
    private readonly ConnectionTable table;
    private readonly Admission admission;
    private readonly BufferBudget buffers;
    private readonly PeerStore store;
    private readonly TaskGroup tasks;
    private readonly CancellationTokenSource stopping = new();
    private readonly List<Socket> listeners = [];
    private ImmutableArray<Multiaddr> listening = [];
    private int stopped;

    /// <param name="identity">This node's key pair; stays the caller's to dispose of, after the swarm.</param>
    /// <param name="options">What may be chosen.</param>
    public Swarm(PeerIdentity identity, SwarmOptions options)
    {
        this.identity = identity;
        this.options = options;
        upgrade = new Upgrade(identity, options);
        table = new ConnectionTable(identity.Id, options);
        admission = new Admission(options.MostHandshakes, options.MostPerAddress, options.Time);
        buffers = new BufferBudget(options.MostBuffered);
        dials = new DialBook(options);
        resolver = new AddressResolver(options.Time, options.NameServers);
        tasks = new TaskGroup(e => Tell(new SwarmEvent.Warned($"a task of the host failed: {e}")));
        store = new PeerStore(options.StorePath, options.Time, what => Tell(new SwarmEvent.Warned(what)), () => table.Peers.Select(static it => it.Id));
        Serve(IdentifyMessage.Protocol, 2, AnswerIdentifyAsync);
        Serve(IdentifyMessage.PushProtocol, 2, TakePushAsync);
        Serve(PingProtocol.Name, 2, (stream, cancellation) => PingProtocol.AnswerAsync(stream, options.Time, cancellation));
    }

    /// <inheritdoc/>
    public PeerId Self => identity.Id;

    /// <inheritdoc/>
    public IReadOnlyCollection<ConnectedPeer> Connected => table.Peers;

    /// <summary>The addresses listened on, with the ports that port 0 became.</summary>
    public IReadOnlyList<Multiaddr> Listening => listening;

    /// <summary>Bytes received and not yet read, of all connections.</summary>
    internal long Buffered => buffers.Held;

    /// <summary>Inbound handshakes under way.</summary>
    internal int Handshakes => admission.Handshakes;

    internal PeerStore Store => store;

    internal ConnectionTable Table => table;

    /// <summary>Opens the listeners, reads the peer store and begins to dial.</summary>
    /// <exception cref="IOException">An address cannot be listened on; the message names it.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        await store.OpenAsync(cancellation);
        foreach (var address in options.Listen)
        {
            Listen(address);
        }

        tasks.Run(MaintainAsync);
        if (options.Mdns)
        {
            tasks.Run(DiscoverAsync);
        }
    }

    /// <inheritdoc/>
    public void Serve(string protocol, int mostPerPeer, Func<IPeerStream, CancellationToken, Task> handler)
    {
        protocols.Add(protocol, mostPerPeer, handler);
        foreach (var connection in table.All)
        {
            tasks.Run(() => PushAsync(connection));
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IPeerStream> OpenAsync(PeerId peer, IReadOnlyList<string> protocols, CancellationToken cancellation)
    {
        var connection = table.Preferred(peer) ?? throw new StreamException($"{peer} is not connected");
        return await connection.OpenAsync(protocols, cancellation);
    }

    /// <inheritdoc/>
    public void Disconnect(PeerId peer, string why)
    {
        foreach (var connection in table.Of(peer))
        {
            connection.Session.Close(new CloseReason(CloseCause.Disconnected, why));
        }
    }

    /// <inheritdoc/>
    public IDisposable Watch(IPeerWatcher watcher) => table.Watch(watcher);

    /// <summary>Never gives the peer's place to another one; or does again.</summary>
    public void Protect(PeerId peer, bool isProtected) => table.Keep(peer, isProtected);

    /// <summary>Closes every connection and listener, and ends when all tasks have.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref stopped, 1) != 0)
        {
            return;
        }

        await stopping.CancelAsync();
        lock (listeners)
        {
            listeners.ForEach(static it => it.Dispose());
        }

        foreach (var connection in table.All)
        {
            connection.Session.Close(new CloseReason(CloseCause.Stopped, "this node stops"));
        }

        await tasks.EndAsync();
        await store.DisposeAsync();
        upgrade.Dispose();
        metrics.Dispose();
        stopping.Dispose();
    }

    private void Tell(SwarmEvent what) => options.Events?.Invoke(what);

    // From the proven peer to the end of its connection. The channel is owned from here on.
    private async Task RunAsync(Secured secured, bool isOutbound, Multiaddr address, IPAddress? from, TaskCompletionSource<PeerConnection>? ready)
    {
        using var connection = new PeerConnection(secured, isOutbound, address, from, options, protocols, buffers, metrics);
        (RefusalCause Cause, string Detail)? refused;
        IReadOnlyList<PeerConnection> displaced;
        try
        {
            refused = Refusal(connection, out displaced);
        }
        catch (Exception e)
        {
            await secured.Channel.DisposeAsync(); // the caller's gate is broken
            ready?.TrySetException(e);
            throw;
        }

        if (refused is { } refusal)
        {
            metrics.Refused(refusal.Cause);
            Tell(new SwarmEvent.Refused(from, connection.Peer, refusal.Cause, refusal.Detail));
            connection.Session.Close(new CloseReason(CloseCause.Trimmed, refusal.Detail));
            await connection.Session.Completion;
            ready?.TrySetException(new RefusedException(refusal.Cause, refusal.Detail));
            return;
        }

        foreach (var one in displaced)
        {
            one.Session.Close(one.Peer == connection.Peer
                ? new CloseReason(CloseCause.Duplicate, "the peer has newer connections")
                : new CloseReason(CloseCause.Trimmed, "its place went to a more useful peer"));
        }

        metrics.Connected(isOutbound);
        Tell(new SwarmEvent.Connected(connection.Peer, address, isOutbound, connection.Security));
        var running = connection.RunAsync();
        ready?.TrySetResult(connection);
        tasks.Run(() => AttendAsync(connection));
        if (stopping.IsCancellationRequested)
        {
            connection.Session.Close(new CloseReason(CloseCause.Stopped, "this node stops"));
        }

        var reason = await running;
        table.Remove(connection);
        store.Left(connection.Peer);
        metrics.Closed(isOutbound, reason.Cause);
        Tell(new SwarmEvent.Closed(connection.Peer, address, reason));
    }

    private (RefusalCause Cause, string Detail)? Refusal(PeerConnection connection, out IReadOnlyList<PeerConnection> displaced)
    {
        displaced = [];
        return options.Gate?.Invoke(connection.Peer, connection.From) == false
            ? (RefusalCause.Gated, "the gater refuses the peer")
            : table.TryAdd(connection, out displaced);
    }
}
