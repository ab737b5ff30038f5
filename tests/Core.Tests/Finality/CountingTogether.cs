using LuxTensor.Core.Finality;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Tests.Core.Voting;

namespace LuxTensor.Tests.Core.Finality;

/// <summary>Votes counted together and one by one: the same state, the same refusals, the same facts in the same order.</summary>
public sealed class CountingTogether
{
    private static readonly Hash256[] Values = [Hash256.Zero, Sha256.Hash([1]), Sha256.Hash([2])];

    [Fact]
    public void FIN_2_votes_counted_together_come_to_the_same_as_one_by_one_however_they_are_split() => Seeds.Each(100, static random =>
    {
        // More than one chunk of validators, and few rounds, so that quorums, skips and conflicts all come about.
        var arena = new Arena(null, [.. Enumerable.Range(0, random.Next(1, 69)).Select(_ => (UInt128)random.Next(1, 50))]);
        var votes = Enumerable.Range(0, random.Next(400)).Select(_ => Vote(arena, random)).ToArray();
        var (single, together) = (BlockFinality.Begin(1, arena.Set, 67), BlockFinality.Begin(1, arena.Set, 67));
        while (votes.Length > 0)
        {
            var part = votes[..random.Next(1, votes.Length + 1)];
            votes = votes[part.Length..];
            var (refusals, facts) = (new List<CountRefusal>(), new List<FinalityFact>());
            foreach (var vote in part)
            {
                (single, var refusal, var told) = BlockFinality.Count(single, new Verified<Vote>(vote));
                refusals.Add(refusal);
                facts.AddRange(told);
            }

            var before = Describe(together);
            var counted = BlockFinality.Count(together, Runs(part, random));
            Assert.Equal(before, Describe(together)); // a state is never changed
            Assert.Equal(refusals, counted.Refusals.ToArray());
            Assert.Equal(facts.Select(Describe), counted.Facts.Select(Describe));
            together = counted.Next;
            Assert.Equal(Describe(single), Describe(together));
            if (random.Next(3) == 0)
            {
                var round = (uint)random.Next(60);
                (single, together) = (BlockFinality.Advance(single, round), BlockFinality.Advance(together, round));
            }
        }
    });

    [Fact]
    public void Nothing_counted_is_the_same_state()
    {
        var arena = new Arena();
        var state = BlockFinality.Count(BlockFinality.Begin(1, arena.Set, 67), arena.Verified(arena.Vote(0, Phase.Prepare, Values[1]))).Next;
        var again = VoteRun.Of([arena.Vote(0, Phase.Prepare, Values[1]), arena.Vote(1, Phase.Prepare, Values[1], height: 2)]);
        var counted = BlockFinality.Count(state, [.. again.Select(static run => new Verified<VoteRun>(run))]);
        Assert.Same(state, counted.Next);
        Assert.Equal([CountRefusal.Duplicate, CountRefusal.WrongHeight], counted.Refusals.ToArray());
    }

    [Fact]
    public void QUO_1_the_least_quorum_is_one_and_a_unit_less_is_none() => Seeds.Each(200, static random =>
    {
        var total = random.Next(4) == 0 ? Quorum.MaxTotalStake - (UInt128)random.Next(1_000) : (UInt128)random.NextInt64(1, long.MaxValue) * (UInt128)random.Next(1, 100);
        var percent = random.Next(67, 101);
        var least = Quorum.Least(total, percent);
        Assert.True(Quorum.IsReached(least, total, percent));
        Assert.False(Quorum.IsReached(least - 1, total, percent));
    });

    [Fact]
    public void A_run_reads_back_and_nothing_else_does() => Seeds.Each(50, static random =>
    {
        var arena = new Arena();
        var votes = Enumerable.Range(0, random.Next(1, 20)).Select(_ => Vote(arena, random)).ToArray();
        var runs = VoteRun.Of(votes);
        Assert.Equal(votes, runs.SelectMany(static run => run.Votes));
        Assert.All(runs.Zip(runs.Skip(1)), static pair => Assert.NotEqual(pair.First.Ballot, pair.Second.Ballot));
        var bytes = VoteRun.Encode(runs);
        Assert.Equal(runs.Sum(static run => run.EncodedSize), bytes.Length);
        Assert.True(VoteRun.TryDecode(bytes, out var read));
        Assert.Equal(votes, read.SelectMany(static run => run.Votes));
        var ends = runs.Select((_, i) => runs.Take(i + 1).Sum(static run => run.EncodedSize)).Prepend(0).ToHashSet(); // some runs are runs, too
        var cut = random.Next(bytes.Length);
        Assert.Equal(ends.Contains(cut), VoteRun.TryDecode(bytes.AsMemory(0, cut), out _));
    });

    private static Vote Vote(Arena arena, Random random)
    {
        var round = random.Next(8) == 0 ? (uint)random.Next(100) : (uint)random.Next(3);
        var phase = random.Next(8) == 0 ? Phase.Propose : random.Next(2) == 0 ? Phase.Prepare : Phase.Precommit;
        var value = phase == Phase.Propose ? Values[1] : Values[random.Next(8) == 0 ? random.Next(3) : 1];
        var signature = new byte[Signature.Size];
        random.NextBytes(signature);
        var who = random.Next(arena.Set.Validators.Length + (random.Next(20) == 0 ? 1 : 0)); // now and then nobody of the set
        return new Vote(arena.Ballot(phase, value, random.Next(20) == 0 ? 2UL : 1, round), Given.AddressOf(who), new Signature(signature));
    }

    private static Verified<VoteRun>[] Runs(IEnumerable<Vote> votes, Random random) =>
        [.. VoteRun.Of(votes).SelectMany(run => Halves(run, random)).Select(static run => new Verified<VoteRun>(run))];

    private static IEnumerable<VoteRun> Halves(VoteRun run, Random random)
    {
        var at = random.Next(run.Count + 1);
        yield return run.Slice(0, at);
        yield return run.Slice(at, run.Count);
    }

    private static string Describe(FinalityFact fact) => fact is FinalityFact.BlockQuorum { Certificate: var certificate }
        ? $"{certificate.Ballot} {Convert.ToHexString(certificate.Signers.AsSpan())} {string.Join(' ', certificate.Signatures)}"
        : fact.ToString();

    private static string Describe(FinalityState state) => string.Join(
        '\n',
        [
            $"{state.Round} {string.Join(' ', state.LatestRounds.Seen)} {state.LatestRounds.Count} {string.Join(' ', state.StakeByRound)}",
            .. state.Conflicts.Select(static entry => $"{entry}"),
            .. state.Tallies.Select(static entry => $"{entry.Key} {entry.Value.Total} {string.Join(' ', entry.Value.Stakes)} {string.Join(' ', entry.Value.Votes)}"),
        ]);
}
