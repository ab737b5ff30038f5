using LuxTensor.Core.Finality;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Tests.Core.Voting;

namespace LuxTensor.Tests.Core.Finality;

public sealed class BlockFinalityTests
{
    private static readonly Hash256 Red = Sha256.Hash([1]);
    private static readonly Hash256 Blue = Sha256.Hash([2]);
    private static readonly Arena Four = new();

    private FinalityState state = Begin(Four);
    private Arena arena = Four;

    [Fact]
    public void FIN_1_a_certificate_is_of_prepares_or_of_precommits_and_proposals_make_none()
    {
        Assert.All(Enumerable.Range(0, 4), who => Assert.Empty(Count(who, Phase.Propose, Red).Facts));
        Assert.Equal(Phase.Prepare, Quorums(Enumerable.Range(0, 3).SelectMany(who => Count(who, Phase.Prepare, Red).Facts)).Single().Ballot.Phase);
        Assert.Equal(Phase.Precommit, Quorums(Enumerable.Range(0, 3).SelectMany(who => Count(who, Phase.Precommit, Red).Facts)).Single().Ballot.Phase);
    }

    [Theory]
    [InlineData(67, new[] { 40, 27, 33 }, true)] // exactly 67 %
    [InlineData(67, new[] { 40, 26, 34 }, false)]
    [InlineData(67, new[] { 1, 1, 1 }, false)] // exactly two thirds
    [InlineData(67, new[] { 2667, 0, 1333 }, false)] // over two thirds, under 67 %
    [InlineData(80, new[] { 50, 30, 20 }, true)]
    [InlineData(80, new[] { 50, 29, 21 }, false)]
    [InlineData(100, new[] { 50, 49, 1 }, false)]
    public void FIN_3_a_quorum_needs_two_thirds_and_the_percentage(int percent, int[] stakes, bool reached)
    {
        arena = new Arena(Given.Rules with { QuorumPercent = percent }, [.. stakes.Where(static stake => stake > 0).Select(static stake => (UInt128)stake)]);
        state = Begin(arena);
        var signers = stakes[1] > 0 ? 2 : 1;
        var facts = Enumerable.Range(0, signers).SelectMany(who => Count(who, Phase.Precommit, Red).Facts).ToArray();
        Assert.Equal(reached, Quorums(facts).Any());
        Assert.Equal(reached, facts.OfType<FinalityFact.AnyQuorum>().Any());

        var all = Enumerable.Range(signers, arena.Set.Validators.Length - signers).SelectMany(who => Count(who, Phase.Precommit, Red).Facts);
        Assert.Equal(!reached, Quorums(all).Any()); // everybody is a quorum, and it is told once
    }

    [Fact]
    public void FIN_3_a_certificate_holds_the_votes_that_made_it()
    {
        var facts = new[] { 3, 0, 2 }.SelectMany(who => Count(who, Phase.Prepare, Red, round: 4).Facts).ToArray();
        var certificate = Assert.Single(Quorums(facts));
        Assert.Equal(arena.Ballot(Phase.Prepare, Red, 1, 4), certificate.Ballot);
        Assert.Equal([true, false, true, true, false], Enumerable.Range(0, 5).Select(certificate.HasSigned));
        Assert.Equal(new[] { 0, 2, 3 }.Select(who => arena.Vote(who, Phase.Prepare, Red, 1, 4).Signature), certificate.Signatures);
        Assert.Null(Verifier.Check(certificate, arena.Rules, arena.Set, out _));
    }

    [Fact]
    public void FIN_3_nil_has_a_quorum_but_no_certificate()
    {
        var facts = Enumerable.Range(0, 4).SelectMany(who => Count(who, Phase.Prepare, Hash256.Zero).Facts).ToArray();
        Assert.Equal([new FinalityFact.AnyQuorum(0, Phase.Prepare), new FinalityFact.NilQuorum(0, Phase.Prepare)], facts);
    }

    [Fact]
    public void FIN_4_a_quorum_of_votes_for_different_values_is_told_once()
    {
        Assert.Empty(Count(0, Phase.Prepare, Red).Facts);
        Assert.Empty(Count(1, Phase.Prepare, Blue).Facts);
        Assert.Equal([new FinalityFact.AnyQuorum(0, Phase.Prepare)], Count(2, Phase.Prepare, Hash256.Zero).Facts);
        Assert.Empty(Count(3, Phase.Prepare, Hash256.Zero).Facts);
    }

