using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Network;

/// <summary>
/// What a gossip message holds: a frame, or the hash and length of one that is larger than other implementations forward, to be
/// fetched from whoever announces it.
/// </summary>
internal readonly record struct Announcement(Hash256 Hash, uint Length)
{
    public const string Protocol = "/luxtensor/frame/1";

    private const byte Whole = 0;
    private const byte Announced = 1;

    public static byte[] Carry(ReadOnlySpan<byte> frame) => [Whole, .. frame];

    public byte[] Encode() => new WireWriter().UInt8(Announced).Hash(Hash).UInt32(Length).ToArray();

    /// <summary>Reads either; neither where it is malformed or longer than a message can be.</summary>
    public static (ReadOnlyMemory<byte>? Frame, Announcement? Announced) Read(ReadOnlyMemory<byte> data)
    {
        if (data.IsEmpty)
        {
            return default;
        }

        if (data.Span[0] == Whole)
        {
            return (data[1..], null);
        }

        var reader = new WireReader(data.Span);
        var isOne = reader.UInt8() == Announced;
        var announced = new Announcement(reader.Hash(), reader.UInt32());
        return isOne && reader.End() && announced.Length <= WireLimits.MaxMessageBytes ? (null, announced) : default;
    }
}
