using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Tests.Core.Voting;

namespace LuxTensor.Tests.Core.Consensus;

/// <summary>One node with its routing and its time, stepped by hand. It signs what it is asked to, unless told not to.</summary>
internal sealed class ChainDriver
{
    public static readonly PeerId Peer = new("peer");

    private readonly bool signs;
    private readonly Queue<ChainEffect.Sign> open = new();

    public ChainDriver(Arena arena, int? me, bool signs = true, ulong? now = null)
    {
        Arena = arena;
        this.signs = signs;
        Now = now ?? (arena.Genesis.Time + arena.Rules.BlockInterval);
        Node = Routing.Begin(arena.Genesis, arena.Root, null, me is { } own ? [Given.AddressOf(own)] : [], new MempoolLimits());
        Step(new ChainInput.Resume());
    }

    public Arena Arena { get; }

    public NodeState Node { get; set; }

    public ChainState State => Node.Chain;

    public ulong Now { get; set; }

    /// <summary>What the node's journal holds.</summary>
    public List<JournalInput> Journal { get; } = [];

    /// <summary>The effects of the last input and of what was signed in answer to it.</summary>
    public List<NodeEffect> All { get; } = [];

    public IEnumerable<ChainEffect> Effects => All.OfType<NodeEffect.Chain>().Select(static effect => effect.Effect);

    public IEnumerable<Message> Said => Effects.OfType<ChainEffect.Broadcast>().Select(static effect => effect.Message);

    /// <summary>The ballots asked to be signed, proposals apart.</summary>
    public IEnumerable<Ballot> Voted => Effects.OfType<ChainEffect.Sign>().Select(static sign => sign.Ballot).Where(static ballot => ballot.Phase != Phase.Propose);

    public IEnumerable<TimerId> Timed => Effects.OfType<ChainEffect.StartTimer>().Select(static timer => timer.Id);

    public ChainDriver Step(ChainInput input) => Step(new NodeInput.Chain(input));

    public ChainDriver Propose(Proposal proposal)
    {
        var why = Verifier.Check(proposal, Arena.Rules, Arena.Epochs.Of, static _ => false, out var verified);
        return why is null ? Step(new ChainInput.Propose(verified, Peer)) : throw new InvalidOperationException(why.ToString());
    }

    public ChainDriver Vote(int who, Phase phase, LuxTensor.Crypto.Hash256 block, ulong height = 1, uint round = 0) =>
        Step(new NodeInput.CastVote(Arena.Verified(Arena.Vote(who, phase, block, height, round)), Peer));

    /// <summary>Votes of these, one after the other; <see cref="Effects"/> are those of the last.</summary>
    public ChainDriver Votes(Phase phase, LuxTensor.Crypto.Hash256 block, uint round, params int[] who)
    {
        foreach (var one in who)
        {
            Vote(one, phase, block, State.Height, round);
        }

        return this;
    }

    public ChainDriver Certify(Certificate certificate, PeerId? from = null)
    {
        var why = Verifier.Check(certificate, Arena.Rules, Arena.Epochs.Of(Arena.Rules.EpochOf(certificate.Height)), out var verified);
        return why is null ? Step(new ChainInput.Certify(verified, from ?? Peer)) : throw new InvalidOperationException(why.ToString());
    }

    public ChainDriver Deliver(Block block)
    {
        var why = Verifier.Check(block, Arena.Rules, Arena.Epochs.Of, static _ => false, out var verified);
        return why is null ? Step(new ChainInput.Block(verified, Peer)) : throw new InvalidOperationException(why.ToString());
    }

    public ChainDriver Deliver(IEnumerable<CertifiedBlock> blocks) => Step(new ChainInput.FinalBlocks(
        [.. blocks.Select(item => Verifier.Check(item, Arena.Rules, Arena.Epochs.Of, static _ => false, out var verified) is null ? verified : throw new InvalidOperationException("not final"))],
        Peer));

    public ChainDriver Status(ulong finalHeight, string from = "peer", LuxTensor.Crypto.Hash256? genesis = null) =>
        Step(new ChainInput.Status(new Message.Status(genesis ?? Arena.Genesis.Block.Hash, finalHeight, default, 0), new PeerId(from)));

    public ChainDriver Fire(TimerKind kind, uint? round = null, ulong? height = null) =>
        Step(new ChainInput.Timer(new TimerId(kind, height ?? State.Height, round ?? State.Round)));

    public ChainDriver Step(NodeInput input)
    {
        All.Clear();
        Take(input);
        while (signs && open.TryDequeue(out var sign))
        {
            var who = Enumerable.Range(0, 64).First(i => Given.AddressOf(i) == sign.Validator);
            Take(new NodeInput.Chain(new ChainInput.Signed(Arena.Verified(Arena.Sign(who, sign.Ballot)))));
        }

        return this;
    }

    private void Take(NodeInput input)
    {
        var turn = new NodeTurn(Node);
        Routing.Step(turn, input, Now);
        Node = turn.State;
        Journal.AddRange(turn.ToBatch().Inputs);
        All.AddRange(turn.Effects);
        foreach (var sign in turn.Effects.OfType<NodeEffect.Chain>().Select(static effect => effect.Effect).OfType<ChainEffect.Sign>())
        {
            open.Enqueue(sign);
        }
    }
}
