using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

public sealed class MerkleTree_against_its_definition
{
    [Fact]
    public void Every_leaf_of_every_size_proves_itself_and_no_other()
    {
        for (var n = 1; n <= 33; n++)
        {
            var leaves = Enumerable.Range(0, n).Select(i => MerkleTree.LeafHash([(byte)i])).ToArray();
            var root = MerkleTree.Root(leaves);
            for (var i = 0; i < n; i++)
            {
                var proof = MerkleTree.Prove(leaves, i);
                Assert.True(MerkleTree.Verify(root, leaves[i], proof), $"leaf {i} of {n}");
                Assert.False(MerkleTree.Verify(root, leaves[(i + 1) % n], proof) && n > 1, $"leaf {i} of {n}, another's proof");
            }
        }
    }
}
