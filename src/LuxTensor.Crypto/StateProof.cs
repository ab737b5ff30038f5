using System.Collections.Immutable;

namespace LuxTensor.Crypto;

/// <summary>What lies at the end of one key's path in a <see cref="StateTree"/>: its leaf, another key's leaf, or nothing.</summary>
/// <param name="Siblings">The hashes beside the path, from the root down; at most 256.</param>
/// <param name="LeafKey">The key of the leaf at the end; zero without a leaf.</param>
/// <param name="LeafValueHash">SHA-256 of that leaf's value; zero without a leaf.</param>
/// <param name="HasLeaf">Whether the path ends in a leaf.</param>
public sealed record StateProof(ImmutableArray<Hash256> Siblings, Hash256 LeafKey, Hash256 LeafValueHash, bool HasLeaf)
{
    /// <summary>The longest path: one step a bit of the key.</summary>
    public const int MaxSiblings = 256;

    /// <summary>Whether under that root the key has exactly the expected value; null expects that it has none.</summary>
    public bool Verify(Hash256 root, Hash256 key, ReadOnlyMemory<byte>? expectedValue)
    {
        if (Siblings.IsDefault || Siblings.Length > MaxSiblings || !EndsAsExpected(key, expectedValue))
        {
            return false;
        }

        var hash = HasLeaf ? StateTree.LeafHash(LeafKey, LeafValueHash) : Hash256.Zero;
        for (var depth = Siblings.Length - 1; depth >= 0; depth--)
        {
            hash = key.Bit(depth) ? MerkleTree.NodeHash(Siblings[depth], hash) : MerkleTree.NodeHash(hash, Siblings[depth]);
        }

        return hash == root;
    }

    /// <summary>Equality of every part and every sibling.</summary>
    public bool Equals(StateProof? other) =>
        other is not null && HasLeaf == other.HasLeaf && LeafKey == other.LeafKey && LeafValueHash == other.LeafValueHash
        && Siblings.AsSpan().SequenceEqual(other.Siblings.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(LeafKey, LeafValueHash, HasLeaf, Siblings.IsDefault ? 0 : Siblings.Length);

    private bool EndsAsExpected(Hash256 key, ReadOnlyMemory<byte>? expectedValue)
    {
        if (expectedValue is { } value)
        {
            return HasLeaf && LeafKey == key && LeafValueHash == Sha256.Hash(value.Span);
        }

        return HasLeaf ? LeafKey != key && SharesPath(key) : LeafKey.IsZero && LeafValueHash.IsZero;
    }

    // Another key's leaf proves absence only where that key's own path leads; elsewhere it is a true leaf in the wrong place.
    private bool SharesPath(Hash256 key)
    {
        for (var depth = 0; depth < Siblings.Length; depth++)
        {
            if (LeafKey.Bit(depth) != key.Bit(depth))
            {
                return false;
            }
        }

        return true;
    }
}
