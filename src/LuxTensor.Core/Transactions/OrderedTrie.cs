using System.Numerics;

namespace LuxTensor.Core.Transactions;

/// <summary>
/// An immutable map in order of key: a trie of sixteen branches with compressed paths (Morrison's PATRICIA, JACM 15(4),
/// 1968, on digits instead of bits). An operation goes through as many nodes as the keys around it need digits to be told
/// apart, about log16 of the count and never more than 64, and copies those only.
/// </summary>
/// <remarks>
/// Whoever makes many changes passes an <c>edit</c> of its own, a new object: nodes that were made under it are then
/// changed in place. Only the last map may be used after that, and the edit never again once the map is handed on.
/// </remarks>
internal sealed class OrderedTrie<T>
    where T : class
{
    private readonly object? root; // Node, Leaf or nothing

    private OrderedTrie(object? root, int count)
    {
        this.root = root;
        Count = count;
    }

    internal static OrderedTrie<T> Empty { get; } = new(null, 0);

    internal int Count { get; }

    /// <summary>The value with the greatest key, or null.</summary>
    internal T? Last
    {
        get
        {
            var at = root;
            while (at is Node node)
            {
                at = node.Children[^1];
            }

            return ((Leaf?)at)?.Value;
        }
    }

    internal T? Find(TrieKey key)
    {
        var at = root;
        while (at is Node node)
        {
            at = node.ChildAt(key.Digit(node.Depth)); // the digits in between are compared once, at the leaf
        }

        return at is Leaf leaf && leaf.Key == key ? leaf.Value : null;
    }

    internal OrderedTrie<T> Set(TrieKey key, T value, object? edit = null)
    {
        var grown = 1;
        var next = root is null ? new Leaf(key, value) : Set(root, new Leaf(key, value), edit, ref grown);
        return new OrderedTrie<T>(next, Count + grown);
    }

    internal OrderedTrie<T> Remove(TrieKey key, object? edit = null)
    {
        if (Find(key) is null)
        {
            return this;
        }

        return root is Leaf ? Empty : new OrderedTrie<T>(Remove((Node)root!, key, edit), Count - 1);
    }

    /// <summary>The values in order of key.</summary>
    internal IEnumerable<T> InOrder()
    {
        var open = new Stack<object>();
        if (root is not null)
        {
            open.Push(root);
        }

        while (open.TryPop(out var at))
        {
            if (at is Leaf leaf)
            {
                yield return leaf.Value;
                continue;
            }

            var children = ((Node)at).Children;
            for (var i = children.Length - 1; i >= 0; i--)
            {
                open.Push(children[i]);
            }
        }
    }

    private static object Set(object at, Leaf leaf, object? edit, ref int grown)
    {
        if (at is Leaf other)
        {
            if (other.Key == leaf.Key)
            {
                grown = 0;
                return leaf;
            }

            return Node.Of(leaf, other, other.Key, edit);
        }

        var node = (Node)at;
        if (leaf.Key.FirstDifference(node.Prefix) < node.Depth)
        {
            return Node.Of(leaf, node, node.Prefix, edit);
        }

        var digit = leaf.Key.Digit(node.Depth);
        return node.ChildAt(digit) is { } child ? node.WithChild(digit, Set(child, leaf, edit, ref grown), edit) : node.WithNewChild(digit, leaf, edit);
    }

    // The key is known to be below. What remains of a node with one child is that child.
    private static object Remove(Node node, TrieKey key, object? edit)
    {
        var digit = key.Digit(node.Depth);
        if (node.ChildAt(digit) is Node below)
        {
            return node.WithChild(digit, Remove(below, key, edit), edit);
        }

        return node.Children.Length == 2 ? node.OtherChild(digit) : node.WithoutChild(digit, edit);
    }

    private sealed record Leaf(TrieKey Key, T Value);

    /// <summary>Two or more subtrees whose keys agree in the first <see cref="Depth"/> digits and differ in the next.</summary>
    private sealed class Node(TrieKey prefix, int depth, object? owner)
    {
        private uint present;

        /// <summary>A key, any one, that is or was below: its first digits are those of all.</summary>
        internal TrieKey Prefix { get; } = prefix;

        internal int Depth { get; } = depth;

        /// <summary>The children in order of digit.</summary>
        internal object[] Children { get; private set; } = [];

        internal static Node Of(Leaf leaf, object other, TrieKey otherKey, object? edit)
        {
            var depth = leaf.Key.FirstDifference(otherKey);
            var (digit, otherDigit) = (leaf.Key.Digit(depth), otherKey.Digit(depth));
            return new Node(leaf.Key, depth, edit)
            {
                present = (1u << digit) | (1u << otherDigit),
                Children = digit < otherDigit ? [leaf, other] : [other, leaf],
            };
        }

        internal object? ChildAt(int digit) => (present & (1u << digit)) != 0 ? Children[IndexOf(digit)] : null;

        internal object OtherChild(int digit) => Children[1 - IndexOf(digit)];

        internal Node WithChild(int digit, object child, object? edit)
        {
            var index = IndexOf(digit);
            if (ReferenceEquals(Children[index], child))
            {
                return this; // changed in place further down
            }

            if (IsOwnedBy(edit))
            {
                Children[index] = child;
                return this;
            }

            var children = Children.AsSpan().ToArray();
            children[index] = child;
            return With(present, children, edit);
        }

        internal Node WithNewChild(int digit, object child, object? edit)
        {
            var index = IndexOf(digit);
            return With(present | (1u << digit), [.. Children.AsSpan(0, index), child, .. Children.AsSpan(index)], edit);
        }

        internal Node WithoutChild(int digit, object? edit)
        {
            var index = IndexOf(digit);
            return With(present & ~(1u << digit), [.. Children.AsSpan(0, index), .. Children.AsSpan(index + 1)], edit);
        }

        private Node With(uint digits, object[] children, object? edit)
        {
            var node = IsOwnedBy(edit) ? this : new Node(Prefix, Depth, edit);
            (node.present, node.Children) = (digits, children);
            return node;
        }

        private bool IsOwnedBy(object? edit) => edit is not null && ReferenceEquals(owner, edit);

        private int IndexOf(int digit) => BitOperations.PopCount(present & ((1u << digit) - 1));
    }
}