    [Fact]
    public void FIN_2_what_does_not_count_says_why_and_weighs_nothing()
    {
        Assert.Equal(CountRefusal.None, Count(0, Phase.Prepare, Red).Refusal);
        Assert.Equal(CountRefusal.Duplicate, Count(0, Phase.Prepare, Red).Refusal);
        Assert.Equal((UInt128)26, state.Tallies[(0, Phase.Prepare)].Total);

        var other = arena.Verified(arena.Vote(1, Phase.Prepare, Red, height: 2));
        Assert.Equal(CountRefusal.WrongHeight, BlockFinality.Count(state, other).Refusal);

        var smaller = Begin(new Arena(null, 5, 5, 5));
        Assert.Equal(CountRefusal.UnknownValidator, BlockFinality.Count(smaller, arena.Verified(arena.Vote(3, Phase.Prepare, Red))).Refusal);
    }

    [Fact]
    public void FIN_6_a_second_different_vote_is_evidence_once_and_the_first_still_counts()
    {
        Count(0, Phase.Prepare, Red);
        var (refusal, facts) = Count(0, Phase.Prepare, Blue);
        Assert.Equal(CountRefusal.Conflicting, refusal);
        var evidence = Assert.IsType<FinalityFact.Conflict>(Assert.Single(facts)).Evidence;
        Assert.Equal((Red, Blue), (evidence.First.Ballot.BlockHash, evidence.Second.Ballot.BlockHash));
        Assert.Empty(Count(0, Phase.Prepare, Hash256.Zero).Facts);
        Assert.Equal(((UInt128)26, (UInt128)0), (state.Tallies[(0, Phase.Prepare)].StakeFor(Red), state.Tallies[(0, Phase.Prepare)].StakeFor(Blue)));
        Assert.Single(state.Conflicts);
    }

    [Theory]
    [InlineData(new[] { 33, 33, 33 }, 1, false)] // exactly a third
    [InlineData(new[] { 34, 33, 33 }, 1, true)]
    [InlineData(new[] { 17, 17, 66 }, 2, true)]
    [InlineData(new[] { 16, 17, 66 }, 2, false)]
    public void FIN_5_more_than_a_third_in_later_rounds_skips_to_the_lowest_that_they_all_reached(int[] stakes, int voters, bool skips)
    {
        arena = new Arena(null, [.. stakes.Select(static stake => (UInt128)stake)]);
        state = Begin(arena);
        var facts = Enumerable.Range(0, voters).SelectMany(who => Count(who, Phase.Prepare, Red, (uint)(7 - who)).Facts).OfType<FinalityFact.RoundSkip>().ToArray();
        Assert.Equal(skips ? [new FinalityFact.RoundSkip((uint)(8 - voters))] : [], facts);
    }

    [Fact]
    public void FIN_5_the_skip_is_that_of_a_model_that_sorts_everybody() => Seeds.Each(50, static random =>
    {
        var set = new Arena(null, [.. Enumerable.Range(0, 7).Select(_ => (UInt128)random.Next(1, 50))]);
        var state = Begin(set);
        for (var i = 0; i < 40; i++)
        {
            var vote = new Vote(set.Ballot(Phase.Prepare, Red, 1, (uint)random.Next(12)), Given.AddressOf(random.Next(7)), default);
            state = BlockFinality.Count(state, new Verified<Vote>(vote)).Next;
            state = random.Next(8) == 0 ? BlockFinality.Advance(state, (uint)random.Next(8)) : state;
            UInt128 stake = 0;
            var expected = state.LatestRounds.Seen.Where(entry => entry.Round > state.Round).OrderByDescending(static entry => entry.Round)
                .Where(entry => Quorum.IsBlocking(stake += set.Set.Validators[entry.Index].Stake, set.Set.TotalStake)).Take(1);
            Assert.Equal(expected.Select(static entry => entry.Round), BlockFinality.Facts(state).OfType<FinalityFact.RoundSkip>().Select(static it => it.Round));
            var placed = state.LatestRounds.Seen.Aggregate(Begin(set), static (all, entry) => BlockFinality.Place(all, entry.Index, entry.Round));
            Assert.Equal(state.StakeByRound.ToArray(), placed.StakeByRound.ToArray());
        }
    });

    [Fact]
    public void FIN_5_a_proposal_made_ahead_skips_no_round()
    {
        Assert.All(Enumerable.Range(0, 4), who => Assert.Empty(Count(who, Phase.Propose, Red, round: 3).Facts));
        Assert.Empty(state.LatestRounds.Seen);
    }

