using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Engine;

/// <summary>
/// Remembers every vote that left this operator's keys (GRD-1). A vote is recorded durably, under a uniqueness constraint of the
/// store over (validator, height, round, phase), before its signature may leave. Safe to call from any thread and process.
/// </summary>
public interface ISigningGuard : IDisposable
{
    /// <summary>Records a signed vote, or says why its signature must not leave.</summary>
    /// <exception cref="JournalException">The record could not be made durable: the signature must not leave.</exception>
    GuardDecision Record(Vote vote);

    /// <summary>
    /// The last position at which this validator signed a prepare or precommit, or below which everything is refused; null for
    /// none. Proposals do not count: they are made heights ahead, and nothing is forgotten with them (GRD-4).
    /// </summary>
    SigningPosition? LastSigned(Address validator);

    /// <summary>Refuses from now on, durably, all that this validator did not sign yet at a height or below (GRD-4).</summary>
    /// <exception cref="JournalException">It could not be made durable: the validator must not sign.</exception>
    void RefuseUpTo(Address validator, ulong height);

    /// <summary>
    /// Holds the guard against a position that the node's journal knows was signed. A guard that neither has a vote there nor
    /// refuses everything up to there was restored from an older copy: from then on it releases nothing of this validator
    /// until the operator accepts that. Null where the guard is whole.
    /// </summary>
    GuardDecision.Blocked? VerifyNotOlderThan(Address validator, SigningPosition knownToJournal);
}

/// <summary>A place in the order of signing: height, then round, then phase.</summary>
public readonly record struct SigningPosition(ulong Height, uint Round, Phase Phase) : IComparable<SigningPosition>
{
    /// <inheritdoc/>
    public int CompareTo(SigningPosition other) => (Height, Round, Phase).CompareTo((other.Height, other.Round, other.Phase));
}

/// <summary>The guard's answer. A closed set.</summary>
public abstract record GuardDecision
{
    private GuardDecision()
    {
    }

    /// <summary>The kind of refusal; null where the signature may leave.</summary>
    public SigningRefusal? Refusal => this switch
    {
        DoubleSign => SigningRefusal.DoubleSign,
        BelowWatermark => SigningRefusal.BelowWatermark,
        Blocked => SigningRefusal.Blocked,
        _ => null,
    };

    /// <summary>The signature may leave; where the same vote was signed before, it is the signature of then (GRD-2).</summary>
    public sealed record Released(Signature Signature) : GuardDecision;

    /// <summary>Another block was signed at this position.</summary>
    public sealed record DoubleSign(Hash256 Signed, Hash256 Asked) : GuardDecision;

    /// <summary>The position is at or below what an import or an operator said was signed elsewhere.</summary>
    public sealed record BelowWatermark(SigningPosition Watermark) : GuardDecision;

    /// <summary>The guard's records are known to be incomplete; it signs nothing until the operator says so.</summary>
    public sealed record Blocked(string Reason) : GuardDecision;
}
