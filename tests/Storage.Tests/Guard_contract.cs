using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Storage;

/// <summary>What every signing guard does, whatever it stores in.</summary>
public abstract class Guard_contract
{
    private readonly TestChain chain = new();

    private ISigningGuard Open(int kept = 10_000) => Open(chain, kept);

    /// <summary>Opens the guard once more; earlier openings may be in use.</summary>
    private protected abstract ISigningGuard Open(TestChain chain, int kept);

    private protected abstract SigningPosition? Accept(ISigningGuard guard, Address validator);

    private protected abstract int Count(ISigningGuard guard, Address validator);

    [SkippableFact]
    public void The_same_vote_gets_the_first_signature_again_and_another_block_is_refused() // GRD-2
    {
        var vote = chain.Vote(0, 5, 1, Phase.Prepare, 1);
        using (var guard = Open())
        {
            Assert.Equal(new GuardDecision.Released(vote.Signature), guard.Record(vote));
        }

        using var again = Open();
        var resigned = vote with { Signature = default };
        Assert.Equal(new GuardDecision.Released(vote.Signature), again.Record(resigned));
        var other = chain.Vote(0, 5, 1, Phase.Prepare, 2);
        Assert.Equal(new GuardDecision.DoubleSign(vote.Ballot.BlockHash, other.Ballot.BlockHash), again.Record(other));
        var nil = chain.Vote(0, 5, 1, Phase.Prepare, 0);
        Assert.Equal(new GuardDecision.DoubleSign(vote.Ballot.BlockHash, Hash256.Zero), again.Record(nil));
        Assert.IsType<GuardDecision.DoubleSign>(again.Record(vote with { Ballot = vote.Ballot with { Epoch = 77 } }));
    }

    [SkippableFact]
    public void Each_part_of_the_position_has_a_vote_of_its_own()
    {
        using var guard = Open();
        foreach (var vote in new[]
        {
            chain.Vote(0, 5, 1, Phase.Prepare, 1), chain.Vote(0, 6, 1, Phase.Prepare, 2), chain.Vote(0, 5, 2, Phase.Prepare, 3),
            chain.Vote(0, 5, 1, Phase.Precommit, 4), chain.Vote(0, 5, 1, Phase.Propose, 5), chain.Vote(1, 5, 1, Phase.Prepare, 6),
        })
        {
            Assert.Equal(new GuardDecision.Released(vote.Signature), guard.Record(vote));
        }
    }

    [SkippableFact]
    public void Another_chain_gets_no_signature()
    {
        using var guard = Open();
        var vote = chain.Vote(0, 5, 1, Phase.Prepare, 1);
        Assert.IsType<GuardDecision.Blocked>(guard.Record(vote with { Ballot = vote.Ballot with { ChainId = 8 } }));
        Assert.Null(guard.LastSigned(vote.Validator));
    }

    [SkippableFact]
    public void An_older_guard_signs_nothing_until_the_operator_accepts() // GRD-3
    {
        var validator = TestChain.Validators[0];
        var known = new SigningPosition(5, 1, Phase.Precommit);
        using (var guard = Open())
        {
            guard.Record(chain.Vote(0, 5, 1, Phase.Prepare, 1));
            Assert.NotNull(guard.VerifyNotOlderThan(validator, known));
            Assert.IsType<GuardDecision.Blocked>(guard.Record(chain.Vote(0, 9, 0, Phase.Prepare, 1)));
            Assert.IsType<GuardDecision.Blocked>(guard.Record(chain.Vote(0, 5, 1, Phase.Prepare, 1)));
            Assert.IsType<GuardDecision.Released>(guard.Record(chain.Vote(1, 5, 1, Phase.Prepare, 1)));
        }

        using var again = Open();
        Assert.IsType<GuardDecision.Blocked>(again.Record(chain.Vote(0, 9, 0, Phase.Prepare, 1)));
        Assert.NotNull(again.VerifyNotOlderThan(validator, new SigningPosition(1, 0, Phase.Propose)));
        Assert.Equal(known, Accept(again, validator));
        Assert.Null(Accept(again, validator));
        Assert.Equal(new GuardDecision.BelowWatermark(known), again.Record(chain.Vote(0, 5, 1, Phase.Precommit, 1)));
        Assert.IsType<GuardDecision.Released>(again.Record(chain.Vote(0, 5, 2, Phase.Propose, 1)));
        Assert.Null(again.VerifyNotOlderThan(validator, known));
    }

    [SkippableTheory]
    [InlineData(5UL, Phase.Precommit)] // hidden by the proposal at height 9
    [InlineData(10UL, Phase.Propose)] // above everything
    public void A_guard_that_lacks_one_vote_is_older_whatever_else_it_has(ulong height, Phase phase) // GRD-3
    {
        using var guard = Open();
        guard.Record(chain.Vote(0, 5, 1, Phase.Prepare, 1));
        guard.Record(chain.Vote(0, 9, 0, Phase.Propose, 1));
        Assert.NotNull(guard.VerifyNotOlderThan(TestChain.Validators[0], new SigningPosition(height, 1, phase)));
        Assert.IsType<GuardDecision.Blocked>(guard.Record(chain.Vote(0, 11, 0, Phase.Prepare, 1)));
    }

