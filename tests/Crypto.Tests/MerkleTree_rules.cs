using System.Collections.Immutable;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

public sealed class MerkleTree_rules
{
    // The leaves and roots that the certificate transparency logs test with.
    private static readonly string[] KnownLeaves =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    [Theory]
    [InlineData(0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData(1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")]
    [InlineData(2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")]
    [InlineData(3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77")]
    [InlineData(4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")]
    [InlineData(5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4")]
    [InlineData(6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef")]
    [InlineData(7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c")]
    [InlineData(8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")]
    public void Known_leaves_give_the_known_roots(int count, string root)
    {
        var leaves = KnownLeaves.Take(count).Select(l => MerkleTree.LeafHash(Convert.FromHexString(l))).ToArray();
        Assert.Equal("0x" + root, MerkleTree.Root(leaves).ToString());
    }

    [Fact]
    public void Roots_are_those_of_the_tree_built_level_by_level()
    {
        for (var n = 1; n <= 130; n++)
        {
            Assert.Equal(LevelByLevel(Leaves(n)), MerkleTree.Root(Leaves(n)));
        }
    }

    [Fact]
    public void Every_leaf_of_every_size_proves_itself_at_its_own_index_only()
    {
        for (var n = 1; n <= 40; n++)
        {
            var leaves = Leaves(n);
            var root = MerkleTree.Root(leaves);
            for (var i = 0; i < n; i++)
            {
                var proof = MerkleTree.Prove(leaves, i);
                Assert.True(MerkleTree.Verify(root, leaves[i], proof), $"leaf {i} of {n}");
                for (var other = 0; other < n; other++)
                {
                    Assert.Equal(other == i, MerkleTree.Verify(root, leaves[other], proof));
                    Assert.Equal(other == i, MerkleTree.Verify(root, leaves[i], proof with { Index = (ulong)other }));
                }
            }
        }
    }

    [Fact]
    public void A_changed_lengthened_or_shortened_proof_fails()
    {
        foreach (var n in new[] { 1, 2, 3, 7, 8, 21 })
        {
            var leaves = Leaves(n);
            var root = MerkleTree.Root(leaves);
            for (var i = 0; i < n; i++)
            {
                var proof = MerkleTree.Prove(leaves, i);
                for (var s = 0; s < proof.Siblings.Length; s++)
                {
                    Assert.False(MerkleTree.Verify(root, leaves[i], proof with { Siblings = proof.Siblings.SetItem(s, Flip(proof.Siblings[s])) }));
                    Assert.False(MerkleTree.Verify(root, leaves[i], proof with { Siblings = proof.Siblings.RemoveAt(s) }));
                }

                Assert.False(MerkleTree.Verify(root, leaves[i], proof with { Siblings = proof.Siblings.Add(root) }));
                Assert.False(MerkleTree.Verify(root, leaves[i], proof with { Count = (ulong)i }));
                Assert.False(MerkleTree.Verify(root, leaves[i], proof with { Siblings = default }));
                Assert.False(MerkleTree.Verify(Flip(root), leaves[i], proof));
                Assert.False(MerkleTree.Verify(root, Flip(leaves[i]), proof));
            }
        }
    }

    [Fact]
    public void An_inner_node_does_not_pass_for_a_leaf()
    {
        var leaves = Leaves(4);
        var inner = MerkleTree.NodeHash(leaves[0], leaves[1]);
        var content = leaves[0].ToArray().Concat(leaves[1].ToArray()).ToArray();
        Assert.NotEqual(inner, MerkleTree.LeafHash(content));
        var proof = new MerkleProof(0, 2, [MerkleTree.NodeHash(leaves[2], leaves[3])]);
        Assert.True(MerkleTree.Verify(MerkleTree.Root(leaves), inner, proof)); // the root alone does not say how many leaves there are
        Assert.False(MerkleTree.Verify(MerkleTree.Root(leaves), MerkleTree.LeafHash(content), proof));
    }

    [Fact]
    public void A_proof_with_the_largest_numbers_ends()
    {
        var siblings = ImmutableArray.CreateRange(Enumerable.Repeat(Hash256.Zero, 65));
        Assert.False(MerkleTree.Verify(Hash256.Zero, Hash256.Zero, new MerkleProof(ulong.MaxValue - 1, ulong.MaxValue, siblings)));
    }

    [Fact]
    public void Long_leaves_hash_like_short_ones() =>
        Assert.Equal(Sha256.Hash([0, .. new byte[5000]]), MerkleTree.LeafHash(new byte[5000]));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(3, 3)]
    [InlineData(3, -1)]
    public void There_is_no_proof_of_a_leaf_that_is_not_there(int count, int index) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => MerkleTree.Prove(Leaves(count), index));

    [Fact]
    public void Equal_proofs_are_equal()
    {
        var leaves = Leaves(9);
        Assert.Equal(MerkleTree.Prove(leaves, 4), MerkleTree.Prove(leaves, 4));
        Assert.Equal(MerkleTree.Prove(leaves, 4).GetHashCode(), MerkleTree.Prove(leaves, 4).GetHashCode());
        Assert.NotEqual(MerkleTree.Prove(leaves, 4), MerkleTree.Prove(leaves, 5));
    }

    internal static Hash256 Flip(Hash256 hash)
    {
        var bytes = hash.ToArray();
        bytes[^1] ^= 1;
        return new Hash256(bytes);
    }

    private static Hash256[] Leaves(int count) => [.. Enumerable.Range(0, count).Select(i => MerkleTree.LeafHash(BitConverter.GetBytes(i)))];

    // The same tree from below: neighbours pair up, and one left over rises as it is.
    private static Hash256 LevelByLevel(Hash256[] level)
    {
        while (level.Length > 1)
        {
            level = [.. level.Chunk(2).Select(pair => pair.Length == 2 ? Sha256.Hash([1, .. pair[0].ToArray(), .. pair[1].ToArray()]) : pair[0])];
        }

        return level[0];
    }
}
