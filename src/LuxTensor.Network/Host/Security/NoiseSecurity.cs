using System.Buffers.Binary;
using LuxTensor.Crypto;

namespace LuxTensor.Network;

/// <summary>The secure channel <c>/noise</c>: the static key is drawn, and signed with the identity, once a start.</summary>
internal sealed class NoiseSecurity
{
    internal const string Protocol = "/noise";

    private const int MaxHandshakeMessage = 8192; // the frame could say 65,535; keys and signatures take a few hundred

    private readonly byte[] secret = new byte[X25519.Size];
    private readonly byte[] publicKey = new byte[X25519.Size];
    private readonly byte[] payload;

    internal NoiseSecurity(PeerIdentity identity)
    {
        X25519.Generate(secret, publicKey);
        payload = new NoisePayload(identity.EncodedKey, identity.Sign(Signed(publicKey)), [Yamux.Protocol]).Encode();
    }

    /// <summary>Shakes hands as the dialer or the listener.</summary>
    /// <exception cref="WireException">The peer broke a rule of the handshake; the message names it.</exception>
    internal async ValueTask<Secured> SecureAsync(Stream stream, bool isDialer, CancellationToken cancellation)
    {
        using var handshake = new NoiseHandshake(isDialer, secret, publicKey);
        NoisePayload theirs;
        if (isDialer)
        {
            await SendAsync(stream, handshake.Write([]), cancellation);
            theirs = NoisePayload.Decode(handshake.Read(await ReceiveAsync(stream, cancellation)));
            await SendAsync(stream, handshake.Write(payload), cancellation);
        }
        else
        {
            handshake.Read(await ReceiveAsync(stream, cancellation));
            await SendAsync(stream, handshake.Write(payload), cancellation);
            theirs = NoisePayload.Decode(handshake.Read(await ReceiveAsync(stream, cancellation)));
        }

        var key = IdentityKey.Decode(theirs.Key);
        if (!key.Verify(Signed(handshake.TheirStatic), theirs.Signature))
        {
            throw new WireException("noise: the static key is not signed by the identity key");
        }

        if (theirs.Muxers is { } muxers && !muxers.Contains(Yamux.Protocol))
        {
            throw new WireException($"noise: no muxer in common; the peer speaks {string.Join(", ", muxers)}");
        }

        var (send, receive) = handshake.Split();
        return new(new NoiseChannel(stream, send, receive), key, theirs.Muxers is not null, Protocol);
    }

    private static byte[] Signed(ReadOnlySpan<byte> staticKey) => [.. "noise-libp2p-static-key:"u8, .. staticKey];

    private static ValueTask SendAsync(Stream stream, byte[] message, CancellationToken cancellation)
    {
        var frame = new byte[message.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)message.Length);
        message.CopyTo(frame, 2);
        return stream.WriteAsync(frame, cancellation);
    }

    private static async ValueTask<byte[]> ReceiveAsync(Stream stream, CancellationToken cancellation)
    {
        var head = new byte[2];
        await StreamReading.ReadExactlyAsync(stream, head, "a noise handshake message", cancellation);
        var length = BinaryPrimitives.ReadUInt16BigEndian(head);
        if (length > MaxHandshakeMessage)
        {
            throw new WireException($"noise: a handshake message of {length} bytes; at most {MaxHandshakeMessage} are read");
        }

        var message = new byte[length];
        await StreamReading.ReadExactlyAsync(stream, message, "a noise handshake message", cancellation);
        return message;
    }
}
