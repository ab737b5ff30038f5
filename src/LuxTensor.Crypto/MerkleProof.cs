using System.Collections.Immutable;

namespace LuxTensor.Crypto;

/// <summary>The path of one leaf of a <see cref="MerkleTree"/>.</summary>
/// <param name="Index">The leaf's place, from 0.</param>
/// <param name="Count">Leaves in the tree.</param>
/// <param name="Siblings">The hashes beside the path, from the leaf up to the root; at most 64.</param>
public sealed record MerkleProof(ulong Index, ulong Count, ImmutableArray<Hash256> Siblings)
{
    /// <summary>Equality of index, count and every sibling.</summary>
    public bool Equals(MerkleProof? other) =>
        other is not null && Index == other.Index && Count == other.Count && Siblings.AsSpan().SequenceEqual(other.Siblings.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Index, Count, Siblings.IsDefaultOrEmpty ? default : Siblings[^1]);
}
