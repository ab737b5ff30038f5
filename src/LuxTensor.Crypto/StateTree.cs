using System.Collections.Immutable;

namespace LuxTensor.Crypto;

/// <summary>
/// An immutable map from 256-bit digests to byte strings with a Merkle root: a binary trie over the bits of the key, most significant
/// first, in which a subtree with one leaf is that leaf and an empty one is <see cref="Hash256.Zero"/>. Versions share what they have in
/// common, and the root depends on the content alone, never on the order or the history of the changes.
/// </summary>
/// <remarks>
/// Leaf: SHA-256(0x00 ‖ key ‖ SHA-256(value)); inner node: SHA-256(0x01 ‖ left ‖ right). Keys must be digests, so that nobody can choose
/// many with a long common prefix; with n of them paths are about log2(n) long, and never longer than 256.
/// </remarks>
public sealed class StateTree
{
    private readonly Node? root;

    private StateTree(Node? root, int count)
    {
        this.root = root;
        Count = count;
    }

    /// <summary>The tree with nothing in it; its root is zero.</summary>
    public static StateTree Empty { get; } = new(null, 0);

    /// <summary>The hash that commits to every key and value.</summary>
    public Hash256 Root => HashOf(root);

    /// <summary>Keys in the tree.</summary>
    public int Count { get; }

    /// <summary>The value of a key, or null where there is none. O(log n). The memory is the tree's own: it must not be written to.</summary>
    public ReadOnlyMemory<byte>? Get(Hash256 key) => Find(key, null) is Leaf leaf && leaf.Key == key
        ? new ReadOnlyMemory<byte>?(leaf.Value)
        : null;

