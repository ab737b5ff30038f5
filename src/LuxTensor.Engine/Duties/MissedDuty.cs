using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Crypto;

namespace LuxTensor.Engine;

/// <summary>Why a validator is missing from a certificate, as far as this node saw. A closed set.</summary>
public enum MissReason : byte
{
    /// <summary>Nothing signed by it for the height came.</summary>
    Offline = 1,

    /// <summary>It prepared, but its precommit did not come.</summary>
    NoPrecommit = 2,

    /// <summary>Its precommit came after the height was final here; the detail is how long after, milliseconds.</summary>
    Late = 3,

    /// <summary>It precommitted in another round only; the detail is that round.</summary>
    OtherRound = 4,

    /// <summary>It precommitted another block, or nil, in the certificate's round.</summary>
    OtherBlock = 5,

    /// <summary>This node's own signing guard refused the precommit; the detail is the <see cref="SigningRefusal"/>.</summary>
    Refused = 6,

    /// <summary>A vote in its name was refused because it did not verify: nobody can tell who sent it.</summary>
    BadVote = 7,

    /// <summary>Its precommit was here in time; whoever put the certificate into a block did not have it, or left it out.</summary>
    NotIncluded = 8,
}

/// <summary>What this node saw of a validator that is missing from the certificate of a height.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Detail">What the reason says it is; 0 where it says nothing.</param>
/// <param name="Voted">The block precommitted instead; zero for nil and for all other reasons.</param>
/// <param name="Signature">Its signature for the final block, where it came.</param>
public sealed record DutyView(MissReason Reason, ulong Detail = 0, Hash256 Voted = default, Signature? Signature = null);

/// <summary>A duty that counted as missed (DUT-1), for the journal.</summary>
/// <param name="Height">The height.</param>
/// <param name="Validator">Who was missing.</param>
/// <param name="CountedBy">Height of the block whose certificate told.</param>
/// <param name="Reason">Why, as far as this node saw.</param>
/// <param name="Detail">What the reason says it is.</param>
/// <param name="Voted">The block precommitted instead; zero for nil and for all other reasons.</param>
public sealed record MissedDuty(ulong Height, Address Validator, ulong CountedBy, MissReason Reason, ulong Detail, Hash256 Voted);
