using System.Buffers;
using System.Text;

namespace LuxTensor.Network;

/// <summary>Builds a small protocol-buffers message.</summary>
internal sealed class MessageBuilder
{
    private readonly ArrayBufferWriter<byte> output = new(256);

    internal ReadOnlySpan<byte> Written => output.WrittenSpan;

    internal byte[] ToArray() => output.WrittenSpan.ToArray();

    internal MessageBuilder Number(int field, ulong value)
    {
        Varint((ulong)field << 3);
        Varint(value);
        return this;
    }

    internal MessageBuilder Bytes(int field, ReadOnlySpan<byte> value)
    {
        Varint(((ulong)field << 3) | 2);
        Varint((ulong)value.Length);
        output.Write(value);
        return this;
    }

    internal MessageBuilder Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    private void Varint(ulong value)
    {
        var span = output.GetSpan(10);
        output.Advance(Network.Varint.Write(span, value));
    }
}
