using LuxTensor.Core.Finality;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Engine.Cluster;

namespace LuxTensor.Tests.Engine;

/// <summary>What whoever collects a height's votes for a chain in another process makes of the certificate that decides it.</summary>
public sealed class CollectorTests
{
    private const int Twice = 2; // who votes for two blocks

    private readonly TestChain chain = new(4);
    private readonly Certificate certificate;
    private readonly Vote other;

    public CollectorTests()
    {
        var tally = Enumerable.Range(0, 3).Aggregate(PhaseTally.Empty(chain.Genesis.EpochZero), (sum, index) => sum.Add(index, Sign(index, 1)));
        certificate = tally.CertificateFor(Sha256.Hash([1]));
        other = Sign(Twice, 2);
    }

    [Fact]
    public void A_double_vote_that_the_certificate_shows_is_told_once() // FIN-10
    {
        var counted = Take(Begin(), other).Next;
        var (decided, told) = VoteCollector.Decide(counted, certificate);

        AssertTold(told);
        Assert.Empty(VoteCollector.Decide(decided, certificate).Told);
        Assert.Empty(Take(decided, other).Told);
    }

    [Fact]
    public void A_vote_that_contradicts_the_certificate_and_comes_after_it_is_told_once() // FIN-10
    {
        var decided = VoteCollector.Decide(Begin(), certificate).Next;
        var (next, told) = Take(decided, other);

        AssertTold(told);
        Assert.Empty(Take(next, other).Told);
        Assert.Empty(Take(next, Sign(0, 1)).Told); // one that is in the certificate
    }

    private void AssertTold(IReadOnlyCollection<NodeInput> told)
    {
        var conflict = Assert.IsType<FinalityFact.Conflict>(Assert.IsType<NodeInput.Told>(Assert.Single(told)).Fact);
        Assert.Equal([other, Sign(Twice, 1)], [conflict.Evidence.First, conflict.Evidence.Second]);
    }

    private CollectorState Begin() => VoteCollector.Begin(1, chain.Genesis.EpochZero, chain.Genesis.Rules.QuorumPercent);

    private static (CollectorState Next, IReadOnlyCollection<NodeInput> Told) Take(CollectorState state, Vote vote)
    {
        var (next, told, _) = VoteCollector.Take(state, [Verifier.Attested(VoteRun.Of([vote])[0])], 0);
        return (next, told);
    }

    private Vote Sign(int index, byte block) =>
        new Ballots(chain).Sign(chain.Genesis.EpochZero.Validators[index].Address, 1, 0, Phase.Precommit, Sha256.Hash([block]));
}
