namespace LuxTensor.Network;

/// <summary>
/// The numbers of gossipsub and the bounds of everything that a peer can make grow. The defaults of the mesh are those of the
/// gossipsub 1.1 specification; nodes need not agree on any of them but the size of a frame.
/// </summary>
public sealed record GossipParameters
{
    /// <summary>The longest frame, in bytes, in and out. go refuses frames over 1 MiB by default.</summary>
    public const int DefaultFrameBytes = 1 << 20;

    // A topic, and the tags and lengths around topic and data.
    private const int Envelope = MaxTopicBytes + 64;

    /// <summary>The longest name of a topic, in bytes of UTF-8.</summary>
    public const int MaxTopicBytes = 256;

    /// <summary>Peers to have in the mesh of a topic (D).</summary>
    public int Degree { get; init; } = 6;

    /// <summary>Below this many, the mesh is filled up to <see cref="Degree"/> (D_lo).</summary>
    public int DegreeLow { get; init; } = 5;

    /// <summary>Above this many, the mesh is cut down to <see cref="Degree"/> (D_hi).</summary>
    public int DegreeHigh { get; init; } = 12;

    /// <summary>How many of the best by score stay when the mesh is cut down (D_score).</summary>
    public int DegreeScore { get; init; } = 4;

    /// <summary>How many of the mesh should be peers that this node dialled (D_out).</summary>
    public int DegreeOutbound { get; init; } = 2;

    /// <summary>The fewest peers outside the mesh that hear of new messages at a heartbeat (D_lazy).</summary>
    public int DegreeLazy { get; init; } = 6;

    /// <summary>The share of the peers outside the mesh that hear of new messages, where it is more than <see cref="DegreeLazy"/>.</summary>
    public double GossipFactor { get; init; } = 0.25;

    /// <summary>Between two heartbeats.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Heartbeats that a message stays in the cache, for those who ask for it.</summary>
    public int History { get; init; } = 5;

    /// <summary>Heartbeats that a message is told of.</summary>
    public int HistoryGossip { get; init; } = 3;

    /// <summary>Messages in the cache; the oldest leaves first.</summary>
    public int MaxCachedMessages { get; init; } = 65_536;

    /// <summary>Bytes of messages in the cache; the oldest leaves first.</summary>
    public long MaxCachedBytes { get; init; } = 64L << 20;

