using System.Text;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;

namespace LuxTensor.Engine.Cluster;

/// <summary>Bytes of a ballot to sign and of the guard's answer, between the processes of one node.</summary>
public static class GuardCodec
{
    private enum Kind : byte
    {
        Released = 1,
        DoubleSign = 2,
        BelowWatermark = 3,
        Blocked = 4,
    }

    /// <summary>Encodes an answer.</summary>
    public static byte[] Encode(GuardDecision decision)
    {
        var writer = new WireWriter();
        switch (decision)
        {
            case GuardDecision.Released { Signature: var signature }:
                writer.UInt8((byte)Kind.Released).Signature(signature);
                break;
            case GuardDecision.DoubleSign { Signed: var signed, Asked: var asked }:
                writer.UInt8((byte)Kind.DoubleSign).Hash(signed).Hash(asked);
                break;
            case GuardDecision.BelowWatermark { Watermark: var (height, round, phase) }:
                writer.UInt8((byte)Kind.BelowWatermark).UInt64(height).UInt32(round).UInt8((byte)phase);
                break;
            case GuardDecision.Blocked { Reason: var reason }:
                writer.UInt8((byte)Kind.Blocked).Bytes(Encoding.UTF8.GetBytes(reason));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(decision));
        }

        return writer.ToArray();
    }

    /// <summary>Reads an answer.</summary>
    /// <exception cref="FormatException">The bytes are none: the processes run different versions.</exception>
    public static GuardDecision Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes);
        GuardDecision? decision = (Kind)reader.UInt8() switch
        {
            Kind.Released => new GuardDecision.Released(reader.Signature()),
            Kind.DoubleSign => new GuardDecision.DoubleSign(reader.Hash(), reader.Hash()),
            Kind.BelowWatermark => new GuardDecision.BelowWatermark(new SigningPosition(reader.UInt64(), reader.UInt32(), (Phase)reader.UInt8())),
            Kind.Blocked => new GuardDecision.Blocked(Encoding.UTF8.GetString(reader.Bytes(reader.Remaining))),
            _ => null,
        };
        return reader.End() && decision is not null ? decision : throw new FormatException("these bytes are no answer of a signing guard: do all silos run the same version?");
    }
}
