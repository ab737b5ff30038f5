using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Engine;

/// <summary>PEE-11: which messages prove that a peer has a final block.</summary>
public sealed class Proofs_of_a_peer : IAsyncDisposable
{
    private static readonly Hash256 Block = Sha256.Hash("a block that nobody has"u8);

    private readonly AskedNode asked = new();
    private readonly TestChain chain;
    private readonly Asking transport;

    public Proofs_of_a_peer()
    {
        (chain, transport) = (asked.Chain, asked.Peer);
        asked.Host.Start();
    }

    public ValueTask DisposeAsync() => asked.DisposeAsync();

    [Fact]
    public async Task A_certificate_of_prepares_proves_no_final_block()
    {
        Assert.Equal(FrameVerdict.Accept, await SayAsync(Certify(Phase.Prepare, isGenuine: true)));
        Assert.Empty(transport.Proven);
    }

    [Fact]
    public async Task A_certificate_of_precommits_proves_its_block()
    {
        Assert.Equal(FrameVerdict.Accept, await SayAsync(Certify(Phase.Precommit, isGenuine: true)));
        Assert.Equal([(1UL, Block)], transport.Proven);
    }

    [Fact]
    public async Task A_forged_certificate_proves_nothing()
    {
        Assert.Equal(FrameVerdict.Reject, await SayAsync(Certify(Phase.Precommit, isGenuine: false)));
        Assert.Empty(transport.Proven);
    }

    [Fact]
    public async Task A_status_proves_nothing_but_a_block_that_is_final_here_at_its_own_height()
    {
        var genesis = chain.Genesis.Block.Hash;

        Assert.NotEqual(FrameVerdict.Reject, await SayAsync(new Message.Status(genesis, 1_000_000, Block, 0)));
        Assert.Equal(FrameVerdict.Reject, await SayAsync(new Message.Status(genesis, 1_000_000, genesis, 0)));
        Assert.Empty(transport.Proven);

        Assert.NotEqual(FrameVerdict.Reject, await SayAsync(new Message.Status(genesis, 0, genesis, 0)));
        Assert.Equal([(0UL, genesis)], transport.Proven);
    }

    [Fact]
    public async Task A_status_is_judged_without_reading_the_final_block_that_it_names()
    {
        var ballots = new Ballots(chain);
        var turn = new NodeTurn(ballots.Begin([]));
        var first = BlockValidity.Make(turn.State.Chain.Tree.Root, 0, 0, Address.Of(chain.Validators[0].PublicKey), null, [], chain.Genesis.Rules);
        var final = new CertifiedBlock(first.Block, ballots.Certify(first, Phase.Precommit));
        Routing.Step(turn, new NodeInput.Chain(new ChainInput.FinalBlocks([Verifier.Attested(final)], PeerId.Self)), 0);
        asked.Journal.Commit(turn.ToBatch()); // the node's own view is of another block, so that it has to ask the journal
        asked.Journal.BeforeRead = static height => throw new JournalException($"block {height} was read");

        Assert.Equal(FrameVerdict.Reject, await SayAsync(new Message.Status(chain.Genesis.Block.Hash, 2, first.Hash, 0)));
        Assert.Empty(transport.Proven);
        Assert.NotEqual(FrameVerdict.Reject, await SayAsync(new Message.Status(chain.Genesis.Block.Hash, 1, first.Hash, 0)));
        Assert.Equal([(1UL, first.Hash)], transport.Proven);
    }

    private async Task<FrameVerdict> SayAsync(Message message) => (await asked.AskAsync(message)).Verdict;

    private Message.Certify Certify(Phase phase, bool isGenuine)
    {
        var ballot = new Ballot(chain.Genesis.Rules.ChainId, 0, 1, 0, phase, Block);
        var message = new byte[Ballot.MessageSize];
        ballot.WriteMessage(message);
        message[0] ^= (byte)(isGenuine ? 0 : 1);
        return new Message.Certify(new Certificate(ballot, [1], [chain.Validators[0].Sign(message)]));
    }
}
