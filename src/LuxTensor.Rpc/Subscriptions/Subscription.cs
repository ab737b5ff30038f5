using System.Security.Cryptography;
using System.Text;

namespace LuxTensor.Rpc;

/// <summary>What a subscription is about.</summary>
internal enum NoteStream
{
    /// <summary>Blocks that joined the chosen branch.</summary>
    Heads,

    /// <summary>Ids of transactions that entered the pool.</summary>
    Pending,

    /// <summary>The transactions themselves.</summary>
    PendingFull,

    /// <summary>Logs: there are none without contracts.</summary>
    Logs,

    /// <summary>Catching up, begun or ended.</summary>
    Syncing,

    /// <summary>The finality feed.</summary>
    Finality,

    /// <summary>Progress of the height being decided.</summary>
    Progress,

    /// <summary>Blocks that left the chosen branch.</summary>
    Reorganisations,

    /// <summary>Double votes.</summary>
    Evidence,

    /// <summary>Server-sent events: the head.</summary>
    HeadEvents,

    /// <summary>Server-sent events: blocks.</summary>
    BlockEvents,

    /// <summary>Server-sent events: final blocks.</summary>
    FinalEvents,

    /// <summary>Server-sent events: reorganisations.</summary>
    ReorganisationEvents,
}

/// <summary>A value sent to every subscriber of a stream, serialised once.</summary>
internal sealed record Note(ReadOnlyMemory<byte> Json);

/// <summary>One subscription of one connection. Its id is random, so that nobody can guess another's.</summary>
internal sealed class Subscription(NoteStream stream, Outbox outbox)
{
    public NoteStream Stream => stream;

    public Outbox Outbox => outbox;

    /// <summary>The id in a note's bytes.</summary>
    public byte[] IdBytes { get; } = Encoding.ASCII.GetBytes("0x" + RandomNumberGenerator.GetHexString(32, lowercase: true));

    /// <summary>The id as text.</summary>
    public string Id => Encoding.ASCII.GetString(IdBytes);

    /// <summary>For the finality feed: what reads it.</summary>
    public FinalityFeed? Feed { get; init; }
}

/// <summary>The subscriptions of one stream. Adding is O(1); the array that notes are sent through is made anew after a change.</summary>
internal sealed class SubscriberSet
{
    private readonly HashSet<Subscription> members = [];
    private Subscription[]? snapshot = [];

    public int Count
    {
        get
        {
            lock (members)
            {
                return members.Count;
            }
        }
    }

    public void Add(Subscription subscription)
    {
        lock (members)
        {
            if (members.Add(subscription))
            {
                snapshot = null;
            }
        }
    }

    public void Remove(Subscription subscription)
    {
        lock (members)
        {
            if (members.Remove(subscription))
            {
                snapshot = null;
            }
        }
    }

    public Subscription[] All()
    {
        lock (members)
        {
            return snapshot ??= [.. members];
        }
    }
}
