using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Wire;

namespace LuxTensor.Network;

/// <summary>
/// What two nodes tell each other before anything else, and again when their last final block is another: a version, the ways to
/// compress that are understood, and the status message, which carries chain id and genesis.
/// </summary>
/// <param name="Compressions">One bit each, see <see cref="FrameCompression"/>.</param>
/// <param name="Frame">The status message as it travels.</param>
/// <param name="Status">The same, decoded.</param>
internal sealed record Hello(byte Compressions, ReadOnlyMemory<byte> Frame, Message.Status Status)
{
    public const string Protocol = "/luxtensor/hello/1";

    public const int MaxBytes = 256;

    private const byte Version = 1;

    public static byte[] Encode(ReadOnlyMemory<byte> status) =>
        new WireWriter().UInt8(Version).UInt8(FrameCompression.Understood).Bytes(status.Span).ToArray();

    /// <summary>Reads one; says what is wrong with it otherwise. Another chain's is none of this chain's.</summary>
    public static (Hello? Read, HelloFault Fault) Decode(ReadOnlyMemory<byte> bytes, Genesis genesis)
    {
        if (bytes.Length < 2 || bytes.Span[0] != Version)
        {
            return (null, HelloFault.Malformed);
        }

        var frame = bytes[2..];
        if (!MessageCodec.TryDecode(frame.Span, genesis.Rules, out var message, out var fault))
        {
            return (null, fault == WireFault.UnknownTag ? HelloFault.OtherChain : HelloFault.Malformed);
        }

        return message is not Message.Status status ? (null, HelloFault.Malformed)
            : status.Genesis != genesis.Block.Hash ? (null, HelloFault.OtherChain)
            : (new Hello(bytes.Span[1], frame, status), HelloFault.None);
    }
}

/// <summary>What is wrong with a hello.</summary>
internal enum HelloFault
{
    None,
    Malformed,
    OtherChain,
}
