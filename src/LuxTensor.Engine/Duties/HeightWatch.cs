using System.Collections.Immutable;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;

namespace LuxTensor.Engine;

/// <summary>
/// A height that is final, and what was seen of those who are missing from its certificate. Kept for the last
/// <see cref="Heights"/> heights, so that precommits which come after the quorum are neither lost for the next block's
/// certificate nor for the answer to why a duty was missed. Soft: a restart forgets it.
/// </summary>
/// <param name="Certificate">The certificate that made the height final here.</param>
/// <param name="Set">The epoch's set.</param>
/// <param name="FinalAt">When it became final here, milliseconds since 1970 UTC.</param>
/// <param name="Missing">What was seen of each that it lacks, by index.</param>
public sealed record HeightWatch(
    Certificate Certificate, EpochSnapshot Set, ulong FinalAt, ImmutableSortedDictionary<int, DutyView> Missing)
{
    /// <summary>Height of the final block whose certificate counted the duties of this height; 0 for none yet.</summary>
    public ulong CountedBy { get; init; }

    /// <summary>Heights that are watched after they became final.</summary>
    public const int Heights = 32;

    /// <summary>What is known when the height becomes final.</summary>
    /// <param name="height">The votes counted.</param>
    /// <param name="certificate">The certificate.</param>
    /// <param name="now">The time.</param>
    /// <param name="refused">What own guards refused and what did not verify, of this height.</param>
    internal static HeightWatch Of(
        FinalityState height, Certificate certificate, ulong now, IReadOnlyDictionary<Core.Address, DutyView> refused)
    {
        var missing = ImmutableSortedDictionary.CreateBuilder<int, DutyView>();
        for (var index = 0; index < height.Set.Validators.Length; index++)
        {
            if (!certificate.HasSigned(index))
            {
                missing.Add(index, Votes(height, certificate, index)
                    ?? refused.GetValueOrDefault(height.Set.Validators[index].Address)
                    ?? new DutyView(HasPrepared(height, index) ? MissReason.NoPrecommit : MissReason.Offline));
            }
        }

        return new HeightWatch(certificate, height.Set, now, missing.ToImmutable());
    }

    /// <summary>Whether a precommit that comes now says something new: of whom none is known, or who signed another block.</summary>
    internal bool IsNews(Vote vote)
    {
        var index = Set.IndexOf(vote.Validator);
        return index >= 0 && vote.Ballot.Phase == Phase.Precommit
            && (Missing.TryGetValue(index, out var seen) ? IsOpen(seen) : IsSecond(vote));
    }

    /// <summary>Takes a verified precommit that came after the height was final; the same where it says nothing new.</summary>
    internal HeightWatch Take(Vote vote, ulong now)
    {
        var index = Set.IndexOf(vote.Validator);
        if (vote.Ballot.Phase == Phase.Prepare && Missing.TryGetValue(index, out var silent) && silent.Reason == MissReason.Offline)
        {
            return this with { Missing = Missing.SetItem(index, new DutyView(MissReason.NoPrecommit)) };
        }

        if (vote.Ballot.Phase != Phase.Precommit || !Missing.TryGetValue(index, out var seen) || !IsOpen(seen))
        {
            return this;
        }

        var view = See(Certificate, vote);
        return this with
        {
            Missing = Missing.SetItem(index, view.Reason == MissReason.NotIncluded
                ? view with { Reason = MissReason.Late, Detail = now > FinalAt ? now - FinalAt : 0 }
                : view),
        };
    }

    /// <summary>The second of two votes, where a precommit contradicts the certificate: the first is in it.</summary>
    internal Evidence? Contradiction(Vote vote)
    {
        var index = Set.IndexOf(vote.Validator);
        if (index < 0 || Missing.ContainsKey(index) || !IsSecond(vote))
        {
            return null;
        }

        var first = Certificate.Signed.First(entry => entry.Index == index).Signature;
        return new Evidence(new Vote(Certificate.Ballot, vote.Validator, first), vote);
    }

    /// <summary>The certificate with every precommit for its block and round that is here.</summary>
    internal Certificate Whole() =>
        Certificate.With(Missing.Where(static entry => entry.Value.Signature is not null).Select(static entry => (entry.Key, entry.Value.Signature!.Value)));

    private static bool IsOpen(DutyView seen) => seen.Reason is MissReason.Offline or MissReason.NoPrecommit or MissReason.BadVote;

    private bool IsSecond(Vote vote) =>
        vote.Ballot with { BlockHash = Certificate.BlockHash } == Certificate.Ballot && vote.Ballot.BlockHash != Certificate.BlockHash;

    private static DutyView See(Certificate certificate, Vote vote) =>
        vote.Ballot == certificate.Ballot ? new DutyView(MissReason.NotIncluded, Signature: vote.Signature)
        : vote.Ballot.Round == certificate.Ballot.Round ? new DutyView(MissReason.OtherBlock, Voted: vote.Ballot.BlockHash)
        : new DutyView(MissReason.OtherRound, vote.Ballot.Round);

    /// <summary>The precommit of the certificate's round, or else that of the latest.</summary>
    private static DutyView? Votes(FinalityState height, Certificate certificate, int index)
    {
        var votes = height.Tallies.Where(static entry => entry.Key.Phase == Phase.Precommit).Select(entry => entry.Value[index]).OfType<Vote>().ToArray();
        var vote = Array.Find(votes, vote => vote.Ballot.Round == certificate.Ballot.Round) ?? votes.LastOrDefault();
        return vote is null ? null : See(certificate, vote);
    }

    private static bool HasPrepared(FinalityState height, int index) =>
        height.Tallies.Any(entry => entry.Key.Phase == Phase.Prepare && entry.Value.BallotOf(index) is not null);
}