    /// <summary>How long the peers for a topic that this node only publishes to are kept after the last message.</summary>
    public TimeSpan FanoutTtl { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Whether own messages go to every subscribed peer and not only to the mesh.</summary>
    public bool FloodPublish { get; init; } = true;

    /// <summary>How long two peers stay out of each other's mesh after one pruned the other.</summary>
    public TimeSpan PruneBackoff { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The same after this node left the topic.</summary>
    public TimeSpan UnsubscribeBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest backoff that a peer may ask for; longer ones count as this.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Added to a backoff before this node grafts again, for the other's heartbeat to have passed.</summary>
    public TimeSpan BackoffSlack { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A graft this soon after a prune is penalised twice.</summary>
    public TimeSpan GraftFlood { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Backoffs kept for a topic; the oldest leaves first.</summary>
    public int MaxBackoffsPerTopic { get; init; } = 1024;

    /// <summary>Heartbeats between two looks at whether the mesh is worse than peers outside it.</summary>
    public int OpportunisticGraftTicks { get; init; } = 60;

    /// <summary>Peers taken into the mesh by such a look.</summary>
    public int OpportunisticGraftPeers { get; init; } = 2;

    /// <summary>How long a message id is remembered, so that the message is taken once.</summary>
    public TimeSpan SeenTtl { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Message ids remembered; the oldest leaves first.</summary>
    public int MaxSeen { get; init; } = 262_144;

    /// <summary>How long the application has for its verdict on a message; then the message is forgotten and not forwarded.</summary>
    public TimeSpan ValidationTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Messages that wait for a verdict; further ones are not taken, and may come again.</summary>
    public int MaxPendingMessages { get; init; } = 16_384;

    /// <summary>Bytes of messages that wait for a verdict.</summary>
    public long MaxPendingBytes { get; init; } = 64L << 20;

    /// <summary>The share of both that the messages of one peer may take, so that one cannot shut out the others.</summary>
    public double PendingShareOfPeer { get; init; } = 0.25;

    /// <summary>IHAVE messages of a peer that are read between two heartbeats.</summary>
    public int MaxHaveMessages { get; init; } = 10;

    /// <summary>Message ids of a peer that are asked for between two heartbeats, and the most that one IHAVE of this node tells.</summary>
    public int MaxHaveIds { get; init; } = 5000;

    /// <summary>Message ids that a peer may ask for between two heartbeats.</summary>
    public int MaxWantIds { get; init; } = 5000;

    /// <summary>Bytes of messages that a peer gets for asking between two heartbeats.</summary>
    public long MaxWantBytes { get; init; } = 8L << 20;

    /// <summary>How often one peer gets one message for asking.</summary>
    public int MaxRetransmissions { get; init; } = 3;

    /// <summary>How long a peer has to send what it told of and was asked for.</summary>
    public TimeSpan WantFollowUp { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Message ids that a peer may ask to be spared between two heartbeats.</summary>
    public int MaxDontWantIds { get; init; } = 1024;

    /// <summary>Messages of at least this many bytes are announced as not wanted to the rest of the mesh when they arrive.</summary>
    public int DontWantBytes { get; init; } = 1024;

    /// <summary>Messages of a peer that are copies of what it said itself, between two heartbeats; each time so many of them is an offence.</summary>
    public int MaxRepeats { get; init; } = 1024;

    /// <summary>Control entries and ids of a peer that are looked at between two heartbeats; more of them is an offence.</summary>
    public int MaxControlIds { get; init; } = 20_000;

    /// <summary>Topics that a peer may be subscribed to; further ones are not noted.</summary>
    public int MaxSubscriptionsPerPeer { get; init; } = 64;

    /// <summary>Topics that this node may subscribe or publish to.</summary>
    public int MaxTopics { get; init; } = 64;

    /// <summary>Subscriptions, and control entries of each kind, in a frame. What is beyond is not read, and an offence.</summary>
    public int MaxEntriesPerFrame { get; init; } = 256;

    /// <summary>Messages in a frame. What is beyond is not read, and an offence.</summary>
    public int MaxMessagesPerFrame { get; init; } = 5000;

    /// <summary>Message ids of each kind in a frame. What is beyond is not read, and an offence.</summary>
    public int MaxIdsPerFrame { get; init; } = 20_000;

    /// <summary>The longest frame, in bytes, in and out.</summary>
    public int MaxFrameBytes { get; init; } = DefaultFrameBytes;

    /// <summary>The longest payload that fits a frame, in bytes.</summary>
    public int MaxDataBytes => MaxFrameBytes - Envelope;

    /// <summary>These parameters.</summary>
    /// <exception cref="ArgumentException">Two of the numbers contradict each other, or one is out of its range; it says which.</exception>
    public GossipParameters Validated()
    {
        Require(DegreeLow is >= 0 && DegreeLow <= Degree && Degree <= DegreeHigh, "DegreeLow <= Degree <= DegreeHigh");
        Require(DegreeScore >= 0 && DegreeScore <= Degree, "0 <= DegreeScore <= Degree");
        Require(DegreeOutbound >= 0 && (Degree == 0 || (DegreeOutbound < DegreeLow && DegreeOutbound <= Degree / 2)), "DegreeOutbound < DegreeLow and <= Degree / 2");
        Require(DegreeLazy >= 0, "DegreeLazy >= 0");
        Require(GossipFactor is >= 0 and <= 1, "0 <= GossipFactor <= 1");
        Require(History >= 1 && HistoryGossip >= 1 && HistoryGossip <= History, "1 <= HistoryGossip <= History");
        Require(PendingShareOfPeer is > 0 and <= 1, "0 < PendingShareOfPeer <= 1");
        Require(MaxFrameBytes is >= 64 << 10 and <= 64 << 20, "64 KiB <= MaxFrameBytes <= 64 MiB");
        Require(MaxCachedBytes >= MaxFrameBytes && MaxPendingBytes * PendingShareOfPeer >= MaxFrameBytes, "MaxCachedBytes and a peer's share of MaxPendingBytes hold a frame");
        foreach (var (time, name) in new[]
        {
            (Heartbeat, nameof(Heartbeat)), (FanoutTtl, nameof(FanoutTtl)), (PruneBackoff, nameof(PruneBackoff)),
            (UnsubscribeBackoff, nameof(UnsubscribeBackoff)), (SeenTtl, nameof(SeenTtl)), (ValidationTimeout, nameof(ValidationTimeout)),
            (WantFollowUp, nameof(WantFollowUp)),
        })
        {
            Require(time > TimeSpan.Zero, $"{name} > 0");
        }

        foreach (var (bound, name) in new[]
        {
            (MaxCachedMessages, nameof(MaxCachedMessages)), (MaxBackoffsPerTopic, nameof(MaxBackoffsPerTopic)), (MaxSeen, nameof(MaxSeen)),
            (MaxPendingMessages, nameof(MaxPendingMessages)), (MaxSubscriptionsPerPeer, nameof(MaxSubscriptionsPerPeer)), (MaxTopics, nameof(MaxTopics)),
            (MaxRepeats, nameof(MaxRepeats)), (MaxEntriesPerFrame, nameof(MaxEntriesPerFrame)), (MaxMessagesPerFrame, nameof(MaxMessagesPerFrame)), (MaxIdsPerFrame, nameof(MaxIdsPerFrame)),
            (OpportunisticGraftTicks, nameof(OpportunisticGraftTicks)),
        })
        {
            Require(bound > 0, $"{name} > 0");
        }

        Require(BackoffSlack >= TimeSpan.Zero && GraftFlood >= TimeSpan.Zero && PruneBackoff <= MaxBackoff, "PruneBackoff <= MaxBackoff");
        Require(SeenTtl > ValidationTimeout, "SeenTtl > ValidationTimeout");
        return this;
    }

    private static void Require(bool holds, string rule)
    {
        if (!holds)
        {
            throw new ArgumentException($"The gossip parameters must keep to: {rule}.");
        }
    }
}
