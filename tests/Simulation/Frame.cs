using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Simulation;

/// <summary>Bytes on their way. Receivers of the same bytes share one decoding of them.</summary>
internal sealed class Frame(byte[] bytes)
{
    private Message? message;
    private bool isDecoded;

    public byte[] Bytes { get; } = bytes;

    /// <summary>FNV-1a of the bytes, for the trace.</summary>
    public ulong Print { get; } = PrintOf(bytes);

    public Message? Decode(ChainRules rules)
    {
        if (!isDecoded)
        {
            isDecoded = true;
            _ = MessageCodec.TryDecode(Bytes, rules, out message, out _);
        }

        return message;
    }

    private static ulong PrintOf(byte[] bytes)
    {
        var print = 14695981039346656037;
        foreach (var octet in bytes)
        {
            print = (print ^ octet) * 1099511628211;
        }

        return print;
    }
}

/// <summary>
/// The verifier, remembering by value what it said. All nodes verify the same bytes against the same sets, so one
/// verification stands for all of them.
/// </summary>
internal sealed class Verification(ChainRules rules)
{
    private readonly Dictionary<Vote, Verified<Vote>?> votes = [];
    private readonly Dictionary<Hash256, Verified<Certificate>?> certificates = [];
    private readonly Dictionary<Hash256, Verified<Block>?> blocks = [];
    private readonly Dictionary<(Hash256 Block, Hash256 Certificate), Verified<CertifiedBlock>?> certified = [];
    private readonly Dictionary<Hash256, Verified<Transaction>?> transactions = [];
    private readonly Dictionary<Proposal, Verified<Proposal>?> proposals = new(ReferenceEqualityComparer.Instance);

    /// <summary>The same, for the machine that catches up.</summary>
    public SignatureChecks Checks => new(
        (certificate, set) => Of(certificate, epoch => epoch == set.Epoch ? set : null) is not null,
        (block, sets) => Of(block, sets) is not null);

    public Verified<Vote>? Of(Vote vote, Func<ulong, EpochSnapshot?> sets)
    {
        if (sets(rules.EpochOf(vote.Ballot.Height)) is null)
        {
            return null; // nothing to remember: the node may learn of the epoch
        }

        if (!votes.TryGetValue(vote, out var known))
        {
            known = Verifier.Check(vote, rules, sets(rules.EpochOf(vote.Ballot.Height)), out var verified) is null ? verified : null;
            votes.Add(vote, known);
        }

        return known;
    }

    public Verified<Certificate>? Of(Certificate certificate, Func<ulong, EpochSnapshot?> sets)
    {
        if (sets(rules.EpochOf(certificate.Height)) is null)
        {
            return null; // nothing to remember: the node may learn of the epoch
        }

        if (!certificates.TryGetValue(certificate.Hash, out var known))
        {
            known = Verifier.Check(certificate, rules, sets(rules.EpochOf(certificate.Height)), out var verified) is null ? verified : null;
            certificates.Add(certificate.Hash, known);
        }

        return known;
    }

    public Verified<Proposal>? Of(Proposal proposal, Func<ulong, EpochSnapshot?> sets)
    {
        if (!AreKnown(proposal.Block, sets))
        {
            return null;
        }

        if (!proposals.TryGetValue(proposal, out var known))
        {
            known = Verifier.Check(proposal, rules, sets, IsKnown, out var verified) is null ? verified : null;
            proposals.Add(proposal, known);
        }

        return known;
    }

    public Verified<Block>? Of(Block block, Func<ulong, EpochSnapshot?> sets)
    {
        if (!AreKnown(block, sets))
        {
            return null;
        }

        var key = Sha256.Hash(block.Encoded.Span);
        if (!blocks.TryGetValue(key, out var known))
        {
            known = Verifier.Check(block, rules, sets, IsKnown, out var verified) is null ? verified : null;
            blocks.Add(key, known);
        }

        return known;
    }

    public Verified<CertifiedBlock>? Of(CertifiedBlock item, Func<ulong, EpochSnapshot?> sets)
    {
        if (!AreKnown(item.Block, sets))
        {
            return null;
        }

        var key = (Sha256.Hash(item.Block.Encoded.Span), item.Certificate.Hash);
        if (!certified.TryGetValue(key, out var known))
        {
            known = Verifier.Check(item, rules, sets, IsKnown, out var verified) is null ? verified : null;
            certified.Add(key, known);
        }

        return known;
    }

    public Verified<Transaction>? Of(Transaction transaction)
    {
        if (!transactions.TryGetValue(transaction.Id, out var known))
        {
            known = Verifier.Check(transaction, rules, out var verified) is null ? verified : null;
            transactions.Add(transaction.Id, known);
        }

        return known;
    }

    private bool AreKnown(Block block, Func<ulong, EpochSnapshot?> sets) =>
        sets(rules.EpochOf(block.Height)) is not null
        && (block.Certificate is not { } certificate || sets(rules.EpochOf(certificate.Height)) is not null);

    private bool IsKnown(Transaction transaction) => Of(transaction) is not null;
}