    [Fact]
    public void FIN_7_memory_is_bounded_whatever_is_voted()
    {
        var random = new Random(1);
        for (var i = 0; i < 10_000; i++)
        {
            var ballot = arena.Ballot((Phase)random.Next(3), random.Next(2) == 0 ? Red : Sha256.Hash(BitConverter.GetBytes(i)), 1, random.Next(3) == 0 ? (uint)random.Next() : (uint)random.Next(100));
            state = BlockFinality.Count(state, new Verified<Vote>(new Vote(ballot, Given.AddressOf(random.Next(4)), default))).Next;
        }

        Assert.InRange(state.Tallies.Count, 1, 3 * ((int)FinalityState.Ahead + 1));
        Assert.True(state.Tallies.Values.Sum(static tally => tally.Votes.Count()) <= 4 * 27);
        Assert.Equal(4, state.LatestRounds.Count);
        Assert.Equal(4, state.Conflicts.Count);
    }

    [Fact]
    public void FIN_7_old_rounds_are_forgotten_and_their_votes_refused()
    {
        Count(0, Phase.Prepare, Red);
        state = BlockFinality.Advance(state, FinalityState.Behind);
        Assert.Equal(CountRefusal.Duplicate, Count(0, Phase.Prepare, Red).Refusal);
        state = BlockFinality.Advance(state, FinalityState.Behind + 1);
        Assert.Empty(state.Tallies);
        Assert.Equal(CountRefusal.OutsideWindow, Count(0, Phase.Prepare, Red).Refusal);
        Assert.Equal(CountRefusal.OutsideWindow, Count(0, Phase.Prepare, Red, FinalityState.Behind + FinalityState.Ahead + 2).Refusal);
        Assert.Equal(CountRefusal.None, Count(0, Phase.Prepare, Red, FinalityState.Behind + FinalityState.Ahead + 1).Refusal);
        Assert.Same(state, BlockFinality.Advance(state, 3));
    }

    [Fact]
    public void FIN_8_progress_is_of_the_current_round_and_names_who_is_missing()
    {
        var none = BlockFinality.Progress(state);
        Assert.Equal((Hash256.Zero, (UInt128)0, 0, 4), (none.Block, none.Precommitted, none.Percent, none.Missing.Length));
        Count(0, Phase.Prepare, Red);
        Count(1, Phase.Prepare, Red);
        Count(0, Phase.Precommit, Red);
        Count(2, Phase.Precommit, Hash256.Zero);
        Count(3, Phase.Precommit, Blue, round: 7); // one voter chooses no round
        var progress = BlockFinality.Progress(state);
        Assert.Equal((1UL, 0U, Red, (UInt128)51, (UInt128)26, (UInt128)100, 26), (progress.Height, progress.Round, progress.Block, progress.Prepared, progress.Precommitted, progress.Total, progress.Percent));
        Assert.Equal(new[] { 1, 2, 3 }.Select(Given.AddressOf), progress.Missing);
    }

    [Fact]
    public void FIN_4_facts_do_not_depend_on_the_order_of_votes_and_are_told_again() => Seeds.Each(60, random =>
    {
        var votes = (from who in Enumerable.Range(0, 4)
                     from round in new uint[] { 0, 1 }
                     from phase in new[] { Phase.Prepare, Phase.Precommit }
                     where random.Next(5) > 0
                     select arena.Vote(who, phase, random.Next(3) switch { 0 => Hash256.Zero, 1 => Blue, _ => Red }, 1, round)).ToArray();
        var expected = Told(votes);
        random.Shuffle(votes);
        Assert.Equal(expected, Told(votes));

        SortedSet<string> Told(Vote[] order)
        {
            var (at, told) = (Begin(arena), new SortedSet<string>(StringComparer.Ordinal));
            foreach (var vote in order)
            {
                (at, _, var facts) = BlockFinality.Count(at, arena.Verified(vote));
                Assert.All(facts, fact => Assert.True(told.Add(Name(fact)), $"{Name(fact)} is told twice"));
            }

            Assert.Equal(told, BlockFinality.Facts(at).Select(Name).ToHashSet());
            return told;
        }
    });

    // A certificate's votes depend on who came first; what it says does not.
    private static string Name(FinalityFact fact) => fact is FinalityFact.BlockQuorum quorum ? quorum.Certificate.Ballot.ToString() : fact.ToString();

    private static FinalityState Begin(Arena arena) => BlockFinality.Begin(1, arena.Set, arena.Rules.QuorumPercent);

    private static IEnumerable<Certificate> Quorums(IEnumerable<FinalityFact> facts) => facts.OfType<FinalityFact.BlockQuorum>().Select(static fact => fact.Certificate);

    private (CountRefusal Refusal, IReadOnlyList<FinalityFact> Facts) Count(int who, Phase phase, Hash256 block, uint round = 0)
    {
        (state, var refusal, var facts) = BlockFinality.Count(state, arena.Verified(arena.Vote(who, phase, block, 1, round)));
        return (refusal, facts);
    }
}
