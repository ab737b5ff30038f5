using System.Text;
using LuxTensor.Core.Consensus;
using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>
/// Many routers under one seed, in one thread: frames go through the codec and take a random time, links lose some frames, nodes come and
/// go, and some nodes are not honest. Honest applications accept what begins with '.', and reject the rest.
/// </summary>
internal sealed class GossipSimulation
{
    public const string Topic = "votes";

    private readonly Random random;
    private readonly PriorityQueue<(Action Do, long Order), (TimeSpan At, long Order)> events = new();
    private readonly Dictionary<PeerId, Node> nodes = [];
    private readonly HashSet<(PeerId, PeerId)> links = [];
    private long order;

    public GossipSimulation(int seed) => random = new Random(seed);

    /// <summary>The share of frames with messages that are lost on the way, as where a send queue is full.</summary>
    public double Loss { get; set; }

    public TimeSpan Now { get; private set; } = TimeSpan.FromMinutes(1);

    public IReadOnlyDictionary<PeerId, Node> Nodes => nodes;

    public Node Add(string name, Conduct conduct = Conduct.Honest)
    {
        var node = new Node(new PeerId(name), conduct, new GossipRouter(new GossipParameters(), new ScoreParameters(), random.Next()));
        nodes.Add(node.Id, node);
        Step(node, new GossipInput.Subscribe(Topic));
        Beat(node);
        return node;
    }

    public void Connect(Node from, Node to)
    {
        if (from != to && links.Add((from.Id, to.Id)) && links.Add((to.Id, from.Id)))
        {
            Step(from, new GossipInput.PeerJoined(to.Id, GossipVersion.V12, true, ""));
            Step(to, new GossipInput.PeerJoined(from.Id, GossipVersion.V12, false, ""));
        }
    }

    public void Disconnect(Node a, Node b)
    {
        if (links.Remove((a.Id, b.Id)) && links.Remove((b.Id, a.Id)))
        {
            Step(a, new GossipInput.PeerLeft(b.Id));
            Step(b, new GossipInput.PeerLeft(a.Id));
        }
    }

    public IEnumerable<Node> PeersOf(Node node) => links.Where(link => link.Item1 == node.Id).Select(link => nodes[link.Item2]);

    public string Publish(Node node, string text)
    {
        node.Heard.Add(text);
        Step(node, new GossipInput.Publish(WireMessage.Of(Topic, Encoding.UTF8.GetBytes(text)), false));
        return text;
    }

    public void Send(Node from, PeerId to, ReadOnlyMemory<byte> frame, bool mayBeLost = false)
    {
        if (!links.Contains((from.Id, to)) || (mayBeLost && random.NextDouble() < Loss))
        {
            return;
        }

        // A stream keeps its order: a frame never overtakes the one before.
        var at = Max(Now + TimeSpan.FromMilliseconds(random.Next(5, 80)), from.Last.GetValueOrDefault(to));
        from.Last[to] = at;
        At(at, () =>
        {
            if (links.Contains((from.Id, to)))
            {
                var rpc = nodes[to].Reader.Read(frame[Proto.ReadVarint(frame.Span, out _)..]);
                Step(nodes[to], rpc is null ? new GossipInput.Broken(from.Id) : new GossipInput.Received(from.Id, rpc));
            }
        });
    }

    public void At(TimeSpan at, Action what) => events.Enqueue((what, order), (at, order++));

    public void Run(TimeSpan time)
    {
        var until = Now + time;
        while (events.TryPeek(out _, out var next) && next.At <= until)
        {
            var (what, _) = events.Dequeue();
            Now = next.At;
            what();
        }

        Now = until;
    }

    public bool Chance(double share) => random.NextDouble() < share;

    public T One<T>(IReadOnlyList<T> of) => of[random.Next(of.Count)];

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private void Beat(Node node) => At(Now + TimeSpan.FromMilliseconds(random.Next(950, 1050)), () =>
    {
        Step(node, new GossipInput.Heartbeat());
        Attack(node);
        Beat(node);
    });

    private void Step(Node node, GossipInput input)
    {
        List<GossipEffect> effects = [];
        node.Router.Step(input, Now, effects);
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case GossipEffect.Send send:
                    // A sybil answers grafts by silence and never prunes: it wants to stay.
                    Send(node, send.To, RpcWriter.Frame(node.Conduct == Conduct.Honest ? send.Rpc : send.Rpc with { Prunes = [], Wants = [], Haves = [] }));
                    break;
                case GossipEffect.SendMessage sent when node.Conduct == Conduct.Honest:
                    foreach (var to in sent.To)
                    {
                        Send(node, to, sent.Message.Frame, mayBeLost: true);
                    }

                    break;
                case GossipEffect.Deliver delivered:
                    Judge(node, delivered);
                    Step(node, new GossipInput.Taken(delivered.Message.Id));
                    break;
                case GossipEffect.Disconnect disconnect:
                    Disconnect(node, nodes[disconnect.Peer]);
                    break;
                default:
                    break;
            }
        }
    }

    private void Judge(Node node, GossipEffect.Deliver delivered)
    {
        var text = Encoding.UTF8.GetString(delivered.Message.Data.Span);
        var isValid = text.StartsWith('.');
        if (isValid && !node.Heard.Add(text))
        {
            node.HeardTwice++;
        }

        At(Now + TimeSpan.FromMilliseconds(random.Next(0, 50)), () =>
            Step(node, new GossipInput.Judged(delivered.Message.Id, isValid ? GossipVerdict.Accept : GossipVerdict.Reject)));
    }

    private void Attack(Node node)
    {
        var victims = links.Where(link => link.Item1 == node.Id).Select(link => link.Item2).ToList();
        foreach (var victim in victims)
        {
            switch (node.Conduct)
            {
                case Conduct.Spammer:
                    for (var i = 0; i < 3; i++)
                    {
                        Send(node, victim, WireMessage.Of(Topic, Encoding.UTF8.GetBytes($"spam {random.NextInt64()}")).Frame);
                    }

                    break;
                case Conduct.Sybil:
                    Send(node, victim, RpcWriter.Frame(new Rpc { Grafts = [Topic] }));
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>How a node behaves.</summary>
    internal enum Conduct
    {
        Honest,

        /// <summary>Sends invalid messages and grafts everybody.</summary>
        Spammer,

        /// <summary>Grafts everybody at each heartbeat and forwards nothing.</summary>
        Sybil,
    }

    internal sealed class Node(PeerId id, Conduct conduct, GossipRouter router)
    {
        public PeerId Id { get; } = id;

        public Conduct Conduct { get; } = conduct;

        public GossipRouter Router { get; } = router;

        public RpcReader Reader { get; } = new(new GossipParameters());

        public HashSet<string> Heard { get; } = [];

        public int HeardTwice { get; set; }

        public Dictionary<PeerId, TimeSpan> Last { get; } = [];

        public double ScoreOf(Node peer) => Router.Peers.TryGetValue(peer.Id, out var known) ? known.Score.Value : 0;
    }
}
