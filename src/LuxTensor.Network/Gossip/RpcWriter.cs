using System.Collections.Immutable;
using System.Text;

namespace LuxTensor.Network;

/// <summary>The field numbers of gossipsub's messages (libp2p/specs, pubsub/gossipsub 1.0 to 1.2).</summary>
internal static class RpcFields
{
    public const int Subscriptions = 1;
    public const int Publish = 2;
    public const int Control = 3;

    public const int SubscriptionBegins = 1;
    public const int SubscriptionTopic = 2;

    public const int MessageFrom = 1;
    public const int MessageData = 2;
    public const int MessageSeqno = 3;
    public const int MessageTopic = 4;
    public const int MessageSignature = 5;
    public const int MessageKey = 6;

    public const int Have = 1;
    public const int Want = 2;
    public const int Graft = 3;
    public const int Prune = 4;
    public const int DontWant = 5;

    // In each of the five: the topic, or for the kinds that have none, the ids.
    public const int First = 1;
    public const int HaveIds = 2;
    public const int PruneBackoff = 3;
}

/// <summary>Encodes frames of subscriptions and control; messages come encoded (<see cref="WireMessage"/>).</summary>
internal static class RpcWriter
{
    /// <summary>The frame, its length included, in one allocation of its exact size.</summary>
    public static byte[] Frame(Rpc rpc)
    {
        var control = ControlSize(rpc);
        var body = control == 0 ? 0 : Proto.SizeOfBytes(control);
        foreach (var subscription in rpc.Subscriptions)
        {
            body += Proto.SizeOfBytes(2 + SizeOf(subscription.Topic));
        }

        var frame = new byte[Varint.SizeOf((ulong)body) + body];
        var writer = new ProtoWriter(frame);
        writer.Varint((ulong)body);
        foreach (var subscription in rpc.Subscriptions)
        {
            writer.Head(RpcFields.Subscriptions, 2 + SizeOf(subscription.Topic));
            writer.Number(RpcFields.SubscriptionBegins, subscription.Begins ? 1UL : 0);
            Text(ref writer, RpcFields.SubscriptionTopic, subscription.Topic);
        }

        if (control > 0)
        {
            writer.Head(RpcFields.Control, control);
            Control(ref writer, rpc);
        }

        return frame;
    }

    private static void Control(ref ProtoWriter writer, Rpc rpc)
    {
        foreach (var have in rpc.Haves)
        {
            writer.Head(RpcFields.Have, SizeOf(have.Topic) + SizeOf(have.Ids));
            Text(ref writer, RpcFields.First, have.Topic);
            Ids(ref writer, RpcFields.HaveIds, have.Ids);
        }

        if (!rpc.Wants.IsEmpty)
        {
            writer.Head(RpcFields.Want, SizeOf(rpc.Wants));
            Ids(ref writer, RpcFields.First, rpc.Wants);
        }

        foreach (var topic in rpc.Grafts)
        {
            writer.Head(RpcFields.Graft, SizeOf(topic));
            Text(ref writer, RpcFields.First, topic);
        }

        foreach (var prune in rpc.Prunes)
        {
            writer.Head(RpcFields.Prune, SizeOf(prune));
            Text(ref writer, RpcFields.First, prune.Topic);
            writer.Number(RpcFields.PruneBackoff, prune.BackoffSeconds);
        }

        if (!rpc.DontWants.IsEmpty)
        {
            writer.Head(RpcFields.DontWant, SizeOf(rpc.DontWants));
            Ids(ref writer, RpcFields.First, rpc.DontWants);
        }
    }

    private static int ControlSize(Rpc rpc)
    {
        var size = 0;
        foreach (var have in rpc.Haves)
        {
            size += Proto.SizeOfBytes(SizeOf(have.Topic) + SizeOf(have.Ids));
        }

        foreach (var topic in rpc.Grafts)
        {
            size += Proto.SizeOfBytes(SizeOf(topic));
        }

        foreach (var prune in rpc.Prunes)
        {
            size += Proto.SizeOfBytes(SizeOf(prune));
        }

        size += rpc.Wants.IsEmpty ? 0 : Proto.SizeOfBytes(SizeOf(rpc.Wants));
        return size + (rpc.DontWants.IsEmpty ? 0 : Proto.SizeOfBytes(SizeOf(rpc.DontWants)));
    }

    private static int SizeOf(string text) => Proto.SizeOfBytes(Encoding.UTF8.GetByteCount(text));

    private static int SizeOf(ImmutableArray<MessageId> ids) => ids.Length * Proto.SizeOfBytes(MessageId.Size);

    private static int SizeOf(Prune prune) => SizeOf(prune.Topic) + 1 + Varint.SizeOf(prune.BackoffSeconds);

    private static void Text(ref ProtoWriter writer, int field, string text) => writer.Text(field, text, Encoding.UTF8.GetByteCount(text));

    private static void Ids(ref ProtoWriter writer, int field, ImmutableArray<MessageId> ids)
    {
        foreach (var id in ids)
        {
            writer.Id(field, id);
        }
    }
}
