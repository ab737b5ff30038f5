namespace LuxTensor.Network;

/// <summary>What one peer did, as counters that decay, and the score of it (gossipsub 1.1). It outlives the connection where it is bad.</summary>
internal sealed class PeerScore(ScoreParameters rules)
{
    private readonly Dictionary<string, Counters> topics = [];
    private double? current;

    /// <summary>The score, as of the last heartbeat and everything counted since.</summary>
    public double Value => current ??= Compute();

    /// <summary>The application's own score (P5).</summary>
    public double Application { get; private set; }

    /// <summary>Misbehaviour (P7), before its threshold.</summary>
    public double Misbehaviour { get; private set; }

    /// <summary>Peers at the same address beyond what is normal (P6).</summary>
    public int Surplus { get; private set; }

    /// <summary>Invalid messages of all topics (P4), decayed.</summary>
    public double Invalid => topics.Values.Sum(counters => counters.Invalid);

    /// <summary>Whether nothing is left that speaks against the peer.</summary>
    public bool IsClean => Misbehaviour == 0 && topics.Values.All(counters => counters.Invalid == 0 && counters.Failure == 0);

    public void Apply(double application) => (Application, current) = (double.IsFinite(application) ? application : 0, null);

    public void Penalise(double count) => (Misbehaviour, current) = (Misbehaviour + count, null);

    public void Colocated(int surplus) => (Surplus, current) = (surplus, null);

    public void Grafted(string topic, TimeSpan now)
    {
        var counters = Of(topic);
        (counters.MeshSince, counters.MeshTime, counters.IsExpected) = (now, TimeSpan.Zero, false);
        current = null;
    }

    public void Pruned(string topic)
    {
        if (!topics.TryGetValue(topic, out var counters) || counters.MeshSince is null)
        {
            return;
        }

        var deficit = Deficit(rules.Of(topic), counters);
        counters.Failure += deficit * deficit;
        (counters.MeshSince, counters.MeshTime, counters.IsExpected) = (null, TimeSpan.Zero, false);
        current = null;
    }

    /// <summary>The peer was the first to send a valid message.</summary>
    public void DeliveredFirst(string topic)
    {
        var (counters, own) = (Of(topic), rules.Of(topic));
        counters.First = Math.Min(counters.First + 1, own.FirstDeliveriesCap);
        current = null;
        DeliveredInMesh(counters, own);
    }

    /// <summary>The peer sent a valid message shortly after another did.</summary>
    public void DeliveredToo(string topic) => DeliveredInMesh(Of(topic), rules.Of(topic));

    public void DeliveredInvalid(string topic)
    {
        Of(topic).Invalid++;
        current = null;
    }

    /// <summary>A heartbeat: time in the mesh goes on.</summary>
    public void Tick(TimeSpan now)
    {
        foreach (var (topic, counters) in topics)
        {
            if (counters.MeshSince is { } since)
            {
                counters.MeshTime = now - since;
                counters.IsExpected = counters.MeshTime > rules.Of(topic).MeshDeliveriesActivation;
            }
        }

        current = null;
    }

    public void Decay()
    {
        foreach (var (topic, counters) in topics)
        {
            var own = rules.Of(topic);
            counters.First = Decayed(counters.First, own.FirstDeliveriesDecay);
            counters.Mesh = Decayed(counters.Mesh, own.MeshDeliveriesDecay);
            counters.Failure = Decayed(counters.Failure, own.MeshFailureDecay);
            counters.Invalid = Decayed(counters.Invalid, own.InvalidDecay);
        }

        Misbehaviour = Decayed(Misbehaviour, rules.BehaviourDecay);
        current = null;
    }

    /// <summary>The connection ended: what speaks for the peer ends with it.</summary>
    public void Leave()
    {
        foreach (var topic in topics.Keys.ToArray())
        {
            Pruned(topic);
            (topics[topic].First, topics[topic].Mesh) = (0, 0);
        }

        (Application, Surplus, current) = (0, 0, null);
    }

    private void DeliveredInMesh(Counters counters, TopicScoreParameters own)
    {
        if (counters.MeshSince is not null)
        {
            counters.Mesh = Math.Min(counters.Mesh + 1, own.MeshDeliveriesCap);
            current = null;
        }
    }

    private double Compute()
    {
        var sum = 0.0;
        foreach (var (topic, counters) in topics)
        {
            var own = rules.Of(topic);
            var deficit = Deficit(own, counters);
            var score = (own.TimeInMeshWeight * Math.Min(counters.MeshTime / own.TimeInMeshQuantum, own.TimeInMeshCap))
                + (own.FirstDeliveriesWeight * counters.First)
                + (own.MeshDeliveriesWeight * deficit * deficit)
                + (own.MeshFailureWeight * counters.Failure)
                + (own.InvalidWeight * counters.Invalid * counters.Invalid);
            sum += own.Weight * score;
        }

        if (rules.TopicScoreCap > 0)
        {
            sum = Math.Min(sum, rules.TopicScoreCap);
        }

        var excess = Math.Max(0, Misbehaviour - rules.BehaviourThreshold);
        return sum + (rules.ApplicationWeight * Application) + (rules.ColocationWeight * Surplus * Surplus) + (rules.BehaviourWeight * excess * excess);
    }

    private static double Deficit(TopicScoreParameters own, Counters counters) =>
        counters.IsExpected ? Math.Max(0, own.MeshDeliveriesThreshold - counters.Mesh) : 0;

    private double Decayed(double counter, double factor) => counter * factor < rules.DecayToZero ? 0 : counter * factor;

    // Only topics of this node are counted, so there are few.
    private Counters Of(string topic)
    {
        if (!topics.TryGetValue(topic, out var counters))
        {
            topics.Add(topic, counters = new Counters());
        }

        return counters;
    }

    private sealed class Counters
    {
        public TimeSpan? MeshSince;
        public TimeSpan MeshTime;
        public bool IsExpected;
        public double First;
        public double Mesh;
        public double Failure;
        public double Invalid;
    }
}
