using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Core.Wire;

/// <summary>Where each byte of a value is, and which values have no bytes at all: TXN-1, BLK-1 to BLK-3, WIR-1, WIR-2.</summary>
public sealed class LayoutTests
{
    private const int Limit = 1 << 20;

    [Fact]
    public void WIR_2_a_message_asks_for_some_blocks_but_not_too_many()
    {
        Assert.Equal(WireFault.None, FaultOf(new Message.GetBlocks(5, WireLimits.MaxBlocksPerMessage)));
        Assert.Equal(WireFault.TooLong, FaultOf(new Message.GetBlocks(5, WireLimits.MaxBlocksPerMessage + 1)));
        Assert.Equal(WireFault.TooLong, FaultOf(new Message.GetBlocks(5, 0)));
        var item = Given.Block(new Random(1));
        Assert.Equal(WireFault.None, FaultOf(new Message.Blocks([.. Enumerable.Repeat(item, WireLimits.MaxBlocksPerMessage)])));
        Assert.Equal(WireFault.TooLong, FaultOf(new Message.Blocks([.. Enumerable.Repeat(item, WireLimits.MaxBlocksPerMessage + 1)])));
        var header = new CertifiedHeader(item.Header, Given.Certificate(new Random(1)));
        Assert.Equal(WireFault.TooLong, FaultOf(new Message.GetBlockHeaders(5, WireLimits.MaxBlocksPerMessage + 1)));
        Assert.Equal(WireFault.None, FaultOf(new Message.BlockHeaders([.. Enumerable.Repeat(header, WireLimits.MaxBlocksPerMessage)], [])));
        Assert.Equal(WireFault.TooLong, FaultOf(new Message.BlockHeaders([.. Enumerable.Repeat(header, WireLimits.MaxBlocksPerMessage + 1)], [])));
        Assert.False(MessageCodec.TryDecode(new byte[WireLimits.MaxMessageBytes + 1], Given.Rules, out _, out var fault));
        Assert.Equal(WireFault.TooLong, fault);

        static WireFault FaultOf(Message message) =>
            MessageCodec.TryDecode(MessageCodec.Encode(Given.ChainId, message), Given.Rules, out _, out var fault) ? WireFault.None : fault;
    }

    [Fact]
    public void A_proposal_is_signed_for_the_block_that_it_carries()
    {
        var block = Given.Block(new Random(1));
        var ballot = new Ballot(7, 0, block.Height, 1, Phase.Propose, block.Hash);
        Assert.True(IsRead(ballot));
        Assert.False(IsRead(ballot with { BlockHash = Given.HashOf(new Random(1)) }));
        Assert.False(IsRead(ballot with { Height = block.Height + 1 }));
        Assert.False(IsRead(ballot with { Phase = Phase.Prepare }));

        bool IsRead(Ballot signed)
        {
            var vote = new Vote(signed, Given.AddressOf(1), Given.SignatureOf(new Random(1)));
            return MessageCodec.TryDecode(MessageCodec.Encode(7, new Message.Propose(new Proposal(block, vote, null))), Given.Rules, out _, out _);
        }
    }

    [Fact]
    public void A_vote_travels_alone_only_where_it_is_no_proposal()
    {
        Assert.True(IsRead(Phase.Prepare));
        Assert.True(IsRead(Phase.Precommit));
        Assert.False(IsRead(Phase.Propose));

        static bool IsRead(Phase phase)
        {
            var vote = new Vote(new Ballot(7, 0, 1, 1, phase, Given.HashOf(new Random(1))), Given.AddressOf(1), Given.SignatureOf(new Random(1)));
            return MessageCodec.TryDecode(MessageCodec.Encode(7, new Message.CastVote(vote)), Given.Rules, out _, out _);
        }
    }

    [Fact]
    public void A_message_of_another_chain_is_refused()
    {
        var bytes = MessageCodec.Encode(Given.ChainId + 1, new Message.GetBlock(Given.HashOf(new Random(1))));
        Assert.False(MessageCodec.TryDecode(bytes, Given.Rules, out _, out _));
        Assert.True(MessageCodec.TryDecode(bytes, Given.Rules with { ChainId = Given.ChainId + 1 }, out _, out _));
    }

