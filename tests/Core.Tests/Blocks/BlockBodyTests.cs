using LuxTensor.Core.Blocks;
using LuxTensor.Core.Voting;

namespace LuxTensor.Tests.Core.Blocks;

/// <summary>BLK-3: a header binds its block's transactions and certificate, so whoever passes a block on can change neither.</summary>
public sealed class BlockBodyTests
{
    [Fact]
    public void BLK_3_A_block_whose_transactions_or_certificate_were_exchanged_is_not_whole_and_is_not_verified()
    {
        Seeds.Each(50, random =>
        {
            var block = Given.Block(random);
            var other = new Block(block.Header, block.Certificate, block.Transactions.Add(Given.AnyTransaction(random)));
            var forged = new Block(block.Header, block.Certificate is null ? Given.Certificate(random) : null, block.Transactions);

            Assert.True(block.IsWhole());
            Assert.False(other.IsWhole());
            Assert.False(forged.IsWhole());
            var why = Verifier.Check(other, Given.Rules, static _ => throw new InvalidOperationException(), static _ => true, out _);
            Assert.Equal(new VoteRejection.WrongBody(block.Hash), why);
        });
    }
}
