using System.Collections.Immutable;
using System.Text;

namespace LuxTensor.Network;

/// <summary>
/// Decodes frames. One for each stream, used by one task: it remembers the names of the last topics so that a message does not cost a
/// string. What is beyond the limits of <see cref="GossipParameters"/> is skipped and marked; what is not protobuf is refused whole.
/// </summary>
internal sealed class RpcReader(GossipParameters rules)
{
    private const int MaxNames = 16;

    private readonly List<(byte[] Bytes, string Name)> names = [];
    private ImmutableArray<Subscription>.Builder? subscriptions;
    private ImmutableArray<ReceivedMessage>.Builder? messages;
    private ImmutableArray<Have>.Builder? haves;
    private ImmutableArray<MessageId>.Builder? wants;
    private ImmutableArray<string>.Builder? grafts;
    private ImmutableArray<Prune>.Builder? prunes;
    private ImmutableArray<MessageId>.Builder? dontWants;
    private int haveIds;
    private int wantIds;
    private int dontWantIds;
    private bool isCut;

    /// <summary>Reads a frame, its length already taken off; null where it is not gossipsub. The messages' data stay parts of the frame.</summary>
    public Rpc? Read(ReadOnlyMemory<byte> frame)
    {
        Clear();
        var reader = new ProtoReader(frame.Span);
        while (reader.Next())
        {
            var read = reader switch
            {
                _ when reader.IsBytes(RpcFields.Publish) => Message(frame.Slice(reader.Start, reader.Length)),
                _ when reader.IsBytes(RpcFields.Subscriptions) => Subscribed(reader.Bytes),
                _ when reader.IsBytes(RpcFields.Control) => Control(reader.Bytes),
                _ => true,
            };
            if (!read)
            {
                return null;
            }
        }

        return reader.IsBroken ? null : new Rpc
        {
            Subscriptions = Taken(subscriptions),
            Messages = Taken(messages),
            Haves = Taken(haves),
            Wants = Taken(wants),
            Grafts = Taken(grafts),
            Prunes = Taken(prunes),
            DontWants = Taken(dontWants),
            IsCut = isCut,
        };
    }

    private bool Subscribed(ReadOnlySpan<byte> bytes)
    {
        if (!HasRoom(subscriptions?.Count ?? 0, rules.MaxEntriesPerFrame))
        {
            return true;
        }

        var (begins, topic) = (false, (string?)null);
        var reader = new ProtoReader(bytes);
        while (reader.Next())
        {
            if (reader is { Field: RpcFields.SubscriptionBegins, Wire: Proto.WireVarint })
            {
                begins = reader.Number != 0;
            }
            else if (reader.IsBytes(RpcFields.SubscriptionTopic) && !Topic(reader.Bytes, out topic))
            {
                return true;
            }
        }

        if (reader.IsBroken || topic is null)
        {
            return false;
        }

        (subscriptions ??= ImmutableArray.CreateBuilder<Subscription>()).Add(new Subscription(begins, topic));
        return true;
    }