    /// <summary>
    /// The tree with these values set, and those keys removed whose value is null. Every inner node on a changed path is hashed once,
    /// however many changes lie below it. Values are copied. Removing an absent key, or setting the value that is there, changes nothing.
    /// </summary>
    /// <remarks>
    /// In <c>condition ? null : memory</c> the compiler makes null an empty value, by way of a null array; a removal is
    /// <c>default(ReadOnlyMemory&lt;byte&gt;?)</c>.
    /// </remarks>
    /// <exception cref="ArgumentException">A key occurs twice.</exception>
    public StateTree Apply(IReadOnlyCollection<KeyValuePair<Hash256, ReadOnlyMemory<byte>?>> changes)
    {
        if (changes.Count == 0)
        {
            return this;
        }

        var sorted = changes.ToArray();
        Array.Sort(sorted, static (x, y) => x.Key.CompareTo(y.Key));
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i].Key == sorted[i - 1].Key)
            {
                throw new ArgumentException($"key {sorted[i].Key} is changed twice in one batch", nameof(changes));
            }
        }

        var count = Count;
        var changed = Update(root, sorted, 0, ref count);
        return ReferenceEquals(changed, root) ? this : new StateTree(changed, count);
    }

    /// <summary>The proof that the key has its value, or that it has none. O(log n).</summary>
    public StateProof Prove(Hash256 key)
    {
        var siblings = ImmutableArray.CreateBuilder<Hash256>();
        return Find(key, siblings) is Leaf leaf
            ? new StateProof(siblings.ToImmutable(), leaf.Key, Sha256.Hash(leaf.Value), HasLeaf: true)
            : new StateProof(siblings.ToImmutable(), Hash256.Zero, Hash256.Zero, HasLeaf: false);
    }

    /// <summary>The keys and values in order of key, from a key on. Lazily: the first one takes O(log n). The memory is the tree's own.</summary>
    public IEnumerable<KeyValuePair<Hash256, ReadOnlyMemory<byte>>> From(Hash256 first)
    {
        // What lies to the right of the path to the first key, nearest last; then all of it, left before right.
        var ahead = new Stack<Node>();
        var node = root;
        for (var depth = 0; node is Inner inner; depth++)
        {
            if (!first.Bit(depth) && inner.Right is { } right)
            {
                ahead.Push(right);
            }

            node = first.Bit(depth) ? inner.Right : inner.Left;
        }

        if (node is Leaf at && at.Key.CompareTo(first) >= 0)
        {
            ahead.Push(at);
        }

        while (ahead.TryPop(out var next))
        {
            if (next is Leaf leaf)
            {
                yield return KeyValuePair.Create(leaf.Key, new ReadOnlyMemory<byte>(leaf.Value));
                continue;
            }

            var inner = (Inner)next;
            if (inner.Right is { } right)
            {
                ahead.Push(right);
            }

            if (inner.Left is { } left)
            {
                ahead.Push(left);
            }
        }
    }

    internal static Hash256 LeafHash(Hash256 key, Hash256 valueHash) => MerkleTree.HashPair(0, key, valueHash);

    private static Hash256 HashOf(Node? node) => node?.Hash ?? Hash256.Zero;

    // The leaf (that key's or another's) or the emptiness at which the key's path ends.
    private Leaf? Find(Hash256 key, ImmutableArray<Hash256>.Builder? siblings)
    {
        var node = root;
        for (var depth = 0; node is Inner inner; depth++)
        {
            var right = key.Bit(depth);
            siblings?.Add(HashOf(right ? inner.Left : inner.Right));
            node = right ? inner.Right : inner.Left;
        }

        return (Leaf?)node;
    }

    // The changes are sorted and all lie below this node; depth is the number of key bits that led here.
    private static Node? Update(Node? node, ReadOnlySpan<KeyValuePair<Hash256, ReadOnlyMemory<byte>?>> changes, int depth, ref int count)
    {
        switch (node)
        {
            case null:
                return Build(changes, null, depth, ref count);
            case Leaf leaf:
                return UpdateLeaf(leaf, changes, depth, ref count);
            default:
                var inner = (Inner)node;
                var split = FirstRight(changes, depth);
                var left = split == 0 ? inner.Left : Update(inner.Left, changes[..split], depth + 1, ref count);
                var right = split == changes.Length ? inner.Right : Update(inner.Right, changes[split..], depth + 1, ref count);
                return ReferenceEquals(left, inner.Left) && ReferenceEquals(right, inner.Right) ? inner : Join(left, right);
        }
    }

    private static Node? UpdateLeaf(Leaf leaf, ReadOnlySpan<KeyValuePair<Hash256, ReadOnlyMemory<byte>?>> changes, int depth, ref int count)
    {
        foreach (var (key, value) in changes)
        {
            if (key != leaf.Key)
            {
                continue;
            }

            if (value is { } bytes && bytes.Span.SequenceEqual(leaf.Value))
            {
                return Build(changes, leaf, depth, ref count);
            }

            count--; // gone, or counted again when it is built with its new value
            return Build(changes, null, depth, ref count);
        }

        return Build(changes, leaf, depth, ref count);
    }

    // A subtree that has nothing in it but what the changes set and, perhaps, one leaf that stays as it is.
    private static Node? Build(ReadOnlySpan<KeyValuePair<Hash256, ReadOnlyMemory<byte>?>> changes, Leaf? stays, int depth, ref int count)
    {
        if (changes.IsEmpty)
        {
            return stays;
        }

        if (changes.Length == 1)
        {
            var (key, value) = changes[0];
            if (value is null || key == stays?.Key)
            {
                return stays;
            }

            if (stays is null)
            {
                count++;
                return new Leaf(key, value.Value.ToArray());
            }
        }

        var split = FirstRight(changes, depth);
        var staysRight = stays is not null && stays.Key.Bit(depth);
        return Join(
            Build(changes[..split], staysRight ? null : stays, depth + 1, ref count),
            Build(changes[split..], staysRight ? stays : null, depth + 1, ref count));
    }

    // Canonical form: a lone leaf rises, and nothing above nothing is nothing.
    private static Node? Join(Node? left, Node? right) => (left, right) switch
    {
        (null, null or Leaf) => right,
        (Leaf, null) => left,
        _ => new Inner(left, right),
    };

    // Index of the first change whose key has a one at that depth.
    private static int FirstRight(ReadOnlySpan<KeyValuePair<Hash256, ReadOnlyMemory<byte>?>> changes, int depth)
    {
        int low = 0, high = changes.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (changes[middle].Key.Bit(depth))
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    private abstract class Node(Hash256 hash)
    {
        internal Hash256 Hash { get; } = hash;
    }

    private sealed class Leaf(Hash256 key, byte[] value) : Node(LeafHash(key, Sha256.Hash(value)))
    {
        internal Hash256 Key { get; } = key;

        internal byte[] Value { get; } = value;
    }

    private sealed class Inner(Node? left, Node? right) : Node(MerkleTree.NodeHash(HashOf(left), HashOf(right)))
    {
        internal Node? Left { get; } = left;

        internal Node? Right { get; } = right;
    }
}
