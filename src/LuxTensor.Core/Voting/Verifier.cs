using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Voting;

/// <summary>Why a signed thing does not count. A closed set; weight 0 in every case.</summary>
public abstract record VoteRejection
{
    private VoteRejection()
    {
    }

    /// <summary>Signed for another chain.</summary>
    public sealed record WrongChain(ulong Expected, ulong Actual) : VoteRejection;

    /// <summary>The epoch is not the one of the height.</summary>
    public sealed record WrongEpoch(ulong Height, ulong Expected, ulong Actual) : VoteRejection;

    /// <summary>The epoch's set is not fixed yet by a final block here, or was forgotten: nothing can be said about the signature.</summary>
    public sealed record UnknownEpoch(ulong Epoch) : VoteRejection;

    /// <summary>The validator is not active in the epoch.</summary>
    public sealed record UnknownValidator(Address Validator, ulong Epoch) : VoteRejection;

    /// <summary>The signature does not verify.</summary>
    public sealed record BadSignature(Address Validator) : VoteRejection;

    /// <summary>Signed by another than the proposer drawn for (height, round).</summary>
    public sealed record NotTheProposer(Address Expected, Address Actual) : VoteRejection;

    /// <summary>A certificate names more validators than the epoch has, or not one signature a signer.</summary>
    public sealed record MalformedCertificate(ulong Height) : VoteRejection;

    /// <summary>A certificate's signers hold too little stake.</summary>
    public sealed record NoQuorum(UInt128 Signed, UInt128 Total) : VoteRejection;

    /// <summary>The certificate is not of the phase or block that it is used for.</summary>
    public sealed record WrongCertificate(ulong Height, Phase Phase) : VoteRejection;

    /// <summary>The proposer's vote is not a proposal of the block that it came with.</summary>
    public sealed record WrongBlock(Hash256 Expected, Hash256 Actual) : VoteRejection;

    /// <summary>The transactions or the certificate are not those that the header names.</summary>
    public sealed record WrongBody(Hash256 Block) : VoteRejection;

    /// <summary>A transaction in a block does not verify.</summary>
    public sealed record BadTransaction(int Index) : VoteRejection;
}

/// <summary>
/// Checks signatures against an epoch's frozen set, off the loop. The only maker of <see cref="Verified{T}"/> (VOT-2).
/// </summary>
public static partial class Verifier
{
    /// <summary>
    /// What another process of this same node verified (VOT-2): a cluster checks a signature once, where it comes in. Whoever
    /// calls this answers for where the value came from; a certificate that decides anything is checked again all the same.
    /// </summary>
    public static Verified<T> Attested<T>(T value)
        where T : class => new(value);

    /// <summary>Checks a proposal (VOT-4): its proposer, the proposer's vote, the certificates and every transaction. Null on success.</summary>
    public static VoteRejection? Check(
        Proposal proposal, ChainRules rules, Func<ulong, EpochSnapshot?> sets, Func<Transaction, bool> isKnown, out Verified<Proposal> verified)
    {
        verified = default;
        var ballot = proposal.Vote.Ballot;
        if (ballot.Phase != Phase.Propose || ballot.Height != proposal.Block.Height || ballot.BlockHash != proposal.Block.Hash)
        {
            return new VoteRejection.WrongBlock(proposal.Block.Hash, ballot.BlockHash);
        }

        var epoch = rules.EpochOf(ballot.Height);
        if (sets(epoch) is not { } set)
        {
            return new VoteRejection.UnknownEpoch(epoch);
        }

        var expected = set.ProposerOf(ballot.Height, ballot.Round).Address;
        if (expected != proposal.Vote.Validator)
        {
            return new VoteRejection.NotTheProposer(expected, proposal.Vote.Validator);
        }

        if (proposal.Prepared is { } prepared
            && (prepared.Ballot.Phase != Phase.Prepare || prepared.BlockHash != proposal.Block.Hash || prepared.Height != proposal.Block.Height))
        {
            return new VoteRejection.WrongCertificate(prepared.Height, prepared.Ballot.Phase);
        }

        var why = Check(proposal.Vote, rules, set, out _)
            ?? (proposal.Prepared is { } certificate ? Check(certificate, rules, set, out _) : null)
            ?? Check(proposal.Block, rules, sets, isKnown, out _);
        if (why is null)
        {
            verified = new Verified<Proposal>(proposal);
        }

        return why;
    }

