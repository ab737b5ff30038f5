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
        Vote?[] asked = [.. Pack.Read(votes.Value).Select(static item => Pack.ReadVote(item.Span))];
        var sets = new Dictionary<ulong, EpochSnapshot?>();
        foreach (var epoch in asked.OfType<Vote>().Select(vote => rules.EpochOf(vote.Ballot.Height)).Distinct())
        {
            sets.Add(epoch, await share.SetOfAsync(epoch));
        }

        var verdicts = new Queue<VoteVerdict>(Verifier.Check([.. asked.OfType<Vote>()], rules, epoch => sets[epoch]));
        return new Immutable<byte[]>([.. asked.Select(vote => vote is not null && verdicts.Dequeue().Why is null ? (byte)1 : (byte)0)]);
    }
}
