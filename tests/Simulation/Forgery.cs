using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Simulation;

/// <summary>Things that a validator with a key can sign, and should not.</summary>
internal static class Forgery
{
    public static Vote Sign(SigningKey key, Ballot ballot)
    {
        Span<byte> message = stackalloc byte[Ballot.MessageSize];
        ballot.WriteMessage(message);
        return new Vote(ballot, Address.Of(key.PublicKey), key.Sign(message));
    }

    /// <summary>Another block for the same place, as valid as the first where that holds no transactions.</summary>
    public static Block Variant(Block block) => new(
        block.Header with { Time = block.Header.Time + 1 }, block.Certificate, block.Transactions);

    /// <summary>The block with one thing wrong.</summary>
    public static Block Spoil(Block block, Prng random)
    {
        var header = block.Header;
        var hash = Sha256.Hash(block.Encoded.Span);
        return random.Below(8) switch
        {
            0 => new Block(header with { StateRoot = hash }, block.Certificate, block.Transactions),
            1 => new Block(header with { Proposer = new Address(hash.ToArray().AsSpan(12)) }, block.Certificate, block.Transactions),
            2 => new Block(header with { Time = header.Time + 3_600_000 }, block.Certificate, block.Transactions),
            3 => new Block(header with { Time = 1 }, block.Certificate, block.Transactions),
            4 => new Block(header with { CertificateHash = hash }, block.Certificate, block.Transactions),
            5 => new Block(header with { CertificateHash = default }, null, block.Transactions),
            6 => new Block(header with { TransactionsRoot = hash }, block.Certificate, block.Transactions),
            _ => new Block(header with { Parent = hash }, block.Certificate, block.Transactions),
        };
    }

    /// <summary>The proposal with another block, signed for it.</summary>
    public static Proposal Offer(SigningKey key, Proposal proposal, Block block) => proposal with
    {
        Block = block,
        Vote = Sign(key, proposal.Vote.Ballot with { BlockHash = block.Hash }),
        Prepared = block.Hash == proposal.Block.Hash ? proposal.Prepared : null,
    };

    /// <summary>A certificate with one thing wrong.</summary>
    public static Certificate Spoil(Certificate certificate, Prng random) => random.Below(4) switch
    {
        0 => new Certificate(certificate.Ballot with { Round = certificate.Ballot.Round + 1 }, certificate.Signers, certificate.Signatures),
        1 => new Certificate(certificate.Ballot with { Phase = Phase.Precommit }, certificate.Signers, certificate.Signatures.Reverse().ToImmutableArray()),
        2 => new Certificate(certificate.Ballot, [1], [certificate.Signatures[0]]),
        _ => new Certificate(certificate.Ballot with { Height = certificate.Height + 1_000_000 }, certificate.Signers, certificate.Signatures),
    };
}
