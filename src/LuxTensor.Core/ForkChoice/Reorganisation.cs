using System.Collections.Immutable;

namespace LuxTensor.Core.ForkChoice;

/// <summary>A change of head: blocks that left and joined, each from the ancestor up (FRK-4). A plain extension leaves nothing.</summary>
public sealed record Reorganisation(BlockNode Ancestor, ImmutableArray<BlockNode> Left, ImmutableArray<BlockNode> Joined)
{
    /// <summary>How many blocks left.</summary>
    public int Depth => Left.Length;

    /// <summary>
    /// The way from one head to another. <paramref name="before"/> is the tree that held the old head and may be older than
    /// <paramref name="after"/> by final blocks; both share the blocks above the older root.
    /// </summary>
    public static Reorganisation Between(BlockTree before, BlockTree after)
    {
        var left = new Stack<BlockNode>();
        var joined = new Stack<BlockNode>();
        BlockNode old = before.Head, fresh = after.Head;
        BlockNode Parent(BlockNode node) => after.Find(node.Parent) ?? before.Find(node.Parent) ?? throw new InvalidOperationException(
            $"block {node.Hash} at height {node.Height} has no parent in either tree");

        while (old.Hash != fresh.Hash)
        {
            if (old.Height >= fresh.Height)
            {
                left.Push(old);
                old = Parent(old);
            }
            else
            {
                joined.Push(fresh);
                fresh = Parent(fresh);
            }
        }

        return new Reorganisation(old, [.. left], [.. joined]);
    }
}
