using System.Buffers.Binary;
using LuxTensor.Core;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Core.Validators;

/// <summary>EPO-2 and EPO-3.</summary>
public sealed class ProposerDrawTests
{
    [Fact]
    public void EPO_3_the_draw_is_by_stake()
    {
        // Chi-square with 4 degrees of freedom: over 30 has a chance of 5 in a million, and the draw is the same in every run.
        UInt128[] stakes = [1, 2, 3, 14, 80];
        const int Draws = 100_000;
        var set = Set(stakes);
        var drawn = new long[stakes.Length];
        for (var i = 0; i < Draws; i++)
        {
            drawn[set.IndexOf(set.ProposerOf((ulong)i / 4, (uint)i % 4).Address)]++;
        }

        long thousandths = 0;
        for (var i = 0; i < stakes.Length; i++)
        {
            var expected = Draws * (long)stakes[i] / 100;
            thousandths += (drawn[i] - expected) * (drawn[i] - expected) * 1000 / expected;
        }

        Assert.True(thousandths < 30_000, $"chi-square is {thousandths}/1000 for draws {string.Join(", ", drawn)}");
    }

    [Fact]
    public void EPO_3_the_draw_depends_on_set_height_and_round_alone()
    {
        UInt128[] stakes = [5, 6, 7, 8];
        var (set, same, other) = (Set(stakes), Set(stakes).For(9), Set([5, 6, 7, 9]));
        var draws = Draws(set);
        Assert.Equal(draws, Draws(same));
        Assert.NotEqual(draws, Draws(other));
        Assert.NotEqual(Enumerable.Range(0, 64).Select(i => set.ProposerOf(1, (uint)i)), Enumerable.Range(0, 64).Select(i => set.ProposerOf(2, (uint)i)));

        static Address[] Draws(EpochSnapshot set) =>
            [.. Enumerable.Range(0, 256).Select(i => set.ProposerOf((ulong)i / 16, (uint)i % 16).Address)];
    }

    [Fact]
    public void EPO_3_a_base_unit_belongs_to_the_validator_whose_share_holds_it()
    {
        // So little stake that every ticket, the ends of all shares among them, is drawn many times.
        UInt128[] stakes = [1, 3, 2, 1];
        int[] owner = [0, 1, 1, 1, 2, 2, 3];
        var set = Set(stakes);
        var seen = new HashSet<int>();
        for (ulong height = 0; height < 300; height++)
        {
            var seed = new byte[Hash256.Size];
            Sha256.Hash(new WireWriter().Bytes("LuxTensor/draw/1"u8).Hash(set.Hash).UInt64(height).UInt32(5).Written).CopyTo(seed);
            var ticket = (int)(BinaryPrimitives.ReadUInt128BigEndian(seed) % 7);
            seen.Add(ticket);
            Assert.Equal(owner[ticket], set.IndexOf(set.ProposerOf(height, 5).Address));
        }

        Assert.Equal(7, seen.Count);
    }

    [Fact]
    public void EPO_3_one_validator_is_always_drawn_and_huge_stake_is_no_trouble()
    {
        Assert.Equal(Given.AddressOf(0), Set([1]).ProposerOf(ulong.MaxValue, uint.MaxValue).Address);
        var set = Set([Quorum.MaxTotalStake - 1, 1]);
        Assert.Equal(Quorum.MaxTotalStake, set.TotalStake);
        Assert.All(Enumerable.Range(0, 100), i => Assert.Equal(Given.AddressOf(0), set.ProposerOf((ulong)i, 0).Address));
    }

    [Fact]
    public void EPO_2_a_set_is_distinct_staked_and_not_empty()
    {
        Assert.Throws<ArgumentException>(static () => new EpochSnapshot(0, []));
        Assert.Throws<ArgumentException>(static () => Set([1, 0]));
        Assert.Throws<ArgumentException>(static () => Set([Quorum.MaxTotalStake, 1]));
        Assert.Throws<ArgumentException>(static () => Set([UInt128.MaxValue, 1]));
        var one = new EpochValidator(Given.AddressOf(0), Given.Key(0).PublicKey, 1);
        Assert.Throws<ArgumentException>(() => new EpochSnapshot(0, [one, one]));
    }

    [Fact]
    public void EPO_2_the_hash_covers_keys_stakes_and_order()
    {
        var (a, b) = (new EpochValidator(Given.AddressOf(0), Given.Key(0).PublicKey, 1), new EpochValidator(Given.AddressOf(1), Given.Key(1).PublicKey, 2));
        Hash256[] hashes =
        [
            new EpochSnapshot(0, [a, b]).Hash, new EpochSnapshot(0, [b, a]).Hash, new EpochSnapshot(0, [a]).Hash,
            new EpochSnapshot(0, [a, b with { Stake = 3 }]).Hash, new EpochSnapshot(0, [a, new EpochValidator(Given.AddressOf(2), Given.Key(2).PublicKey, 2)]).Hash,
        ];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
        Assert.Equal(hashes[0], new EpochSnapshot(7, [a, b]).Hash);
        Assert.Equal((0, 1, -1), (new EpochSnapshot(0, [a, b]).IndexOf(a.Address), new EpochSnapshot(0, [a, b]).IndexOf(b.Address), new EpochSnapshot(0, [a]).IndexOf(b.Address)));
    }

    private static EpochSnapshot Set(UInt128[] stakes) =>
        new(0, [.. stakes.Select(static (stake, i) => new EpochValidator(Given.AddressOf(i), Given.Key(i).PublicKey, stake))]);
}
