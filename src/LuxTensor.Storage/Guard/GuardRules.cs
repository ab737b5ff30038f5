using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;

namespace LuxTensor.Storage;

/// <summary>What a guard answers, from what it has stored: the same for every kind of store.</summary>
internal static class GuardRules
{
    /// <summary>Votes of a validator between two times that old ones are forgotten.</summary>
    internal const int VotesBetweenPrunings = 256;

    /// <exception cref="ArgumentOutOfRangeException">The vote's phase is not one that is signed.</exception>
    internal static SigningPosition PositionOf(Vote vote) => vote.Ballot.Phase <= Phase.Precommit
        ? new SigningPosition(vote.Ballot.Height, vote.Ballot.Round, vote.Ballot.Phase)
        : throw new ArgumentOutOfRangeException(nameof(vote), vote.Ballot.Phase, "only proposals, prepares and precommits are signed");

    /// <summary>Why a vote is none that a guard of this chain could record, or null.</summary>
    internal static GuardDecision.Blocked? Unfit(Vote vote, ulong chainId) =>
        vote.Ballot.ChainId != chainId
            ? new GuardDecision.Blocked($"this guard is for chain {chainId}, the vote is for chain {vote.Ballot.ChainId}")
        : vote.Ballot.Height > long.MaxValue ? new GuardDecision.Blocked($"no chain reaches height {vote.Ballot.Height}") // the stores' integers are signed
        : null;

    /// <summary>The answer to a vote at a position that was signed or is refused already; null where it is new.</summary>
    internal static GuardDecision? Earlier(Vote vote, SigningPosition position, SignedVote? signed, SigningPosition? watermark)
    {
        if (signed is { } there)
        {
            // The epoch is part of what is signed: the same block in another epoch is another message.
            return there.Block == vote.Ballot.BlockHash && there.Epoch == vote.Ballot.Epoch
                ? new GuardDecision.Released(there.Signature)
                : new GuardDecision.DoubleSign(there.Block, vote.Ballot.BlockHash);
        }

        return watermark is { } mark && position.CompareTo(mark) <= 0 ? new GuardDecision.BelowWatermark(mark) : null;
    }

    /// <summary>Why a guard that lacks a position releases nothing (GRD-3); null where it lacks none.</summary>
    internal static GuardDecision.Blocked? Older(string where, Address validator, SigningPosition? lacking) => lacking is { } lacked
        ? new GuardDecision.Blocked(
            $"the guard {where} is older than the journal: {validator} signed height {lacked.Height}, round {lacked.Round}, {lacked.Phase}, and the guard lacks it. "
            + "Restore the newest guard, or make sure that this key signs nowhere else and accept")
        : null;
}

/// <summary>What a guard has of one validator.</summary>
/// <param name="Validator">Whose.</param>
/// <param name="Votes">The newest votes, newest first.</param>
/// <param name="Watermark">The position at or below which all is refused, or which it lacks.</param>
internal sealed record GuardRecords(Address Validator, List<(SigningPosition Position, SignedVote Vote)> Votes, SigningPosition? Watermark);
