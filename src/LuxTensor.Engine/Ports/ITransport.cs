using LuxTensor.Core.Consensus;
using LuxTensor.Core.Sync;
using LuxTensor.Crypto;

namespace LuxTensor.Engine;

/// <summary>What a frame carries, for the network to keep apart (one gossip topic each).</summary>
public enum Topic : byte
{
    /// <summary>Proposals.</summary>
    Blocks,

    /// <summary>Prepares and precommits.</summary>
    Votes,

    /// <summary>Certificates.</summary>
    Certificates,

    /// <summary>Transactions.</summary>
    Transactions,

    /// <summary>Double votes.</summary>
    Evidence,

    /// <summary>Status messages.</summary>
    Status,

    /// <summary>Requests and answers between two nodes.</summary>
    Direct,
}

/// <summary>Which message goes where.</summary>
public static class Topics
{
    /// <summary>The topic on which a message goes to all; <see cref="Topic.Direct"/> for what is said to one peer.</summary>
    public static Topic Of(Message message) => message switch
    {
        Message.Propose => Topic.Blocks,
        Message.CastVote => Topic.Votes,
        Message.Certify => Topic.Certificates,
        Message.Submit => Topic.Transactions,
        Message.Accuse => Topic.Evidence,
        Message.Status => Topic.Status,
        _ => Topic.Direct,
    };

    /// <summary>
    /// Whether a message may come on a topic: on those of gossip only their own. A request that everybody passes on would be
    /// carried out by every node, beside the limits of requests.
    /// </summary>
    public static bool Carries(this Topic topic, Message message) => topic == Topic.Direct || topic == Of(message);
}

/// <summary>What the node made of a frame, so that the network forwards only what is worth it and scores its sender.</summary>
public enum FrameVerdict : byte
{
    /// <summary>Valid: forward it.</summary>
    Accept,

    /// <summary>Of no use any more or seen before: do not forward, do not punish.</summary>
    Ignore,

    /// <summary>Invalid: its sender is at fault.</summary>
    Reject,
}

/// <summary>A frame from a peer. The node calls <see cref="Judge"/> once, and before that <see cref="Answer"/> at most once where there is one.</summary>
public sealed record IncomingFrame(PeerId From, Topic Topic, ReadOnlyMemory<byte> Bytes, Action<FrameVerdict> Judge)
{
    /// <summary>Answers a request on the way that it came; null where an answer is a frame like any other.</summary>
    public Action<ReadOnlyMemory<byte>>? Answer { get; init; }

    /// <summary>Whether its sender is still listened to: what waits of a peer that was banned meanwhile is not worth a look. Null where it always is.</summary>
    public Func<bool>? IsHeard { get; init; }
}

/// <summary>
/// The network as the node sees it. Sending never blocks and never fails: a frame that cannot be sent is lost, as on any
/// network. Frames are whole messages of at most <see cref="Core.Wire.WireLimits.MaxMessageBytes"/>.
/// </summary>
public interface ITransport : IAsyncDisposable
{
    private static readonly Task Unending = new TaskCompletionSource().Task;

    /// <summary>The peers connected now.</summary>
    IReadOnlyCollection<PeerId> Peers { get; }

    /// <summary>The own id, the addresses and the peers with all that is known of them; made anew each time.</summary>
    NetworkView Network => NetworkView.Of(Peers);

    /// <summary>Fails where nothing can be heard or said any more: a node that went on would be deaf. Looked at once started.</summary>
    Task Completion => Unending;

    /// <summary>Starts delivery. The handler must not block; it returns false where the node is too busy to take the frame.</summary>
    void Start(Func<IncomingFrame, bool> handler);

    /// <summary>Sends to all peers.</summary>
    void Broadcast(Topic topic, ReadOnlyMemory<byte> frame);

    /// <summary>Sends to one peer.</summary>
    void Send(PeerId peer, ReadOnlyMemory<byte> frame);

    /// <summary>A peer failed this node while it caught up. A network that keeps no account of its peers need not care.</summary>
    void Blame(PeerId peer, SyncFault fault)
    {
    }

    /// <summary>A peer's last final block was proven to be at least this one.</summary>
    void Prove(PeerId peer, ulong height, Hash256 hash)
    {
    }
}
