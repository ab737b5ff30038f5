using System.Buffers.Binary;

namespace LuxTensor.Network;

/// <summary>The wire of yamux (hashicorp/yamux spec): a header of 12 bytes, all numbers big-endian.</summary>
internal static class Yamux
{
    internal const string Protocol = "/yamux/1.0.0";
    internal const int HeaderSize = 12;

    /// <summary>What either side may send on a new stream before it is given more, in bytes.</summary>
    internal const int InitialWindow = 256 * 1024;

    internal const ushort Syn = 1;
    internal const ushort Ack = 2;
    internal const ushort Fin = 4;
    internal const ushort Rst = 8;

    internal enum Kind : byte
    {
        Data = 0,
        WindowUpdate = 1,
        Ping = 2,
        GoAway = 3,
    }

    /// <param name="Kind">What the frame is.</param>
    /// <param name="Flags">Syn, Ack, Fin, Rst.</param>
    /// <param name="Stream">0 for the connection itself.</param>
    /// <param name="Length">Bytes that follow; or the window's growth, the ping's value, the reason for going away.</param>
    internal readonly record struct Header(Kind Kind, ushort Flags, uint Stream, uint Length)
    {
        internal void Write(Span<byte> destination)
        {
            destination[0] = 0;
            destination[1] = (byte)Kind;
            BinaryPrimitives.WriteUInt16BigEndian(destination[2..], Flags);
            BinaryPrimitives.WriteUInt32BigEndian(destination[4..], Stream);
            BinaryPrimitives.WriteUInt32BigEndian(destination[8..], Length);
        }

        /// <exception cref="WireException">Another version, an unknown type or flag, or a stream where none may be named.</exception>
        internal static Header Read(ReadOnlySpan<byte> source)
        {
            var header = new Header(
                (Kind)source[1],
                BinaryPrimitives.ReadUInt16BigEndian(source[2..]),
                BinaryPrimitives.ReadUInt32BigEndian(source[4..]),
                BinaryPrimitives.ReadUInt32BigEndian(source[8..]));
            return source[0] != 0 ? throw new WireException($"yamux: version {source[0]}")
                : header.Kind > Kind.GoAway ? throw new WireException($"yamux: a frame of the unknown type {source[1]}")
                : (header.Flags & ~(Syn | Ack | Fin | Rst)) != 0 ? throw new WireException($"yamux: unknown flags {header.Flags:x4}")
                : header.Kind >= Kind.Ping && header.Stream != 0 ? throw new WireException($"yamux: a {header.Kind} frame on stream {header.Stream}")
                : header.Kind < Kind.Ping && header.Stream == 0 ? throw new WireException($"yamux: a {header.Kind} frame on no stream")
                : header;
        }
    }
}
