using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Engine;

/// <summary>How the votes of a turn are stored: together, and in the order in which they changed the state.</summary>
public sealed class StoredVotesTests
{
    private readonly TestChain chain;
    private readonly Ballots ballots;

    public StoredVotesTests()
    {
        chain = new TestChain(10);
        ballots = new Ballots(chain);
    }

    [Fact]
    public void Votes_of_a_height_and_a_millisecond_are_one_input()
    {
        var turn = new NodeTurn(Begin());
        foreach (var signer in Enumerable.Range(0, 6))
        {
            Routing.Step(turn, Cast(signer, 0, Phase.Prepare, 1), now: signer < 4 ? 7UL : 8UL);
        }

        Routing.Step(turn, Cast(6, 0, Phase.Prepare, 2), now: 8); // of another height
        Routing.Step(turn, Cast(6, 0, Phase.Prepare, 2), now: 8); // a duplicate, which changes nothing

        var decoded = Decode(turn.ToBatch());
        Assert.Equal([(4, 7UL), (2, 8UL), (1, 8UL)], decoded.Select(static input => (input.Votes.Length, input.Now)));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], decoded.SelectMany(static input => input.Votes).Select(vote => IndexOf(vote.Validator)));
    }

    [Fact]
    public void What_a_vote_brings_about_is_stored_behind_it_and_replayed_to_the_same_state() // RND-10
    {
        var turn = new NodeTurn(Begin());
        foreach (var signer in Enumerable.Range(0, 6))
        {
            Routing.Step(turn, Cast(signer, 3, Phase.Prepare, 1), now: 7); // the fourth moves the chain to round 3
        }

        var batch = turn.ToBatch();
        var again = new NodeTurn(Begin(), isReplay: true);
        foreach (var stored in batch.Inputs)
        {
            var (inputs, now) = InputCodec.Decode(stored, chain.Genesis.Rules, again.State.Chain.Epochs);
            foreach (var input in inputs)
            {
                Routing.Step(again, input, now);
            }
        }

        Assert.Equal(3U, turn.State.Chain.Round);
        Assert.Equal([3, 1, 0, 2], batch.Inputs.Select(stored => VotesIn(stored).Length));
        Assert.Equal(turn.State.Chain.Round, again.State.Chain.Round);
        Assert.Equal(turn.State.Heights[1].Tallies[(3, Phase.Prepare)].Votes, again.State.Heights[1].Tallies[(3, Phase.Prepare)].Votes);
        Assert.Empty(again.ToBatch().Inputs);
    }

    [Fact]
    public void A_damaged_vote_among_others_is_found()
    {
        var turn = new NodeTurn(Begin());
        foreach (var signer in Enumerable.Range(0, 6))
        {
            Routing.Step(turn, Cast(signer, 0, Phase.Prepare, 1), now: 7);
        }

        var stored = Assert.Single(turn.ToBatch().Inputs);
        var bytes = stored.Bytes.ToArray();
        bytes[^1] ^= 1;
        Assert.Throws<JournalException>(() => InputCodec.Decode(new JournalInput(stored.Height, bytes), chain.Genesis.Rules, turn.State.Chain.Epochs));
        Assert.Throws<JournalException>(() => InputCodec.Decode(new JournalInput(stored.Height, bytes.AsMemory(0, bytes.Length - 1)), chain.Genesis.Rules, turn.State.Chain.Epochs));
    }

    private NodeState Begin() => ballots.Begin([]);

    private (Vote[] Votes, ulong Now)[] Decode(JournalBatch batch) =>
        [.. batch.Inputs.Select(stored => (VotesIn(stored), InputCodec.Decode(stored, chain.Genesis.Rules, Begin().Chain.Epochs).Now))];

    private Vote[] VotesIn(JournalInput stored) =>
        [.. InputCodec.Decode(stored, chain.Genesis.Rules, Begin().Chain.Epochs).Inputs.OfType<NodeInput.CastVote>().Select(static input => input.Vote.Value)];

    private int IndexOf(Address validator) => chain.Validators.ToList().FindIndex(key => Address.Of(key.PublicKey) == validator);

    private NodeInput.CastVote Cast(int signer, uint round, Phase phase, ulong height) =>
        new(ballots.Verify(ballots.Sign(Address.Of(chain.Validators[signer].PublicKey), height, round, phase, Hash256.Zero)), PeerId.Self);
}
