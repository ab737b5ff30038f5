using System.Collections.Immutable;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Slashing;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Consensus;

/// <summary>A block offered for (height, round): the proposer's ballot and, for a block proposed before, the certificate of prepares that permits it.</summary>
public sealed record Proposal(Block Block, Vote Vote, Certificate? Prepared)
{
    /// <summary>The round it is proposed in, which is the block's own or a later one.</summary>
    public uint Round => Vote.Ballot.Round;
}

/// <summary>A final block and the certificate that made it so.</summary>
public sealed record CertifiedBlock(Block Block, Certificate Certificate);

/// <summary>A final block's header and the certificate that made it so.</summary>
public sealed record CertifiedHeader(BlockHeader Header, Certificate Certificate)
{
    /// <summary>The header's hash, which names the block.</summary>
    public Hash256 Hash { get; } = Header.ComputeHash();
}

/// <summary>What nodes say to each other. A closed set; see <see cref="MessageCodec"/> for the bytes.</summary>
public abstract record Message
{
    private Message()
    {
    }

    /// <summary>A proposal, to all.</summary>
    public sealed record Propose(Proposal Proposal) : Message;

    /// <summary>A prepare or precommit, to all.</summary>
    public sealed record CastVote(Vote Vote) : Message;

    /// <summary>A quorum of prepares or precommits, to all.</summary>
    public sealed record Certify(Certificate Certificate) : Message;

    /// <summary>A transaction, to all.</summary>
    public sealed record Submit(Transaction Transaction) : Message;

    /// <summary>Where a node is: last final block and the round it is in above that.</summary>
    public sealed record Status(Hash256 Genesis, ulong FinalHeight, Hash256 FinalHash, uint Round) : Message;

    /// <summary>Asks one node for a block by hash.</summary>
    public sealed record GetBlock(Hash256 Hash) : Message;

    /// <summary>Answers <see cref="GetBlock"/>.</summary>
    public sealed record BlockReply(Block Block) : Message;

    /// <summary>Asks one node for final blocks from a height up, at most <see cref="WireLimits.MaxBlocksPerMessage"/>.</summary>
    public sealed record GetBlocks(ulong From, int Count) : Message;

    /// <summary>Answers <see cref="GetBlocks"/>: consecutive heights, as many as fit one message; none where there is none.</summary>
    public sealed record Blocks(ImmutableArray<Block> Items) : Message;

    /// <summary>Asks one node for final headers from a height up, at most <see cref="WireLimits.MaxBlocksPerMessage"/>.</summary>
    public sealed record GetBlockHeaders(ulong From, int Count) : Message;

    /// <summary>
    /// Answers <see cref="GetBlockHeaders"/>: consecutive heights, as many as fit one message, and the validator sets that these
    /// headers are the first to name; none where there is none.
    /// </summary>
    public sealed record BlockHeaders(ImmutableArray<CertifiedHeader> Items, ImmutableArray<EpochSnapshot> Sets) : Message;

    /// <summary>A double vote, to all: whoever proposes next can report it.</summary>
    public sealed record Accuse(DoubleVote Offence) : Message;

    /// <summary>Asks one node whether it is there.</summary>
    public sealed record Ping(ulong Nonce) : Message;

    /// <summary>Answers <see cref="Ping"/>.</summary>
    public sealed record Pong(ulong Nonce) : Message;
}
