using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>A stream with its peer and its protocol.</summary>
internal sealed class PeerStream(PeerId peer, string protocol, YamuxStream stream) : IPeerStream
{
    public PeerId Peer => peer;

    public string Protocol => protocol;

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation) => stream.ReadAsync(buffer, cancellation);

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation) => stream.WriteAsync(bytes, cancellation);

    public ValueTask CloseWriteAsync(CancellationToken cancellation)
    {
        stream.CloseWrite();
        return ValueTask.CompletedTask;
    }

    public void Reset() => stream.Reset("the stream was reset here");

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
