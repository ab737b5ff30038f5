using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

public sealed class AdmissionMemoTests
{
    [Fact]
    public void An_admissible_key_is_checked_once_while_it_is_remembered_and_again_when_forgotten()
    {
        var memo = new AdmissionMemo(generation: 2);
        var asked = new List<PublicKey>();
        bool Check(PublicKey key)
        {
            asked.Add(key);
            return true;
        }

        Assert.All(new byte[] { 1, 1, 2, 2, 1 }, number => Assert.True(memo.IsAdmissible(Key(number), Check)));
        Assert.Equal([Key(1), Key(2)], asked);

        Assert.All(new byte[] { 3, 4, 5, 1 }, number => Assert.True(memo.IsAdmissible(Key(number), Check)));
        Assert.Equal([Key(1), Key(2), Key(3), Key(4), Key(5), Key(1)], asked);
    }

    [Fact]
    public void An_inadmissible_key_is_refused_every_time_and_never_remembered()
    {
        var memo = new AdmissionMemo(generation: 2);
        var asked = 0;

        for (var i = 0; i < 3; i++)
        {
            Assert.False(memo.IsAdmissible(Key(9), _ => ++asked == 0));
        }

        Assert.Equal(3, asked);
    }

    private static PublicKey Key(byte number)
    {
        Span<byte> bytes = stackalloc byte[PublicKey.Size];
        bytes.Fill(number);
        return new PublicKey(bytes);
    }
}
