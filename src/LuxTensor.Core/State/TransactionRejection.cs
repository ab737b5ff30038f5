using LuxTensor.Core.Validators;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Core.State;

/// <summary>Why a transaction is refused, with the numbers that say what to change. A closed set; amounts are base units.</summary>
public abstract record TransactionRejection
{
    private TransactionRejection()
    {
    }

    /// <summary>
    /// One sentence for the sender: what is wrong, and what would be right. Three begin with the words by which Ethereum's
    /// client libraries tell such errors apart.
    /// </summary>
    public string Message => this switch
    {
        Malformed it => $"the bytes are not the canonical encoding of a transaction: {it.Fault}",
        WrongChain it => $"the transaction is for chain {it.Actual}, this is chain {it.Expected}",
        TooLarge it => $"the transaction has {it.Actual} bytes, at most {it.Limit} are allowed",
        FeeTooLow it => $"the fee is {it.Actual}, at least {it.Minimum} is needed",
        AmountOverflow it => $"fee {it.Fee} and value {it.Value} together are more than any account can have",
        NonceTooLow it => $"nonce too low: {it.Actual} is used already, the account's next nonce is {it.Expected}",
        NonceGap it => $"nonce {it.Actual} comes too early, the account's next nonce is {it.Expected}",
        NonceTooFar it => $"nonce {it.Actual} is too far ahead, the pool takes this account's nonces up to {it.Last}",
        NonceExhausted it => $"the account has used every nonce up to {it.Nonce}: it can send nothing any more",
        InsufficientBalance it => $"insufficient funds: {it.Needed} base units are needed, the account can spend {it.Available}",
        SenderNotAdmissible it => $"the sender's key {it.Key} is not an admissible Ed25519 key",
        BadSignature it => $"the signature is not that of {it.Sender} for this transaction",
        ReplacementUnderpriced it => $"replacement transaction underpriced: the pool has one with this nonce, to replace it takes a fee of {it.Needed}, not {it.Actual}",
        PoolFull it => $"the transaction pool is full, a fee of {it.MinimumFeeToEnter} or more is needed to enter",
        BadEvidence it => $"the two votes are not both signed by {it.Offender}",
        ValidatorExists it => $"{it.Validator} is a validator already ({it.Standing}): add stake with a top-up",
        ValidatorUnknown it => $"{it.Validator} is no validator",
        StakeBelowMinimum it => $"the stake would be {it.Actual}, at least {it.Minimum} is needed",
        NothingToAdd it => $"a top-up of {it.Validator} must add at least 1 base unit",
        AlreadyLeaving it => $"validator {it.Validator} leaves with epoch {it.Until} already",
        LastValidator it => $"validator {it.Validator} is the last one that stays: the chain would stop without it",
        NotJailed it => $"validator {it.Validator} is not jailed ({it.Standing})",
        StillInSet it => $"validator {it.Validator} is in the sets up to epoch {it.Until - 1}, this is epoch {it.Epoch}: ask again in epoch {it.Until}",
        NotWithdrawable { From: Validator.Never } it => $"the stake of {it.Validator} is locked until it has exited",
        NotWithdrawable it => $"the stake of {it.Validator} can be withdrawn from epoch {it.From} on, this is epoch {it.Epoch}",
        RemovedForGood it => $"validator {it.Validator} was removed for good after a double vote",
        WrongEvidenceEpoch it => $"the votes are of epoch {it.Actual}, but height {it.Height} is in epoch {it.Expected}",
        EvidenceTooOld it => $"the votes are of epoch {it.Actual}, only those from epoch {it.Oldest} on can be punished",
        EvidenceTooEarly it => $"the votes are for height {it.Actual}, nobody votes above {it.Limit} yet",
        EvidenceKnown it => $"the pool has evidence against {it.Offender} already: transaction {it.Id}",
        AlreadyPunished it => $"validator {it.Validator} was punished already",
        _ => throw new InvalidOperationException($"a rejection without a message: {GetType().Name}"),
    };

    /// <summary>The bytes are not a transaction.</summary>
    public sealed record Malformed(WireFault Fault) : TransactionRejection;

    /// <summary>It is for another chain (TXN-3).</summary>
    public sealed record WrongChain(ulong Expected, ulong Actual) : TransactionRejection;

    /// <summary>Its encoding is over the chain's limit (TXN-4), bytes.</summary>
    public sealed record TooLarge(int Limit, int Actual) : TransactionRejection;

    /// <summary>It pays less than the chain's least fee (TXN-5).</summary>
    public sealed record FeeTooLow(UInt128 Minimum, UInt128 Actual) : TransactionRejection;

    /// <summary>Fee and value do not fit 128 bits together (TXN-6).</summary>
    public sealed record AmountOverflow(UInt128 Fee, UInt128 Value) : TransactionRejection;

