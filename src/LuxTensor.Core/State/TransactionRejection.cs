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
}
