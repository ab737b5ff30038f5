using System.Collections.Immutable;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;

namespace LuxTensor.Core.Consensus;

/// <summary>Canonical bytes of a <see cref="Message"/> (WIR-3): version, chain id, kind, fields.</summary>
public static class MessageCodec
{
    private const byte Version = 1;

    private enum Kind : byte
    {
        Propose = 1,
        CastVote = 2,
        Certify = 3,
        Submit = 4,
        Status = 5,
        GetBlock = 6,
        BlockReply = 7,
        GetBlocks = 8,
        Blocks = 9,
    }

    /// <summary>Encodes a message for a chain.</summary>
    public static byte[] Encode(ulong chainId, Message message)
    {
        var writer = new WireWriter().UInt8(Version).UInt64(chainId);
        switch (message)
        {
            case Message.Propose { Proposal: var proposal }:
                writer.UInt8((byte)Kind.Propose);
                proposal.Vote.Write(writer);
                writer.Flag(proposal.Prepared is not null);
                proposal.Prepared?.Write(writer);
                writer.Bytes(proposal.Block.Encoded.Span);
                break;
            case Message.CastVote { Vote: var vote }:
                vote.Write(writer.UInt8((byte)Kind.CastVote));
                break;
            case Message.Certify { Certificate: var certificate }:
                certificate.Write(writer.UInt8((byte)Kind.Certify));
                break;
            case Message.Submit { Transaction: var transaction }:
                writer.UInt8((byte)Kind.Submit).Bytes(transaction.Encoded.Span);
                break;
            case Message.Status status:
                writer.UInt8((byte)Kind.Status).Hash(status.Genesis).UInt64(status.FinalHeight).Hash(status.FinalHash).UInt32(status.Round);
                break;
            case Message.GetBlock { Hash: var hash }:
                writer.UInt8((byte)Kind.GetBlock).Hash(hash);
                break;
            case Message.BlockReply { Block: var block }:
                writer.UInt8((byte)Kind.BlockReply).Bytes(block.Encoded.Span);
                break;
            case Message.GetBlocks { From: var from, Count: var count }:
                writer.UInt8((byte)Kind.GetBlocks).UInt64(from).UInt32((uint)count);
                break;
            case Message.Blocks { Items: var items }:
                writer.UInt8((byte)Kind.Blocks).UInt32((uint)items.Length);
                foreach (var item in items)
                {
                    item.Certificate.Write(writer.LengthPrefixed(item.Block.Encoded.Span));
                }

                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(message));
        }

        return writer.ToArray();
    }

    /// <summary>Reads exactly one message of the chain with these rules. Nothing is verified but the form and the chain id.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, ChainRules rules, out Message? message, out WireFault fault)
    {
        message = null;
        var reader = new WireReader(bytes);
        if (bytes.Length > WireLimits.MaxMessageBytes)
        {
            reader.Fail(WireFault.TooLong);
        }
        else if (reader.UInt8() != Version || reader.UInt64() != rules.ChainId)
        {
            reader.Fail(reader.Fault == WireFault.None ? WireFault.UnknownTag : reader.Fault);
        }

        var read = ReadBody(ref reader, rules);
        if (reader.End())
        {
            message = read;
        }

        fault = reader.Fault;
        return message is not null;
    }

    private static Message? ReadBody(ref WireReader reader, ChainRules rules)
    {
        switch ((Kind)reader.UInt8())
        {
            case Kind.Propose:
                return ReadProposal(ref reader, rules);
            case Kind.CastVote:
                var vote = Vote.Read(ref reader);
                if (vote.Ballot.Phase == Phase.Propose)
                {
                    reader.Fail(WireFault.UnknownTag); // a proposal travels with its block
                }

                return new Message.CastVote(vote);
            case Kind.Certify:
                return new Message.Certify(Certificate.Read(ref reader));
            case Kind.Submit:
                var rest = reader.Bytes(reader.Remaining);
                if (!Transaction.TryDecode(rest, rules.MaxTransactionBytes, out var transaction, out var transactionFault))
                {
                    reader.Fail(transactionFault);
                    return null;
                }

                return new Message.Submit(transaction!);
            case Kind.Status:
                return new Message.Status(reader.Hash(), reader.UInt64(), reader.Hash(), reader.UInt32());
            case Kind.GetBlock:
                return new Message.GetBlock(reader.Hash());
            case Kind.BlockReply:
                return ReadBlock(ref reader, rules) is { } block ? new Message.BlockReply(block) : null;
            case Kind.GetBlocks:
                var from = reader.UInt64();
                return new Message.GetBlocks(from, ReadCount(ref reader));
            case Kind.Blocks:
                return ReadBlocks(ref reader, rules);
            default:
                reader.Fail(WireFault.UnknownTag);
                return null;
        }
    }

    private static Message.Propose? ReadProposal(ref WireReader reader, ChainRules rules)
    {
        var vote = Vote.Read(ref reader);
        var prepared = reader.Flag() ? Certificate.Read(ref reader) : null;
        var block = ReadBlock(ref reader, rules);
        if (block is null || vote.Ballot.Phase != Phase.Propose || vote.Ballot.BlockHash != block.Hash || vote.Ballot.Height != block.Height)
        {
            reader.Fail(WireFault.NotCanonical);
            return null;
        }

        return new Message.Propose(new Proposal(block, vote, prepared));
    }

    private static Message.Blocks ReadBlocks(ref WireReader reader, ChainRules rules)
    {
        var count = reader.Count(WireLimits.MaxBlocksPerMessage, BlockHeader.Size);
        var items = ImmutableArray.CreateBuilder<CertifiedBlock>(count);
        for (var i = 0; i < count && reader.Fault == WireFault.None; i++)
        {
            var bytes = reader.LengthPrefixed(rules.MaxBlockBytes);
            if (reader.Fault != WireFault.None)
            {
                break;
            }

            if (Block.TryDecode(bytes, rules.MaxBlockBytes, rules.MaxTransactionBytes, out var block, out var fault))
            {
                items.Add(new CertifiedBlock(block!, Certificate.Read(ref reader)));
            }
            else
            {
                reader.Fail(fault);
            }
        }

        return new Message.Blocks(items.ToImmutable());
    }

    private static Block? ReadBlock(ref WireReader reader, ChainRules rules) =>
        Block.Read(ref reader, rules.MaxBlockBytes, rules.MaxTransactionBytes);

    private static int ReadCount(ref WireReader reader)
    {
        var count = reader.UInt32();
        if (count is 0 or > WireLimits.MaxBlocksPerMessage)
        {
            reader.Fail(WireFault.TooLong);
            return 0;
        }

        return (int)count;
    }
}