    /// <summary>Checks what is signed in a block (VOT-5): the certificate of finality that it carries and its transactions. Null on success.</summary>
    public static VoteRejection? Check(
        Block block, ChainRules rules, Func<ulong, EpochSnapshot?> sets, Func<Transaction, bool> isKnown, out Verified<Block> verified)
    {
        verified = default;
        if (!block.IsWhole())
        {
            return new VoteRejection.WrongBody(block.Hash); // whoever passed it on changed it: the proposer signed the header
        }

        if (block.Certificate is { } certificate)
        {
            var why = certificate.Ballot.Phase != Phase.Precommit || certificate.Height >= block.Height
                ? new VoteRejection.WrongCertificate(certificate.Height, certificate.Ballot.Phase)
                : Check(certificate, rules, sets(rules.EpochOf(certificate.Height)), out _);
            if (why is not null)
            {
                return why;
            }
        }

        for (var i = 0; i < block.Transactions.Length; i++)
        {
            if (!isKnown(block.Transactions[i]) && Check(block.Transactions[i], rules, out _) is not null)
            {
                return new VoteRejection.BadTransaction(i);
            }
        }

        verified = new Verified<Block>(block);
        return null;
    }

    /// <summary>Checks a block that its own certificate makes final (CRT-3). Null on success.</summary>
    public static VoteRejection? Check(
        CertifiedBlock item, ChainRules rules, Func<ulong, EpochSnapshot?> sets, Func<Transaction, bool> isKnown, out Verified<CertifiedBlock> verified)
    {
        verified = default;
        var certificate = item.Certificate;
        if (certificate.Ballot.Phase != Phase.Precommit || certificate.BlockHash != item.Block.Hash || certificate.Height != item.Block.Height)
        {
            return new VoteRejection.WrongCertificate(certificate.Height, certificate.Ballot.Phase);
        }

        var why = Check(certificate, rules, sets(rules.EpochOf(certificate.Height)), out _) ?? Check(item.Block, rules, sets, isKnown, out _);
        if (why is null)
        {
            verified = new Verified<CertifiedBlock>(item);
        }

        return why;
    }

    /// <summary>Checks a transaction's sender and signature (TXN-2), and those of the votes that it reports (EVI-1). Null on success.</summary>
    public static VoteRejection? Check(Transaction transaction, ChainRules rules, out Verified<Transaction> verified)
    {
        verified = default;
        if (transaction.ChainId != rules.ChainId)
        {
            return new VoteRejection.WrongChain(rules.ChainId, transaction.ChainId);
        }

        if (!Ed25519.IsAdmissible(transaction.SenderKey) || !Ed25519.Verify(transaction.SenderKey, transaction.SigningMessage(), transaction.Signature))
        {
            return new VoteRejection.BadSignature(transaction.Sender);
        }

        if (transaction.Body is TransactionBody.Report report && !report.Offence.Verify())
        {
            return new VoteRejection.BadSignature(report.Offence.Offender);
        }

        verified = new Verified<Transaction>(transaction);
        return null;
    }

    /// <summary>The proposer's vote of a verified proposal, which was verified with it.</summary>
    public static Verified<Vote> VoteOf(Verified<Proposal> proposal) => new(proposal.Value.Vote);

    /// <summary>A header whose certificate was verified against the set that the header before it names (SYN-3).</summary>
    internal static Verified<CertifiedHeader> Proven(CertifiedHeader header) => new(header);

    /// <summary>The block of a verified header, whose own signatures were verified (SYN-4).</summary>
    internal static Verified<CertifiedBlock> Proven(Verified<CertifiedHeader> header, Block block) => new(new CertifiedBlock(block, header.Value.Certificate));
}
