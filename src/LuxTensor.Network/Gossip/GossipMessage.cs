using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>A message from a peer, seen for the first time. It is forwarded when it is judged, and not before.</summary>
public sealed class GossipMessage
{
    private readonly Action<MessageId, GossipVerdict> judge;
    private readonly MessageId id;
    private int judged;

    internal GossipMessage(PeerId from, WireMessage message, Action<MessageId, GossipVerdict> judge) =>
        (From, Topic, Data, id, this.judge) = (from, message.Topic, message.Data, message.Id, judge);

    /// <summary>The peer that sent it, which need not be its author.</summary>
    public PeerId From { get; }

    /// <summary>The topic it was published in.</summary>
    public string Topic { get; }

    internal MessageId Id => id;

    /// <summary>What it says. It does not change, and may be kept.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>Says what to do with it, from any thread, without waiting. Only the first call counts, and only within the validation timeout.</summary>
    public void Judge(GossipVerdict verdict)
    {
        if (Interlocked.Exchange(ref judged, 1) == 0)
        {
            judge(id, verdict);
        }
    }
}
