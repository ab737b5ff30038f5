using System.Collections.Immutable;
using System.Numerics;

namespace LuxTensor.Crypto;

/// <summary>
/// The Merkle tree of RFC 9162, section 2.1 (that of RFC 6962): a leaf is SHA-256(0x00 ‖ data), a node SHA-256(0x01 ‖ left ‖ right), the
/// empty tree SHA-256 of nothing, and n leaves split at the largest power of two below n.
/// </summary>
public static class MerkleTree
{
    private const byte LeafPrefix = 0, NodePrefix = 1;
    private const int MaxStackBytes = 1024;

    /// <summary>The hash of a leaf with that content.</summary>
    public static Hash256 LeafHash(ReadOnlySpan<byte> data)
    {
        var input = data.Length < MaxStackBytes ? stackalloc byte[data.Length + 1] : new byte[data.Length + 1];
        input[0] = LeafPrefix;
        data.CopyTo(input[1..]);
        return Sha256.Hash(input);
    }

    /// <summary>The hash of the node above two subtrees.</summary>
    public static Hash256 NodeHash(Hash256 l, Hash256 r) => HashPair(NodePrefix, l, r);

    /// <summary>The root over leaf hashes (not leaf data), in order.</summary>
    public static Hash256 Root(ReadOnlySpan<Hash256> leafHashes) => leafHashes.Length switch
    {
        0 => Sha256.Hash([]),
        1 => leafHashes[0],
        var n => NodeHash(Root(leafHashes[..Split(n)]), Root(leafHashes[Split(n)..])),
    };

    /// <summary>The proof that the leaf at <paramref name="index"/> belongs to the tree. O(n).</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no leaf at that index.</exception>
    public static MerkleProof Prove(ReadOnlySpan<Hash256> leafHashes, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, leafHashes.Length);
        var siblings = ImmutableArray.CreateBuilder<Hash256>();
        var rest = leafHashes;
        var at = index;
        while (rest.Length > 1)
        {
            var split = Split(rest.Length);
            var left = at < split;
            siblings.Add(Root(left ? rest[split..] : rest[..split]));
            rest = left ? rest[..split] : rest[split..];
            at = left ? at : at - split;
        }

        siblings.Reverse();
        return new MerkleProof((ulong)index, (ulong)leafHashes.Length, siblings.ToImmutable());
    }

    /// <summary>
    /// Whether the proof leads from that leaf to that root (RFC 9162, section 2.1.3.2). The root does not commit to the number of leaves: a
    /// caller to whom it matters compares <see cref="MerkleProof.Count"/> with a number it trusts.
    /// </summary>
    public static bool Verify(Hash256 root, Hash256 leafHash, MerkleProof proof)
    {
        if (proof.Index >= proof.Count || proof.Siblings.IsDefault)
        {
            return false;
        }

        var (node, last, hash) = (proof.Index, proof.Count - 1, leafHash);
        foreach (var sibling in proof.Siblings)
        {
            if (last == 0)
            {
                return false; // longer than the tree is deep
            }

            if ((node & 1) == 1 || node == last)
            {
                hash = NodeHash(sibling, hash);
                var skipped = BitOperations.TrailingZeroCount(node); // levels at which the last node stands alone and rises unhashed
                node >>= skipped;
                last >>= skipped;
            }
            else
            {
                hash = NodeHash(hash, sibling);
            }

            node >>= 1;
            last >>= 1;
        }

        return last == 0 && hash == root;
    }

    /// <summary>SHA-256(prefix ‖ first ‖ second).</summary>
    internal static Hash256 HashPair(byte prefix, Hash256 first, Hash256 second)
    {
        Span<byte> input = stackalloc byte[1 + (2 * Hash256.Size)];
        input[0] = prefix;
        first.CopyTo(input[1..]);
        second.CopyTo(input[(1 + Hash256.Size)..]);
        return Sha256.Hash(input);
    }

    private static int Split(int count) => 1 << BitOperations.Log2((uint)count - 1);
}
