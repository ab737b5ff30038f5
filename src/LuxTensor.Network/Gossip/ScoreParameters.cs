namespace LuxTensor.Network;

/// <summary>
/// How peers are scored (gossipsub 1.1, P1 to P7) and what follows from a score. Nodes need not agree on any of it. By default nothing
/// counts against a peer that says nothing: the deficit of deliveries (P3, P3b) has weight 0.
/// </summary>
public sealed record ScoreParameters
{
    /// <summary>Scoring of a topic that has none of its own in <see cref="Topics"/>.</summary>
    public TopicScoreParameters Topic { get; init; } = new();

    /// <summary>Scoring of single topics, by name.</summary>
    public IReadOnlyDictionary<string, TopicScoreParameters> Topics { get; init; } = new Dictionary<string, TopicScoreParameters>();

    /// <summary>The most that all topics together can add to a score; 0 for no cap.</summary>
    public double TopicScoreCap { get; init; } = 40;

    /// <summary>Weight of the application's own score of a peer (P5); above 0.</summary>
    public double ApplicationWeight { get; init; } = 1;

    /// <summary>Weight of the square of peers at one IP address beyond <see cref="ColocationThreshold"/> (P6); 0 is off.</summary>
    public double ColocationWeight { get; init; }

    /// <summary>Peers at one IP address that are normal.</summary>
    public int ColocationThreshold { get; init; } = 8;

    /// <summary>Weight of the square of the misbehaviour beyond <see cref="BehaviourThreshold"/> (P7).</summary>
    public double BehaviourWeight { get; init; } = -10;

    /// <summary>Misbehaviour that happens to honest peers: grafts and prunes that cross, a promise broken under load.</summary>
    public double BehaviourThreshold { get; init; } = 6;

    /// <summary>What is left of the misbehaviour after a <see cref="DecayInterval"/>.</summary>
    public double BehaviourDecay { get; init; } = 0.9;

    /// <summary>Between two decays of the counters.</summary>
    public TimeSpan DecayInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A counter below this is 0.</summary>
    public double DecayToZero { get; init; } = 0.01;

