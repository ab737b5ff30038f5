using System.Text;
using LuxTensor.Core.Consensus;
using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>One router, driven by hand.</summary>
internal sealed class GossipBench
{
    public const string Topic = "blocks";

    public GossipBench(GossipParameters? rules = null, ScoreParameters? scores = null, int seed = 1, bool subscribe = true)
    {
        Router = new GossipRouter(rules ?? new GossipParameters(), scores ?? new ScoreParameters(), seed);
        if (subscribe)
        {
            Step(new GossipInput.Subscribe(Topic));
        }
    }

    public GossipRouter Router { get; }

    public TimeSpan Now { get; private set; } = TimeSpan.FromHours(1);

    public GossipTopic Blocks => Router.Topics[Topic];

    public static PeerId Id(string name) => new(name);

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static WireMessage Wire(string text, string topic = Topic) => WireMessage.Of(topic, Bytes(text));

    public static MessageId MessageIdOf(string text) => MessageId.Of(Topic, Bytes(text));

    public static Rpc Message(string text, string topic = Topic, bool isSigned = false) =>
        new() { Messages = [new ReceivedMessage(topic, MessageId.Of(topic, Bytes(text)), Bytes(text), isSigned)] };

    public List<GossipEffect> Step(GossipInput input)
    {
        List<GossipEffect> effects = [];
        Router.Step(input, Now, effects);
        return effects;
    }

    public List<GossipEffect> Receive(string from, Rpc rpc) => Step(new GossipInput.Received(Id(from), rpc));

    public List<GossipEffect> Heartbeat(int times = 1)
    {
        List<GossipEffect> effects = [];
        for (var i = 0; i < times; i++)
        {
            Pass(TimeSpan.FromSeconds(1));
            effects.AddRange(Step(new GossipInput.Heartbeat()));
        }

        return effects;
    }

    public void Pass(TimeSpan time) => Now += time;

    public void Join(string name, bool isOutbound = false, GossipVersion version = GossipVersion.V12, bool subscribed = true, string address = "")
    {
        Step(new GossipInput.PeerJoined(Id(name), version, isOutbound, address));
        if (subscribed)
        {
            Receive(name, new Rpc { Subscriptions = [new Subscription(true, Topic)] });
        }
    }

    public List<GossipEffect> Graft(string name) => Receive(name, new Rpc { Grafts = [Topic] });

    public List<GossipEffect> Taken(string text) => Step(new GossipInput.Taken(MessageIdOf(text)));

    public List<GossipEffect> Judge(string text, GossipVerdict verdict) => Step(new GossipInput.Judged(MessageIdOf(text), verdict));

    public List<GossipEffect> Publish(string text, bool again = false) => Step(new GossipInput.Publish(Wire(text), again));

    public double Score(string name) => Router.Peers[Id(name)].Score.Value;

    public bool InMesh(string name) => Blocks.Mesh.Exists(peer => peer.Id == Id(name));

    public static List<string> SentTo(IEnumerable<GossipEffect> effects, SendClass kind) =>
        [.. effects.OfType<GossipEffect.SendMessage>().Where(sent => sent.Class == kind).SelectMany(sent => sent.To).Select(id => id.Name).Order(StringComparer.Ordinal)];

    public static List<Rpc> Rpcs(IEnumerable<GossipEffect> effects, string to) =>
        [.. effects.OfType<GossipEffect.Send>().Where(send => send.To == Id(to)).Select(send => send.Rpc)];

    public static List<Prune> Prunes(IEnumerable<GossipEffect> effects, string to) => [.. Rpcs(effects, to).SelectMany(rpc => rpc.Prunes)];

    public static bool Delivers(IEnumerable<GossipEffect> effects) => effects.OfType<GossipEffect.Deliver>().Any();
}
