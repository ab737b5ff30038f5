using System.Collections.Immutable;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Slashing;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
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
        GetBlockHeaders = 10,
        BlockHeaders = 11,
        Accuse = 12,
        Ping = 13,
        Pong = 14,
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
                    writer.LengthPrefixed(item.Encoded.Span);
                }

                break;
            case Message.GetBlockHeaders { From: var from, Count: var count }:
                writer.UInt8((byte)Kind.GetBlockHeaders).UInt64(from).UInt32((uint)count);
                break;
            case Message.BlockHeaders headers:
                WriteHeaders(writer.UInt8((byte)Kind.BlockHeaders), headers);
                break;
            case Message.Accuse { Offence: var offence }:
                offence.Write(writer.UInt8((byte)Kind.Accuse));
                break;
            case Message.Ping { Nonce: var nonce }:
                writer.UInt8((byte)Kind.Ping).UInt64(nonce);
                break;
            case Message.Pong { Nonce: var nonce }:
                writer.UInt8((byte)Kind.Pong).UInt64(nonce);
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
            case Kind.GetBlockHeaders:
                var first = reader.UInt64();
                return new Message.GetBlockHeaders(first, ReadCount(ref reader));
            case Kind.BlockHeaders:
                return ReadHeaders(ref reader);
            case Kind.Accuse:
                return DoubleVote.Read(ref reader, rules.ChainId) is { } offence ? new Message.Accuse(offence) : null;
            case Kind.Ping:
                return new Message.Ping(reader.UInt64());
            case Kind.Pong:
                return new Message.Pong(reader.UInt64());
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
        var items = ImmutableArray.CreateBuilder<Block>(count);
        for (var i = 0; i < count && reader.Fault == WireFault.None; i++)
        {
            var bytes = reader.LengthPrefixed(rules.MaxBlockBytes);
            if (reader.Fault != WireFault.None)
            {
                break;
            }

            if (Block.TryDecode(bytes, rules.MaxBlockBytes, rules.MaxTransactionBytes, out var block, out var fault))
            {
                items.Add(block!);
            }
            else
            {
                reader.Fail(fault);
            }
        }

        return new Message.Blocks(items.ToImmutable());
    }

    private static void WriteHeaders(WireWriter writer, Message.BlockHeaders headers)
    {
        writer.UInt32((uint)headers.Items.Length);
        foreach (var (header, certificate) in headers.Items)
        {
            header.Write(writer);
            certificate.Write(writer);
        }

        writer.UInt32((uint)headers.Sets.Length);
        foreach (var set in headers.Sets)
        {
            writer.UInt64(set.Epoch).LengthPrefixed(set.EncodeMembers());
        }
    }

    private static Message.BlockHeaders ReadHeaders(ref WireReader reader)
    {
        var count = reader.Count(WireLimits.MaxBlocksPerMessage, BlockHeader.Size);
        var items = ImmutableArray.CreateBuilder<CertifiedHeader>(count);
        for (var i = 0; i < count && reader.Fault == WireFault.None; i++)
        {
            items.Add(new CertifiedHeader(BlockHeader.Read(ref reader), Certificate.Read(ref reader)));
        }

        count = reader.Count(WireLimits.MaxBlocksPerMessage + 1, 8 + 4 + EpochValidator.Size); // each header names the next set, and the first one has its own
        var sets = ImmutableArray.CreateBuilder<EpochSnapshot>(count);
        for (var i = 0; i < count && reader.Fault == WireFault.None; i++)
        {
            var epoch = reader.UInt64();
            var members = reader.LengthPrefixed(WireLimits.MaxValidators * EpochValidator.Size);
            if (reader.Fault == WireFault.None && EpochSnapshot.TryDecode(epoch, members) is { } set)
            {
                sets.Add(set);
            }
            else
            {
                reader.Fail(WireFault.NotCanonical);
            }
        }

        return new Message.BlockHeaders(items.ToImmutable(), sets.ToImmutable());
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