    [SkippableFact]
    public void Proposals_ahead_are_not_what_was_signed_last() // GRD-4
    {
        using var guard = Open();
        var validator = TestChain.Validators[0];
        guard.Record(chain.Vote(0, 9, 0, Phase.Propose, 1));
        Assert.Null(guard.LastSigned(validator));
        guard.Record(chain.Vote(0, 5, 1, Phase.Prepare, 1));
        Assert.Equal(new SigningPosition(5, 1, Phase.Prepare), guard.LastSigned(validator));
    }

    [SkippableFact]
    public void What_was_refused_up_to_a_height_stays_refused_and_counts_as_voted() // GRD-4
    {
        var validator = TestChain.Validators[0];
        var signed = chain.Vote(0, 5, 1, Phase.Prepare, 1);
        using (var guard = Open())
        {
            guard.Record(signed);
            guard.Record(chain.Vote(0, 9, 0, Phase.Propose, 1)); // made ahead
            Assert.Equal(new SigningPosition(5, 1, Phase.Prepare), guard.LastSigned(validator));
            guard.RefuseUpTo(validator, 5);
            guard.RefuseUpTo(validator, 4); // it never falls
        }

        using var again = Open();
        var mark = new SigningPosition(5, uint.MaxValue, Phase.Precommit);
        Assert.Equal(mark, again.LastSigned(validator));
        Assert.Equal(new GuardDecision.BelowWatermark(mark), again.Record(chain.Vote(0, 5, 2, Phase.Prepare, 1)));
        Assert.Equal(new GuardDecision.Released(signed.Signature), again.Record(signed));
        Assert.IsType<GuardDecision.Released>(again.Record(chain.Vote(0, 6, 0, Phase.Prepare, 1)));
    }

    [SkippableFact]
    public void A_guard_as_new_as_the_journal_is_not_blocked()
    {
        using var guard = Open();
        guard.Record(chain.Vote(0, 5, 1, Phase.Prepare, 1));
        guard.Record(chain.Vote(0, 9, 0, Phase.Propose, 1));
        Assert.Null(guard.VerifyNotOlderThan(TestChain.Validators[0], new SigningPosition(5, 1, Phase.Prepare)));
        Assert.Null(guard.VerifyNotOlderThan(TestChain.Validators[0], new SigningPosition(9, 0, Phase.Propose)));
        Assert.NotNull(guard.VerifyNotOlderThan(TestChain.Validators[1], new SigningPosition(0, 0, Phase.Propose))); // a new, empty guard
    }

    [SkippableFact]
    public void Forgotten_votes_are_below_the_watermark_and_the_rest_stays_bounded()
    {
        var vote = chain.Vote(0, 0, 0, Phase.Prepare, 1);
        using var guard = Open(kept: 20);
        for (var height = 0UL; height < 300; height++)
        {
            Assert.IsType<GuardDecision.Released>(guard.Record(vote with { Ballot = vote.Ballot with { Height = height } }));
        }

        Assert.InRange(Count(guard, vote.Validator), 20, 40);
        Assert.IsType<GuardDecision.BelowWatermark>(guard.Record(vote));
        Assert.IsType<GuardDecision.Released>(guard.Record(vote with { Ballot = vote.Ballot with { Height = 299 } }));
        Assert.Equal(new SigningPosition(299, 0, Phase.Prepare), guard.LastSigned(vote.Validator));
    }

    [SkippableFact]
    public async Task Racing_openings_of_one_file_release_one_block_a_position() // GRD-1
    {
        const int Openings = 4, Heights = 60;
        var votes = Enumerable.Range(0, Openings).Select(i => chain.Vote(0, 1, 0, Phase.Precommit, (byte)(i + 1))).ToArray();
        var released = new int[Heights];
        using var start = new Barrier(Openings);
        await Task.WhenAll(votes.Select(vote => Task.Factory.StartNew(
            () =>
            {
                using var guard = Open();
                start.SignalAndWait();
                for (var height = 0; height < Heights; height++)
                {
                    if (guard.Record(vote with { Ballot = vote.Ballot with { Height = (ulong)height } }) is GuardDecision.Released)
                    {
                        Interlocked.Increment(ref released[height]);
                    }
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning, // a thread each
            TaskScheduler.Default)));
        Assert.All(released, count => Assert.Equal(1, count));
    }

    [SkippableFact]
    public void A_height_beyond_every_chain_and_a_phase_that_nobody_signs_are_refused()
    {
        using var guard = Open();
        var vote = chain.Vote(0, 1, 0, Phase.Prepare, 1);
        Assert.IsType<GuardDecision.Blocked>(guard.Record(vote with { Ballot = vote.Ballot with { Height = ulong.MaxValue } }));
        Assert.Throws<ArgumentOutOfRangeException>(() => guard.Record(vote with { Ballot = vote.Ballot with { Phase = Phase.Commit } }));
    }
}
