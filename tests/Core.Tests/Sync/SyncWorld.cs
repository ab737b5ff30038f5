using LuxTensor.Core.Consensus;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Transactions;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Core.Sync;

/// <summary>One node that catches up by the real machines, and peers that answer as each test has them; time is pushed by what happens next.</summary>
internal sealed class SyncWorld
{
    /// <summary>What a peer answers to a request, and after how many milliseconds; no answer at all where there is none.</summary>
    internal delegate (Message? Answer, ulong After) Behaviour(Message request);

    private readonly PriorityQueue<Action, (ulong At, int Number)> events = new();
    private readonly Dictionary<PeerId, Behaviour> peers = [];
    private readonly SignatureChecks checks;
    private int number;

    public SyncWorld(CertifiedChain chain, SyncRules? rules = null)
    {
        Chain = chain;
        checks = SignatureChecks.Of(chain.Rules, static _ => false);
        Node = Routing.Begin(chain.Genesis, chain.Root, null, [], new MempoolLimits());
        Node = rules is null ? Node : Node with { Sync = new SyncState { Rules = rules } };
    }

    public CertifiedChain Chain { get; }

    public NodeState Node { get; private set; }

    public ulong Now { get; set; } = 1_800_000_000_000;

    /// <summary>What was asked of whom, in order.</summary>
    public List<(ulong At, PeerId Peer, Message Request)> Asked { get; } = [];

    public List<(PeerId Peer, SyncFault Fault)> Blamed { get; } = [];

    /// <summary>Peers that left; the machine hears of it when it wakes.</summary>
    public HashSet<PeerId> Gone { get; } = [];

    /// <summary>The most peers that were asked for blocks at a time, and the most of everything else that is bounded.</summary>
    public (int Peers, int Headers, long Bytes) Most { get; private set; }

    public Behaviour Honest(ulong latency = 50) => request => (request switch
    {
        Message.GetBlockHeaders headers => Serving.Headers(Chain, Chain.Rules, headers),
        Message.GetBlocks blocks => Serving.Blocks(Chain, blocks),
        _ => null,
    }, latency);

    public PeerId Join(string name, Behaviour behaviour, ulong? claims = null)
    {
        var peer = new PeerId(name);
        peers.Add(peer, behaviour);
        Claim(peer, claims ?? Chain.FinalHeight);
        return peer;
    }

    public void Claim(PeerId peer, ulong height) => Step(new NodeInput.Sync(new SyncInput.Heard(peer, height)));

    public void Deliver(PeerId from, Message answer) => Step(new NodeInput.Sync(answer switch
    {
        Message.BlockHeaders headers => SyncVerifier.Check(headers, from, Node.Sync, Node.Chain, checks),
        Message.Blocks blocks => SyncVerifier.Check(blocks, from, Node.Sync, Node.Chain, checks),
        _ => throw new ArgumentOutOfRangeException(nameof(answer)),
    }));

    /// <summary>Lets happen what happens next, until there is nothing more or so much time has passed. True where the node is at the head.</summary>
    public bool Run(ulong milliseconds)
    {
        var end = Now + milliseconds;
        while (Node.Final.Height < Chain.FinalHeight && events.TryPeek(out _, out var at) && at.At <= end)
        {
            Now = ulong.Max(Now, at.At);
            events.Dequeue()();
        }

        return Node.Final.Height == Chain.FinalHeight;
    }

    private void Step(NodeInput input)
    {
        var turn = new NodeTurn(Node);
        Routing.Step(turn, input, Now);
        Node = turn.State;
        var sync = Node.Sync;
        Most = (
            int.Max(Most.Peers, sync.Peers.Values.Count(peer => peer.Request is { Part: SyncPart.Blocks } request && Now - request.SentAt < sync.Rules.Patience)),
            int.Max(Most.Headers, sync.Headers.Count),
            long.Max(Most.Bytes, sync.BlockBytes));
        foreach (var effect in turn.Effects.OfType<NodeEffect.Sync>().Select(static effect => effect.Effect))
        {
            switch (effect)
            {
                case SyncEffect.Ask ask:
                    Asked.Add((Now, ask.Peer, ask.Request));
                    if (peers.TryGetValue(ask.Peer, out var behaviour) && behaviour(ask.Request) is ({ } answer, var after))
                    {
                        At(after, () => Deliver(ask.Peer, answer));
                    }

                    break;
                case SyncEffect.Blame blame:
                    Blamed.Add((blame.Peer, blame.Fault));
                    break;
                case SyncEffect.WakeAfter wake:
                    At(wake.Delay, () => Step(new NodeInput.Sync(new SyncInput.Wake([.. Node.Sync.Peers.Keys.Where(Gone.Contains)]))));
                    break;
                default:
                    break;
            }
        }
    }

    private void At(ulong after, Action action) => events.Enqueue(action, (Now + after, number++));
}
