using System.Text;

namespace LuxTensor.Network;

/// <summary>What a side says of itself inside the Noise handshake (libp2p specs, noise).</summary>
/// <param name="Key">Its encoded identity key.</param>
/// <param name="Signature">Of the identity key over "noise-libp2p-static-key:" and the static key of the handshake.</param>
/// <param name="Muxers">The muxers that it speaks, its favourite first; null where it does not say.</param>
internal sealed record NoisePayload(byte[] Key, byte[] Signature, IReadOnlyList<string>? Muxers)
{
    private const int MaxMuxers = 16;
    private const int MaxSignature = 1024 + 64; // RSA of 8192 bits

    internal byte[] Encode()
    {
        var extensions = new MessageBuilder();
        foreach (var muxer in Muxers ?? [])
        {
            extensions.Text(2, muxer);
        }

        var message = new MessageBuilder().Bytes(1, Key).Bytes(2, Signature);
        return (Muxers is null ? message : message.Bytes(4, extensions.Written)).ToArray();
    }

    /// <exception cref="WireException">Malformed, or without a key or signature.</exception>
    internal static NoisePayload Decode(ReadOnlySpan<byte> bytes)
    {
        byte[]? key = null, signature = null;
        List<string>? muxers = null;
        var reader = new ProtoReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when reader.IsBytes(1) && reader.Bytes.Length <= IdentityKey.MaxSize:
                    key = reader.Bytes.ToArray();
                    break;
                case 2 when reader.IsBytes(2) && reader.Bytes.Length <= MaxSignature:
                    signature = reader.Bytes.ToArray();
                    break;
                case 4 when reader.IsBytes(4):
                    muxers = ReadMuxers(reader.Bytes, muxers);
                    break;
                default:
                    break; // fields of later versions
            }
        }

        return key is not null && signature is not null && !reader.IsBroken
            ? new(key, signature, muxers)
            : throw new WireException("noise: a handshake payload that is malformed, or without identity key and signature");
    }

    private static List<string>? ReadMuxers(ReadOnlySpan<byte> bytes, List<string>? muxers)
    {
        var reader = new ProtoReader(bytes);
        while (reader.Next())
        {
            if (reader.IsBytes(2))
            {
                muxers ??= [];
                if (muxers.Count == MaxMuxers || reader.Bytes.Length > Multistream.MaxMessage)
                {
                    throw new WireException("noise: a handshake payload with too many muxers");
                }

                muxers.Add(Encoding.UTF8.GetString(reader.Bytes));
            }
        }

        return muxers;
    }
}
