using System.Collections.Immutable;

namespace LuxTensor.Network;

/// <summary>The version of gossipsub that a peer speaks.</summary>
internal enum GossipVersion : byte
{
    /// <summary>/meshsub/1.0.0.</summary>
    V10,

    /// <summary>/meshsub/1.1.0: scores, backoff in prunes.</summary>
    V11,

    /// <summary>/meshsub/1.2.0: messages that are not wanted.</summary>
    V12,
}

/// <summary>A peer begins or ends to listen to a topic.</summary>
internal readonly record struct Subscription(bool Begins, string Topic);

/// <summary>A message as it stood in a frame; its data are part of the frame and read only while the frame is handled.</summary>
/// <param name="Topic">Its one topic.</param>
/// <param name="Id">Computed from topic and data.</param>
/// <param name="Data">What it says.</param>
/// <param name="IsSigned">Whether it carries any of from, seqno, signature or key, which StrictNoSign forbids.</param>
internal readonly record struct ReceivedMessage(string Topic, MessageId Id, ReadOnlyMemory<byte> Data, bool IsSigned);

/// <summary>Ids of messages that the sender has.</summary>
internal readonly record struct Have(string Topic, ImmutableArray<MessageId> Ids);

/// <summary>The sender took the receiver out of its mesh, and asks for a pause before it grafts again.</summary>
internal readonly record struct Prune(string Topic, ulong BackoffSeconds);

/// <summary>One frame of gossipsub. Ids that are not of this network's length are left out when it is read.</summary>
internal sealed record Rpc
{
    public ImmutableArray<Subscription> Subscriptions { get; init; } = [];

    public ImmutableArray<ReceivedMessage> Messages { get; init; } = [];

    public ImmutableArray<Have> Haves { get; init; } = [];

    public ImmutableArray<MessageId> Wants { get; init; } = [];

    public ImmutableArray<string> Grafts { get; init; } = [];

    public ImmutableArray<Prune> Prunes { get; init; } = [];

    public ImmutableArray<MessageId> DontWants { get; init; } = [];

    /// <summary>Whether the frame held more than the limits and was read up to them.</summary>
    public bool IsCut { get; init; }

    public bool HasControl => !Haves.IsEmpty || !Wants.IsEmpty || !Grafts.IsEmpty || !Prunes.IsEmpty || !DontWants.IsEmpty;
}
