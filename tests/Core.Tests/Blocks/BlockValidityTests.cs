using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;
using LuxTensor.Tests.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Core.Blocks;

public sealed class BlockValidityTests
{
    private static readonly ChainRules Rules = Given.Rules with { RunAhead = 2, BlockInterval = 100, EpochLength = 4, ClockBound = 50 };
    private static readonly Genesis Start = Given.Genesis(rules: Rules);
    private static readonly SameSets Epochs = new(Start.EpochZero);
    private static readonly BlockNode Root = new(Start.Block, Start.Ledger, Start.Changes);

    [Fact]
    public void BLK_6_a_block_made_on_a_parent_is_valid_on_it()
    {
        var made = Make(Root, Given.Transfer(10, 11, 5), Given.Data(11, 3));
        Assert.Null(BlockValidity.Check(Root, made.Block, Rules, out var node));
        Assert.Equal(made.After.Root, node!.After.Root);
        Assert.Equal(made.Changes.AsEnumerable(), node.Changes);
        Assert.Equal(made.Hash, node.Hash);
    }

    [Fact]
    public void BLK_6_the_time_is_no_earlier_than_the_interval_allows()
    {
        Assert.Equal(Start.Time + 100, Make(Root, time: 0).Block.Header.Time);
        Assert.Equal(Start.Time + 101, Make(Root, time: Start.Time + 101).Block.Header.Time);
    }

    [Fact]
    public void BLK_4_each_difference_is_named_with_both_values()
    {
        var good = Make(Root, Given.Transfer(10, 11, 5)).Block;
        var header = good.Header;
        var other = Given.HashOf(new Random(1));
        var stranger = Given.AddressOf(40);
        Assert.Equal(new BlockRejection.WrongChain(7, 8), Why(header with { ChainId = 8 }));
        Assert.Equal(new BlockRejection.WrongHeight(1, 2), Why(header with { Height = 2 }));
        Assert.Equal(new BlockRejection.WrongParent(Start.Block.Hash, other), Why(header with { Parent = other }));
        Assert.Equal(new BlockRejection.TooEarly(Start.Time + 100, Start.Time + 99), Why(header with { Time = Start.Time + 99 }));
        Assert.Equal(new BlockRejection.WrongEpoch(0, 1), Why(header with { Epoch = 1 }));
        Assert.Equal(new BlockRejection.WrongValidatorSet(0, header.ValidatorSetHash, other), Why(header with { ValidatorSetHash = other }));
        Assert.Equal(new BlockRejection.WrongValidatorSet(1, header.NextValidatorSetHash, other), Why(header with { NextValidatorSetHash = other }));
        Assert.Equal(new BlockRejection.WrongProposer(header.Proposer, stranger), Why(header with { Proposer = stranger }));
        Assert.Equal(new BlockRejection.WrongTransactionsRoot(header.TransactionsRoot, other), Why(header with { TransactionsRoot = other }));
        Assert.Equal(new BlockRejection.WrongStateRoot(header.StateRoot, other), Why(header with { StateRoot = other }));
        Assert.Null(Why(header));

        BlockRejection? Why(BlockHeader changed) => BlockValidity.Check(Root, new Block(changed, null, good.Transactions), Rules, out _);
    }

    [Fact]
    public void BLK_4_no_block_comes_after_the_end_of_time()
    {
        var last = Make(Root, time: ulong.MaxValue);
        var child = Make(last, time: 0).Block;
        Assert.Equal(new BlockRejection.TooEarly(ulong.MaxValue, ulong.MaxValue), BlockValidity.Check(last, child, Rules, out _));
        var early = new Block(child.Header with { Time = 500 }, null, []);
        Assert.Equal(new BlockRejection.TooEarly(ulong.MaxValue, 500), BlockValidity.Check(last, early, Rules, out _));
        Assert.Null(BlockValidity.CheckClock(last.Block.Header, Rules, now: ulong.MaxValue)); // BLK-5
    }

