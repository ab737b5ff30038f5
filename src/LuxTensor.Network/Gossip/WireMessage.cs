using System.Text;

namespace LuxTensor.Network;

/// <summary>A message in the one form in which it goes to every peer: encoded once, frame length included, and shared.</summary>
internal sealed class WireMessage
{
    private WireMessage(string topic, MessageId id, ReadOnlyMemory<byte> frame, ReadOnlyMemory<byte> data) =>
        (Topic, Id, Frame, Data) = (topic, id, frame, data);

    public string Topic { get; }

    public MessageId Id { get; }

    /// <summary>The whole frame: its length, and an RPC that publishes this message.</summary>
    public ReadOnlyMemory<byte> Frame { get; }

    /// <summary>The payload, a part of <see cref="Frame"/>.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    public static WireMessage Of(string topic, ReadOnlySpan<byte> data) => Of(topic, MessageId.Of(topic, data), data);

    /// <summary>Copies the data, so that what they were a part of can be reused or collected.</summary>
    public static WireMessage Of(string topic, MessageId id, ReadOnlySpan<byte> data)
    {
        var name = Encoding.UTF8.GetByteCount(topic);
        var message = Proto.SizeOfBytes(data.Length) + Proto.SizeOfBytes(name);
        var rpc = Proto.SizeOfBytes(message);
        var frame = new byte[Varint.SizeOf((ulong)rpc) + rpc];
        var writer = new ProtoWriter(frame);
        writer.Varint((ulong)rpc);
        writer.Head(RpcFields.Publish, message);
        writer.Head(RpcFields.MessageData, data.Length);
        var start = writer.Length;
        writer.Raw(data);
        writer.Text(RpcFields.MessageTopic, topic, name);
        return new WireMessage(topic, id, frame, frame.AsMemory(start, data.Length));
    }
}