    /// <summary>The nonce is used (EXE-3).</summary>
    public sealed record NonceTooLow(ulong Expected, ulong Actual) : TransactionRejection;

    /// <summary>Transactions of the sender are missing before it (EXE-3).</summary>
    public sealed record NonceGap(ulong Expected, ulong Actual) : TransactionRejection;

    /// <summary>The nonce is beyond what the pool keeps for one sender (MEM-3).</summary>
    public sealed record NonceTooFar(ulong Last, ulong Actual) : TransactionRejection;

    /// <summary>The account has no nonce left (EXE-3).</summary>
    public sealed record NonceExhausted(ulong Nonce) : TransactionRejection;

    /// <summary>The balance does not cover fee and value (EXE-4); in the pool, those of all the sender's transactions (MEM-4).</summary>
    public sealed record InsufficientBalance(UInt128 Needed, UInt128 Available) : TransactionRejection;

    /// <summary>The sender's key is not a canonical point of the prime-order subgroup (TXN-2).</summary>
    public sealed record SenderNotAdmissible(PublicKey Key) : TransactionRejection;

    /// <summary>The signature does not verify (TXN-2).</summary>
    public sealed record BadSignature(Address Sender) : TransactionRejection;

    /// <summary>It would replace a pooled transaction and does not pay enough more (MEM-5).</summary>
    public sealed record ReplacementUnderpriced(UInt128 Needed, UInt128 Actual) : TransactionRejection;

    /// <summary>
    /// The pool is full of better ones (MEM-6). The fee is one over that of the pool's worst; a transaction that waits
    /// behind that worst one, of its own sender, has to replace it first.
    /// </summary>
    public sealed record PoolFull(UInt128 MinimumFeeToEnter) : TransactionRejection;

    /// <summary>A vote of an evidence transaction is not the named key's (EVI-1).</summary>
    public sealed record BadEvidence(Address Offender) : TransactionRejection;

    /// <summary>The sender is a validator, or was one whose stake is not withdrawn (VAL-2).</summary>
    public sealed record ValidatorExists(Address Validator, Standing Standing) : TransactionRejection;

    /// <summary>There is no such validator, or its stake is withdrawn (VAL-3 to VAL-6, EVI-2).</summary>
    public sealed record ValidatorUnknown(Address Validator) : TransactionRejection;

    /// <summary>The stake is or stays below the chain's minimum (VAL-2, VAL-6).</summary>
    public sealed record StakeBelowMinimum(UInt128 Minimum, UInt128 Actual) : TransactionRejection;

    /// <summary>A top-up of nothing (VAL-3).</summary>
    public sealed record NothingToAdd(Address Validator) : TransactionRejection;

    /// <summary>The validator is on its way out (VAL-3, VAL-4).</summary>
    public sealed record AlreadyLeaving(Address Validator, ulong Until) : TransactionRejection;

    /// <summary>Nobody would be left (VAL-4).</summary>
    public sealed record LastValidator(Address Validator) : TransactionRejection;

    /// <summary>Only a jailed validator can return (VAL-6).</summary>
    public sealed record NotJailed(Address Validator, Standing Standing) : TransactionRejection;

    /// <summary>A jailed validator is still in sets that were fixed before (VAL-6).</summary>
    public sealed record StillInSet(Address Validator, ulong Until, ulong Epoch) : TransactionRejection;

    /// <summary>The stake is still locked (VAL-5); <paramref name="From"/> is <see cref="Validators.Validator.Never"/> before an exit.</summary>
    public sealed record NotWithdrawable(Address Validator, ulong From, ulong Epoch) : TransactionRejection;

    /// <summary>The validator was removed for good (EVI-5).</summary>
    public sealed record RemovedForGood(Address Validator) : TransactionRejection;

    /// <summary>The epoch that the votes name is not their height's (EVI-2).</summary>
    public sealed record WrongEvidenceEpoch(ulong Height, ulong Expected, ulong Actual) : TransactionRejection;

    /// <summary>The votes are too old to be punished (EVI-3).</summary>
    public sealed record EvidenceTooOld(ulong Oldest, ulong Actual) : TransactionRejection;

    /// <summary>The votes are for a height that no validator votes for yet (EVI-3).</summary>
    public sealed record EvidenceTooEarly(ulong Limit, ulong Actual) : TransactionRejection;

    /// <summary>The pool has other evidence against the validator, and one is enough (MEM-11).</summary>
    public sealed record EvidenceKnown(Address Offender, Hash256 Id) : TransactionRejection;

    /// <summary>The validator was punished before (EVI-4).</summary>
    public sealed record AlreadyPunished(Address Validator) : TransactionRejection;
}