    [Fact]
    public void BLK_4_a_transaction_that_cannot_be_executed_is_named()
    {
        var good = Make(Root).Block;
        Transaction[] transactions = [Given.Transfer(10, 11, 5), Given.Transfer(10, 11, 5, nonce: 3)];
        var header = good.Header with { TransactionsRoot = Block.RootOf([.. transactions]) };
        Assert.Equal(
            new BlockRejection.BadTransaction(1, new TransactionRejection.NonceGap(1, 3)),
            BlockValidity.Check(Root, new Block(header, null, [.. transactions]), Rules, out var node));
        Assert.Null(node);
    }

    [Fact]
    public void BLK_2_a_block_over_the_chains_limit_is_not_valid()
    {
        var block = Make(Root, Given.Data(10, 200)).Block;
        var size = block.Encoded.Length;
        Assert.Null(BlockValidity.Check(Root, block, Rules with { MaxBlockBytes = size }, out _));
        Assert.Equal(new BlockRejection.TooLarge(size - 1, size), BlockValidity.Check(Root, block, Rules with { MaxBlockBytes = size - 1 }, out _));
    }

    [Fact]
    public void BLK_5_a_time_too_far_ahead_of_the_clock_gets_no_vote()
    {
        var header = Start.Block.Header with { Time = 1_050 };
        Assert.Null(BlockValidity.CheckClock(header, Rules, now: 1_000));
        Assert.Equal(new BlockRejection.TooFarInFuture(1_049, 1_050), BlockValidity.CheckClock(header, Rules, now: 999));
    }

    [Fact]
    public void BLK_7_the_certificate_is_the_one_named_and_not_too_far_below()
    {
        var first = Make(Root);
        var second = Make(first);
        Assert.Null(Check(first, second.Block));
        var third = Make(second);
        Assert.Equal(new BlockRejection.WrongCertificate(0, Hash256.Zero), Check(second, third.Block)); // 3 above the genesis, 2 allowed

        var certificate = new Certificate(new Ballot(7, 0, 1, 0, Phase.Precommit, first.Hash), [1], [Given.SignatureOf(new Random(1))]);
        var certified = Make(second, certificate: certificate);
        Assert.Null(Check(second, certified.Block));
        Assert.IsType<BlockRejection.WrongCertificate>(Check(second, new Block(certified.Block.Header, null, [])));
        Assert.IsType<BlockRejection.WrongCertificate>(Check(second, new Block(third.Block.Header, certificate, [])));

        var ahead = new Certificate(certificate.Ballot with { Height = 3 }, certificate.Signers, certificate.Signatures);
        Assert.Equal(new BlockRejection.WrongCertificate(3, ahead.Hash), Check(second, Make(second, certificate: ahead).Block));

        // No older than the parent's, though it is not too far below.
        var roomy = Rules with { RunAhead = 4, MaxReorganisation = 4 };
        var bearer = Make(first, certificate: certificate);
        Assert.Null(BlockValidity.Check(bearer, Make(bearer, certificate: certificate).Block, roomy, out _));
        Assert.Equal(new BlockRejection.WrongCertificate(0, Hash256.Zero), BlockValidity.Check(bearer, Make(bearer).Block, roomy, out _));

        static BlockRejection? Check(BlockNode parent, Block block) => BlockValidity.Check(parent, block, Rules, out _);
    }

    private static BlockNode Make(BlockNode parent, params Transaction[] transactions) => Make(parent, 0, null, transactions);

    private static BlockNode Make(BlockNode parent, ulong time = 0, Certificate? certificate = null, params Transaction[] transactions) => BlockValidity.Make(
        parent, 0, time, Epochs.Of(Rules.EpochOf(parent.Height + 1)).ProposerOf(parent.Height + 1, 0).Address, certificate, [.. transactions], Rules);
}