    [Fact]
    public void TXN_1_the_layout_is_that_of_the_specification()
    {
        var transfer = Given.Transfer(1, 2, value: 5, nonce: 3, fee: 4).Encoded.ToArray();
        var to = new byte[Address.Size];
        Given.AddressOf(2).CopyTo(to);
        byte[] expected =
        [
            1, 0, 0, 0, 0, 0, 0, 0, 7, .. Given.Key(1).PublicKey.ToArray(), 0, 0, 0, 0, 0, 0, 0, 3,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, .. to, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5,
        ];
        Assert.Equal(expected, transfer[..^64]);
        var data = Given.Data(1, 2).Encoded.ToArray();
        Assert.Equal(new byte[] { 6, 0, 0, 0, 2, 0, 0 }, data[65..^64]);
        Assert.True(Transaction.TryDecode(transfer, Limit, out var decoded, out _));
        Assert.Equal(Sha256.Hash(transfer), decoded!.Id);
    }

    [Theory]
    [InlineData(0, 2, WireFault.UnknownTag)] // version
    [InlineData(65, 0, WireFault.UnknownTag)] // kind
    [InlineData(65, 9, WireFault.UnknownTag)]
    public void TXN_1_an_unknown_version_or_kind_is_refused(int at, byte value, WireFault expected)
    {
        var bytes = Given.Transfer(1, 2, 3).Encoded.ToArray();
        bytes[at] = value;
        Assert.False(Transaction.TryDecode(bytes, Limit, out var transaction, out var fault));
        Assert.Null(transaction);
        Assert.Equal(expected, fault);
    }

    [Fact]
    public void TXN_4_a_transaction_over_the_limit_is_refused_before_it_is_read()
    {
        var bytes = Given.Transfer(1, 2, 3).Encoded.Span;
        Assert.True(Transaction.TryDecode(bytes, bytes.Length, out _, out _));
        Assert.False(Transaction.TryDecode(bytes, bytes.Length - 1, out _, out var fault));
        Assert.Equal(WireFault.TooLong, fault);
    }

    [Fact]
    public void TXN_2_the_signature_covers_every_byte_before_it()
    {
        var bytes = Given.Transfer(1, 2, 3).Encoded.ToArray();
        Assert.True(Transaction.TryDecode(bytes, Limit, out var good, out _));
        Assert.True(Ed25519.Verify(good!.SenderKey, good.SigningMessage(), good.Signature));
        Assert.Equal([.. "LuxTensor/tx/1\0\0"u8, .. bytes[..^64]], good.SigningMessage());
        Assert.Equal(Address.Of(good.SenderKey), good.Sender);
        for (var at = 1; at < bytes.Length - Signature.Size; at++)
        {
            bytes[at] ^= 1;
            if (Transaction.TryDecode(bytes, Limit, out var changed, out _))
            {
                Assert.False(Ed25519.Verify(good.SenderKey, changed!.SigningMessage(), changed.Signature), $"byte {at} is not signed");
            }

            bytes[at] ^= 1;
        }
    }

    [Fact]
    public void BLK_1_every_field_of_a_header_changes_the_hash() => Seeds.Each(10, static random =>
    {
        var header = Given.Block(random).Header;
        Assert.Equal(BlockHeader.Size, Written(header.Write).Length);
        BlockHeader[] others =
        [
            header with { ChainId = header.ChainId + 1 }, header with { Height = header.Height + 1 }, header with { Round = header.Round + 1 },
            header with { Time = header.Time + 1 }, header with { Parent = Given.HashOf(random) }, header with { Proposer = new Address(Given.Bytes(random, 20)) },
            header with { TransactionsRoot = Given.HashOf(random) }, header with { StateRoot = Given.HashOf(random) }, header with { Epoch = header.Epoch + 1 },
            header with { ValidatorSetHash = Given.HashOf(random) }, header with { NextValidatorSetHash = Given.HashOf(random) },
            header with { CertificateHash = Given.HashOf(random) },
        ];
        Assert.Equal(typeof(BlockHeader).GetProperties().Length, others.Length);
        Assert.Equal(others.Length + 1, others.Append(header).Select(static it => it.ComputeHash()).Distinct().Count());
    });

