using LuxTensor.Core.Voting;
using LuxTensor.Engine;

namespace LuxTensor.Storage;

/// <summary>
/// How positions become the slots and epochs of EIP-3076, each way without loss. A slot is height · 2^24 + round. A vote's
/// target epoch is twice that, plus 1 for a precommit; its source epoch is the height. Both grow with the position, so
/// the rules that other tools apply (no slot twice, no target twice, no vote that surrounds another) never refuse what
/// this guard would sign, and the highest slot and target stand for everything below them.
/// </summary>
internal static class InterchangePlaces
{
    private const int RoundBits = 24;
    private const ulong MaxRound = (1UL << RoundBits) - 1;
    private const ulong MaxHeight = (1UL << (63 - RoundBits)) - 1;

    /// <summary>The slot of a proposal.</summary>
    /// <exception cref="GuardException">The height or round is too large for the format.</exception>
    internal static ulong SlotOf(SigningPosition position) => position.Height <= MaxHeight && position.Round <= MaxRound
        ? (position.Height << RoundBits) | position.Round
        : throw new GuardException(
            $"height {position.Height}, round {position.Round} does not fit the interchange format (up to height {MaxHeight}, round {MaxRound})");

    /// <summary>The target epoch of a prepare or precommit.</summary>
    /// <exception cref="GuardException">The height or round is too large for the format.</exception>
    internal static ulong TargetOf(SigningPosition position) =>
        (SlotOf(position) << 1) | (position.Phase == Phase.Precommit ? 1UL : 0);

    /// <summary>The position of a proposal's slot, or null for one that <see cref="SlotOf"/> never gives.</summary>
    internal static SigningPosition? OfSlot(ulong slot) =>
        slot >> RoundBits <= MaxHeight ? new SigningPosition(slot >> RoundBits, (uint)(slot & MaxRound), Phase.Propose) : null;

    /// <summary>The position of a vote's target.</summary>
    internal static SigningPosition OfTarget(ulong target) =>
        OfSlot(target >> 1)!.Value with { Phase = (target & 1) == 1 ? Phase.Precommit : Phase.Prepare };
}
