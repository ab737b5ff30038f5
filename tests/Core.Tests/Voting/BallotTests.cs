using LuxTensor.Core.Voting;

namespace LuxTensor.Tests.Core.Voting;

public sealed class BallotTests
{
    [Fact]
    public void VOT_1_the_signed_message_is_a_domain_and_the_fields_in_order()
    {
        var block = Given.HashOf(new Random(1));
        var message = new byte[Ballot.MessageSize];
        new Ballot(0x0102030405060708, 0x1112131415161718, 0x2122232425262728, 0x31323334, Phase.Precommit, block).WriteMessage(message);
        Assert.Equal(
            [
                .. "LuxTensor/vote/1"u8, 1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
                0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x31, 0x32, 0x33, 0x34, 2, .. block.ToArray(),
            ],
            message);
    }

    [Fact]
    public void VOT_2_a_default_value_was_never_verified() =>
        Assert.Throws<InvalidOperationException>(static () => default(Verified<Vote>).Value);
}