    /// <summary>How long a bad score outlives the connection.</summary>
    public TimeSpan Retain { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Bad scores kept of peers that are gone; the oldest leaves first.</summary>
    public int MaxRetained { get; init; } = 4096;

    /// <summary>Below this, no gossip is sent to the peer and none of it is listened to.</summary>
    public double GossipThreshold { get; init; } = -30;

    /// <summary>Below this, own messages are not sent to the peer.</summary>
    public double PublishThreshold { get; init; } = -60;

    /// <summary>Below this, nothing of the peer is listened to.</summary>
    public double GraylistThreshold { get; init; } = -120;

    /// <summary>Below this, the peer is disconnected.</summary>
    public double DisconnectThreshold { get; init; } = -1000;

    /// <summary>Frames of a peer below <see cref="GraylistThreshold"/> that are put up with; then it is disconnected.</summary>
    public int MaxGraylistedFrames { get; init; } = 1000;

    /// <summary>Below this median of a mesh, better peers from outside it are grafted.</summary>
    public double OpportunisticGraftThreshold { get; init; } = 2;

    /// <summary>The scoring of a topic.</summary>
    public TopicScoreParameters Of(string topic) => Topics.TryGetValue(topic, out var own) ? own : Topic;

    /// <summary>These parameters.</summary>
    /// <exception cref="ArgumentException">A number is out of its range, or the thresholds are out of order; it says which.</exception>
    public ScoreParameters Validated()
    {
        Require(GossipThreshold <= 0 && PublishThreshold <= GossipThreshold && GraylistThreshold <= PublishThreshold && DisconnectThreshold <= GraylistThreshold,
            "DisconnectThreshold <= GraylistThreshold <= PublishThreshold <= GossipThreshold <= 0");
        Require(OpportunisticGraftThreshold >= 0, "OpportunisticGraftThreshold >= 0");
        Require(ApplicationWeight > 0, "ApplicationWeight > 0");
        Require(ColocationWeight <= 0 && ColocationThreshold >= 1, "ColocationWeight <= 0 and ColocationThreshold >= 1");
        Require(BehaviourWeight <= 0 && BehaviourThreshold >= 0 && IsDecay(BehaviourDecay), "BehaviourWeight <= 0, BehaviourThreshold >= 0, 0 < BehaviourDecay < 1");
        Require(DecayInterval > TimeSpan.Zero && DecayToZero is > 0 and < 1 && TopicScoreCap >= 0 && MaxRetained >= 0,
            "DecayInterval > 0, 0 < DecayToZero < 1, TopicScoreCap >= 0, MaxRetained >= 0");
        foreach (var topic in Topics.Values.Append(Topic))
        {
            Require(topic.Weight >= 0 && topic.TimeInMeshWeight >= 0 && topic.TimeInMeshCap >= 0 && topic.TimeInMeshQuantum > TimeSpan.Zero, "a topic's weight and time in mesh are not negative");
            Require(topic.FirstDeliveriesWeight >= 0 && topic.FirstDeliveriesCap >= 0 && IsDecay(topic.FirstDeliveriesDecay), "a topic's first deliveries are not negative");
            Require(topic.MeshDeliveriesWeight <= 0 && topic.MeshFailureWeight <= 0 && topic.InvalidWeight <= 0, "a topic's penalties are not positive");
            Require(topic.MeshDeliveriesCap >= topic.MeshDeliveriesThreshold && topic.MeshDeliveriesThreshold >= 0, "0 <= MeshDeliveriesThreshold <= MeshDeliveriesCap");
            Require(IsDecay(topic.MeshDeliveriesDecay) && IsDecay(topic.MeshFailureDecay) && IsDecay(topic.InvalidDecay), "a decay is between 0 and 1");
        }

        return this;
    }

    private static bool IsDecay(double factor) => factor is > 0 and < 1;

    private static void Require(bool holds, string rule)
    {
        if (!holds)
        {
            throw new ArgumentException($"The score parameters must keep to: {rule}.");
        }
    }
}

/// <summary>How what a peer does in one topic counts.</summary>
public sealed record TopicScoreParameters
{
    /// <summary>Weight of the topic in the score.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Weight of the time in the mesh (P1). What time alone can earn stays below <see cref="ScoreParameters.OpportunisticGraftThreshold"/>.</summary>
    public double TimeInMeshWeight { get; init; } = 0.01;

    /// <summary>The time that counts 1.</summary>
    public TimeSpan TimeInMeshQuantum { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The most that it counts.</summary>
    public double TimeInMeshCap { get; init; } = 30;

    /// <summary>Weight of valid messages that the peer was the first to send (P2).</summary>
    public double FirstDeliveriesWeight { get; init; } = 1;

    /// <summary>The most of them that count.</summary>
    public double FirstDeliveriesCap { get; init; } = 20;

    /// <summary>What is left of them after a decay.</summary>
    public double FirstDeliveriesDecay { get; init; } = 0.98;

    /// <summary>Weight of the square of the deliveries missing in the mesh (P3); 0 is off, so that the quiet are not punished.</summary>
    public double MeshDeliveriesWeight { get; init; }

    /// <summary>The deliveries expected.</summary>
    public double MeshDeliveriesThreshold { get; init; }

    /// <summary>The most deliveries that count.</summary>
    public double MeshDeliveriesCap { get; init; } = 100;

    /// <summary>What is left of them after a decay.</summary>
    public double MeshDeliveriesDecay { get; init; } = 0.97;

    /// <summary>How long a peer is in the mesh before its deliveries are expected.</summary>
    public TimeSpan MeshDeliveriesActivation { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long after the first copy was accepted another still counts as delivered.</summary>
    public TimeSpan MeshDeliveriesWindow { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Weight of the deficit that a peer had when it was pruned (P3b); 0 is off.</summary>
    public double MeshFailureWeight { get; init; }

    /// <summary>What is left of it after a decay.</summary>
    public double MeshFailureDecay { get; init; } = 0.97;

    /// <summary>Weight of the square of invalid messages (P4).</summary>
    public double InvalidWeight { get; init; } = -20;

    /// <summary>What is left of them after a decay.</summary>
    public double InvalidDecay { get; init; } = 0.99;
}
