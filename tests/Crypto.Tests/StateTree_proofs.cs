using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

public sealed class StateTree_proofs
{
    [Fact]
    public void Present_and_absent_keys_prove_what_they_are()
    {
        var keys = Enumerable.Range(0, 200).Select(i => Sha256.Hash(BitConverter.GetBytes(i))).ToArray();
        var tree = StateTree.Empty.Apply([.. keys.Take(100).Select(k => KeyValuePair.Create(k, (ReadOnlyMemory<byte>?)k.ToArray()))]);
        foreach (var (key, i) in keys.Select((k, i) => (k, i)))
        {
            var proof = tree.Prove(key);
            Assert.Equal(i < 100, proof.Verify(tree.Root, key, key.ToArray()));
            Assert.Equal(i >= 100, proof.Verify(tree.Root, key, null));
        }
    }
}
