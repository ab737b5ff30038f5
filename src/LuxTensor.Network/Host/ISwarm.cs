using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>The connected peers and the streams to them: what a protocol needs of the host that carries it. Thread-safe.</summary>
public interface ISwarm
{
    /// <summary>This node's id: the base58 text of its libp2p peer id.</summary>
    PeerId Self { get; }

    /// <summary>The peers connected now, one entry a peer however many connections it has.</summary>
    IReadOnlyCollection<ConnectedPeer> Connected { get; }

    /// <summary>Serves a protocol. A handler runs on a task of its own; when it ends the stream is closed, when it throws it is reset.</summary>
    /// <param name="protocol">The protocol's name as multistream-select spells it.</param>
    /// <param name="mostPerPeer">Inbound streams of this protocol that one peer may have open; the next is reset.</param>
    /// <param name="handler">Serves one stream.</param>
    void Serve(string protocol, int mostPerPeer, Func<IPeerStream, CancellationToken, Task> handler);

    /// <summary>Opens a stream on a connection that stands, with the first of the protocols that the peer speaks.</summary>
    /// <exception cref="StreamException">The peer is not connected, speaks none of them, or did not answer in time.</exception>
    ValueTask<IPeerStream> OpenAsync(PeerId peer, IReadOnlyList<string> protocols, CancellationToken cancellation);

    /// <summary>Closes every connection to a peer.</summary>
    void Disconnect(PeerId peer, string why);

    /// <summary>Tells of every later change, in order, and of those connected now first. The observer must queue and return.</summary>
    IDisposable Watch(IPeerWatcher watcher);
}

/// <summary>Hears who comes and goes.</summary>
public interface IPeerWatcher
{
    /// <summary>A peer has its first connection and said who it is (identify): what it speaks is known.</summary>
    void Joined(ConnectedPeer peer);

    /// <summary>A connected peer says that it speaks other protocols than before (identify push).</summary>
    void Changed(ConnectedPeer peer)
    {
    }

    /// <summary>A peer's last connection is gone, also of one that never said who it is: it may have spoken all the same.</summary>
    void Left(PeerId peer);
}

/// <summary>A peer with at least one connection.</summary>
/// <param name="Id">Its id, proven by the handshake.</param>
/// <param name="Address">Where its first connection leads, as a multiaddr.</param>
/// <param name="IsOutbound">Whether this node dialled.</param>
/// <param name="Protocols">What it said it speaks; empty before identify.</param>
/// <param name="Agent">The software it said it is; empty before identify.</param>
public sealed record ConnectedPeer(PeerId Id, string Address, bool IsOutbound, IReadOnlySet<string> Protocols, string Agent);

/// <summary>A stream to a peer: bytes both ways, each way closed on its own. One reader and one writer at a time.</summary>
public interface IPeerStream : IAsyncDisposable
{
    /// <summary>The peer at the other end.</summary>
    PeerId Peer { get; }

    /// <summary>The protocol agreed on.</summary>
    string Protocol { get; }

    /// <summary>Reads at least one byte; 0 when the peer closed its side.</summary>
    /// <exception cref="StreamException">The stream was reset, or its connection is gone.</exception>
    ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation);

    /// <summary>Writes all bytes; waits while the peer's window is full.</summary>
    /// <exception cref="StreamException">The stream was reset, or its connection is gone.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation);

    /// <summary>Closes this node's side; the peer's may go on.</summary>
    ValueTask CloseWriteAsync(CancellationToken cancellation);

    /// <summary>Ends both sides at once; what is on the way is lost. Never throws.</summary>
    void Reset();
}

/// <summary>A stream could not be opened, or broke.</summary>
public class StreamException : IOException
{
    /// <summary>Says what broke.</summary>
    public StreamException(string message)
        : base(message)
    {
    }

    /// <summary>Says what broke, and from what.</summary>
    public StreamException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>The peer speaks none of the protocols asked for; asking again changes nothing.</summary>
public sealed class NotSpokenException : StreamException
{
    /// <summary>Says which.</summary>
    public NotSpokenException(string message)
        : base(message)
    {
    }
}
