using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using Orleans.Concurrency;

namespace LuxTensor.Grains;

/// <summary>Verifies votes beside whoever asks: as many activations a silo as it has cores, and no call leaves it.</summary>
[GrainType("luxtensor-vote-verifier"), StatelessWorker]
internal sealed class VoteVerifierGrain(SiloShare share) : Grain, IVoteVerifierGrain
{
    public async Task<Immutable<byte[]>> Verify(Immutable<byte[]> votes)
    {
        var rules = share.Rules;
        Vote[] asked = [.. Pack.ReadVotes(votes.Value).SelectMany(static run => run.Votes)];
        var sets = new Dictionary<ulong, EpochSnapshot?>();
        foreach (var epoch in asked.Select(vote => rules.EpochOf(vote.Ballot.Height)).Distinct())
        {
            sets.Add(epoch, await share.SetOfAsync(epoch));
        }

        return new Immutable<byte[]>([.. Verifier.Check(asked, rules, epoch => sets[epoch]).Select(static verdict => verdict.Why is null ? (byte)1 : (byte)0)]);
    }
}