    [Fact]
    public void BLK_2_a_block_over_its_limits_is_refused()
    {
        var block = new Block(Given.Block(new Random(1)).Header, null, [Given.Transfer(1, 2, 3), Given.Data(1, 100)]);
        var bytes = block.Encoded.Span;
        var largest = block.Transactions[1].Encoded.Length;
        Assert.True(Block.TryDecode(bytes, bytes.Length, largest, out var decoded, out _));
        Assert.Equal(block.Hash, decoded!.Hash);
        Assert.Equal(block.Transactions.Select(static it => it.Id), decoded.Transactions.Select(static it => it.Id));
        Assert.False(Block.TryDecode(bytes, bytes.Length - 1, largest, out _, out var tooLarge));
        Assert.Equal(WireFault.TooLong, tooLarge);
        Assert.False(Block.TryDecode(bytes, bytes.Length, largest - 1, out _, out var transactionTooLarge));
        Assert.Equal(WireFault.TooLong, transactionTooLarge);

        var reply = MessageCodec.Encode(Given.ChainId, new Message.BlockReply(block)); // inside of something larger too
        Assert.True(MessageCodec.TryDecode(reply, Given.Rules with { MaxBlockBytes = bytes.Length }, out _, out _));
        Assert.False(MessageCodec.TryDecode(reply, Given.Rules with { MaxBlockBytes = bytes.Length - 1 }, out _, out var inMessage));
        Assert.Equal(WireFault.TooLong, inMessage);
    }

    [Fact]
    public void BLK_2_the_overhead_is_what_a_block_without_transactions_takes_at_most()
    {
        var random = new Random(1);
        foreach (var validators in new[] { 1, 4, 7, 8, 9, 100 })
        {
            var bitmap = new byte[(validators + 7) / 8];
            for (var i = 0; i < validators; i++)
            {
                bitmap[i / 8] |= (byte)(1 << (i % 8));
            }

            var ballot = new Ballot(1, 1, 1, 1, Phase.Precommit, Given.HashOf(random));
            var certificate = new Certificate(ballot, [.. bitmap], [.. Enumerable.Range(0, validators).Select(_ => Given.SignatureOf(random))]);
            Assert.Equal(new Block(Given.Block(random).Header, certificate, []).Encoded.Length, Block.OverheadBytes(validators));
        }
    }

    [Fact]
    public void BLK_3_the_root_is_over_the_ids_in_order()
    {
        ImmutableArray<Transaction> transactions = [Given.Transfer(1, 2, 3), Given.Transfer(2, 3, 4), Given.Data(3, 5)];
        var leaves = Block.LeavesOf(transactions);
        Assert.Equal(Block.RootOf(transactions), MerkleTree.NodeHash(MerkleTree.NodeHash(leaves[0], leaves[1]), leaves[2]));
        Assert.Equal(MerkleTree.LeafHash(transactions[1].Id.ToArray()), leaves[1]);
        Assert.NotEqual(Block.RootOf(transactions), Block.RootOf([transactions[1], transactions[0], transactions[2]]));
        Assert.Equal(Sha256.Hash([]), Block.RootOf([]));
    }

    [Theory]
    [InlineData(Phase.Propose, false)]
    [InlineData(Phase.Commit, false)]
    [InlineData(Phase.Prepare, true)]
    public void A_certificate_is_of_prepares_or_precommits_for_a_block(Phase phase, bool nil)
    {
        var ballot = new Ballot(1, 2, 3, 4, phase, nil ? Hash256.Zero : Given.HashOf(new Random(1)));
        var reader = new WireReader(Written(new Certificate(ballot, [1], [Given.SignatureOf(new Random(1))]).Write));
        _ = Certificate.Read(ref reader);
        Assert.Equal(WireFault.UnknownTag, reader.Fault);
    }

    [Fact]
    public void WIR_1_a_certificate_has_no_empty_end_of_its_bitmap_and_one_signature_a_signer()
    {
        var (random, ballot) = (new Random(1), new Ballot(1, 2, 3, 4, Phase.Prepare, Given.HashOf(new Random(1))));
        var (one, two) = (Given.SignatureOf(random), Given.SignatureOf(random));
        Assert.Equal(WireFault.None, FaultOf(new Certificate(ballot, [3], [one, two])));
        Assert.Equal(WireFault.NotCanonical, FaultOf(new Certificate(ballot, [3, 0], [one, two])));
        Assert.Equal(WireFault.NotCanonical, FaultOf(new Certificate(ballot, [], [])));
        Assert.Equal(WireFault.Truncated, FaultOf(new Certificate(ballot, [3], [one])));
        Assert.Equal(WireFault.TrailingBytes, FaultOf(new Certificate(ballot, [1], [one, two])));
        Assert.Equal(WireFault.TooLong, FaultOf(new Certificate(ballot, [.. Enumerable.Repeat((byte)1, 1251)], [])));

        static WireFault FaultOf(Certificate certificate)
        {
            var reader = new WireReader(Written(certificate.Write));
            _ = Certificate.Read(ref reader);
            reader.End();
            return reader.Fault;
        }
    }

    private static byte[] Written(Action<WireWriter> write)
    {
        var writer = new WireWriter();
        write(writer);
        return writer.ToArray();
    }
}