    private bool Message(ReadOnlyMemory<byte> bytes)
    {
        if (!HasRoom(messages?.Count ?? 0, rules.MaxMessagesPerFrame))
        {
            return true;
        }

        var (data, topic, isSigned) = (ReadOnlyMemory<byte>.Empty, (string?)null, false);
        var name = ReadOnlySpan<byte>.Empty;
        var reader = new ProtoReader(bytes.Span);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case RpcFields.MessageData when reader.Wire == Proto.WireBytes:
                    data = bytes.Slice(reader.Start, reader.Length);
                    break;
                case RpcFields.MessageTopic when reader.Wire == Proto.WireBytes:
                    name = reader.Bytes;
                    if (!Topic(name, out topic))
                    {
                        return true;
                    }

                    break;
                case RpcFields.MessageFrom or RpcFields.MessageSeqno or RpcFields.MessageSignature or RpcFields.MessageKey:
                    isSigned = true;
                    break;
                default:
                    break;
            }
        }

        if (reader.IsBroken || topic is null)
        {
            return false;
        }

        (messages ??= ImmutableArray.CreateBuilder<ReceivedMessage>(1)).Add(new ReceivedMessage(topic, MessageId.Of(name, data.Span), data, isSigned));
        return true;
    }

    private bool Control(ReadOnlySpan<byte> bytes)
    {
        var reader = new ProtoReader(bytes);
        while (reader.Next())
        {
            var read = reader switch
            {
                _ when reader.Wire != Proto.WireBytes => true,
                { Field: RpcFields.Have } => HaveEntry(reader.Bytes),
                { Field: RpcFields.Want } => Ids(reader.Bytes, RpcFields.First, ref wantIds, ref wants),
                { Field: RpcFields.Graft } => Entry(reader.Bytes, isPrune: false),
                { Field: RpcFields.Prune } => Entry(reader.Bytes, isPrune: true),
                { Field: RpcFields.DontWant } => Ids(reader.Bytes, RpcFields.First, ref dontWantIds, ref dontWants),
                _ => true,
            };
            if (!read)
            {
                return false;
            }
        }

        return !reader.IsBroken;
    }

    private bool HaveEntry(ReadOnlySpan<byte> bytes)
    {
        if (!HasRoom(haves?.Count ?? 0, rules.MaxEntriesPerFrame))
        {
            return true;
        }

        ImmutableArray<MessageId>.Builder? ids = null;
        if (!Ids(bytes, RpcFields.HaveIds, ref haveIds, ref ids) || !TopicOf(bytes, out var topic, out _))
        {
            return false;
        }

        if (topic is not null && ids is not null)
        {
            (haves ??= ImmutableArray.CreateBuilder<Have>()).Add(new Have(topic, ids.DrainToImmutable()));
        }

        return true;
    }

    private bool Entry(ReadOnlySpan<byte> bytes, bool isPrune)
    {
        if (!HasRoom((isPrune ? prunes?.Count : grafts?.Count) ?? 0, rules.MaxEntriesPerFrame))
        {
            return true;
        }

        if (!TopicOf(bytes, out var topic, out var backoff))
        {
            return false;
        }

        if (topic is not null && isPrune)
        {
            (prunes ??= ImmutableArray.CreateBuilder<Prune>()).Add(new Prune(topic, backoff));
        }
        else if (topic is not null)
        {
            (grafts ??= ImmutableArray.CreateBuilder<string>()).Add(topic);
        }

        return true;
    }

    // An entry's topic, null where it has none or a longer one than any of ours; what peers a prune names is not read.
    private bool TopicOf(ReadOnlySpan<byte> bytes, out string? topic, out ulong backoff)
    {
        (topic, backoff) = (null, 0);
        var reader = new ProtoReader(bytes);
        while (reader.Next())
        {
            if (reader.IsBytes(RpcFields.First))
            {
                _ = Topic(reader.Bytes, out topic);
            }
            else if (reader is { Field: RpcFields.PruneBackoff, Wire: Proto.WireVarint })
            {
                backoff = reader.Number;
            }
        }

        return !reader.IsBroken;
    }

    private bool Ids(ReadOnlySpan<byte> bytes, int field, ref int read, ref ImmutableArray<MessageId>.Builder? ids)
    {
        var reader = new ProtoReader(bytes);
        while (reader.Next())
        {
            if (reader.IsBytes(field) && HasRoom(read++, rules.MaxIdsPerFrame) && reader.Length == MessageId.Size)
            {
                (ids ??= ImmutableArray.CreateBuilder<MessageId>()).Add(new MessageId(reader.Bytes));
            }
        }

        return !reader.IsBroken;
    }

    private bool HasRoom(int count, int limit)
    {
        isCut |= count >= limit;
        return count < limit;
    }

    private bool Topic(ReadOnlySpan<byte> bytes, out string? topic)
    {
        topic = null;
        if (bytes.Length > GossipParameters.MaxTopicBytes)
        {
            isCut = true;
            return false;
        }

        foreach (var (known, name) in names)
        {
            if (bytes.SequenceEqual(known))
            {
                topic = name;
                return true;
            }
        }

        topic = Encoding.UTF8.GetString(bytes);
        if (names.Count == MaxNames)
        {
            names.RemoveAt(0);
        }

        names.Add((bytes.ToArray(), topic));
        return true;
    }

    private void Clear()
    {
        (subscriptions, messages, haves, wants, grafts, prunes, dontWants) = (null, null, null, null, null, null, null);
        (haveIds, wantIds, dontWantIds, isCut) = (0, 0, 0, false);
    }

    private static ImmutableArray<T> Taken<T>(ImmutableArray<T>.Builder? builder) => builder is null ? [] : builder.DrainToImmutable();
}
