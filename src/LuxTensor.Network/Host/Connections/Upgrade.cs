using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>Makes an open socket a connection to a known peer: a security protocol is agreed on and shaken hands in, then a muxer.</summary>
internal sealed class Upgrade(PeerIdentity identity, SwarmOptions options) : IDisposable
{
    private readonly NoiseSecurity noise = new(identity);
    private readonly TlsSecurity tls = new(identity, options.Time);

    /// <exception cref="WireException">The peer broke a rule.</exception>
    /// <exception cref="RefusedException">The peer is another one than expected, or this node.</exception>
    internal async ValueTask<Secured> RunAsync(Stream stream, bool isDialer, PeerId? expected, CancellationToken cancellation)
    {
        var protocol = isDialer
            ? await Multistream.DialAsync(stream, options.Security, cancellation)
                ?? throw new WireException($"the peer speaks none of {string.Join(", ", options.Security)}")
            : await Multistream.ListenAsync(stream, options.Security.Contains, cancellation);
        var secured = protocol == NoiseSecurity.Protocol
            ? await noise.SecureAsync(stream, isDialer, cancellation)
            : await tls.SecureAsync(stream, isDialer, cancellation);
        if (expected is { } wanted && secured.Key.Id != wanted)
        {
            throw new RefusedException(RefusalCause.WrongPeer, $"{secured.Key.Id} answered where {wanted} was dialled");
        }

        if (secured.Key.Id == identity.Id)
        {
            throw new RefusedException(RefusalCause.Self, "the other end is this node");
        }

        if (!secured.MuxerAgreed)
        {
            _ = isDialer
                ? await Multistream.DialAsync(secured.Channel, [Yamux.Protocol], cancellation) ?? throw new WireException("the peer does not speak yamux")
                : await Multistream.ListenAsync(secured.Channel, static name => name == Yamux.Protocol, cancellation);
        }

        return secured;
    }

    public void Dispose() => tls.Dispose();
}
