using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Transactions;
using LuxTensor.Engine;
using LuxTensor.Tests.Core.Voting;

namespace LuxTensor.Tests.Core.ForkChoice;

public sealed class BlockTreeTests
{
    private readonly Arena arena = new();
    private readonly Dictionary<string, BlockNode> named = [];
    private BlockTree tree;

    public BlockTreeTests() => tree = Plant();

    [Fact]
    public void FRK_1_a_tree_holds_what_descends_from_the_last_final_block()
    {
        Run("add a root; add b a");
        var stray = arena.Block(arena.Block(named["b"]));
        Assert.Same(tree, tree.Add(stray));
        Assert.Same(tree, tree.Add(named["a"]));
        Assert.Equal((2, null), (tree.Count, tree.Find(stray.Hash)));
        Assert.Equal((named["a"], null, null), (tree.AncestorAt(named["b"], 1), tree.AncestorAt(named["b"], 3), tree.AncestorAt(named["a"], 2)));
    }

    [Theory]
    [InlineData("head root; add a root; head a; add b a; head b")]
    [InlineData("add a root; add b root; head min a b; add c b; head c")] // longest
    [InlineData("add a root; add b root; add c a; add d b; head min a b -> c d")] // the smallest hash where the branches part
    [InlineData("add a root; add b root; add c b; prepared a 0; head a")] // prepared beats longest
    [InlineData("add a root; add b root; prepared a 1; head a; prepared b 2; head b; prepared a 0; head b; prepared a 3; head a")]
    [InlineData("add a root; add b root; add c a; add d a; prepared b 0; head b; prepared c 0; head c; prepared d 1; head d")] // higher height first
    [InlineData("add a root; add b root; add c b; add d c; prepared a 5; final b; head d")] // what left takes its certificate along
    [InlineData("add a root; add b root; add c a; final b; head b; count 0")]
    [InlineData("add a root; add b a; add c b; final a; head c; count 2; final b; head c; count 1; final c; head c; count 0")]
    [InlineData("prepared a 0; head root")]
    public void FRK_2_and_FRK_3_the_head_is_found_from_the_last_final_block(string operations) => Run(operations);

    [Fact]
    public void FRK_3_only_a_child_of_the_last_final_block_becomes_final_held_or_not()
    {
        Run("add a root; add b a");
        Assert.Throws<ArgumentException>(() => tree.Finalize(named["b"]));
        var unheld = arena.Block(arena.Root);
        Assert.Equal(unheld, tree.Finalize(unheld).Head);
    }

    [Fact]
    public void FRK_4_a_reorganisation_names_ancestor_depth_and_the_blocks_that_left_and_joined()
    {
        Run("add a root; add b a; add c b");
        var before = tree;
        Run("add x a; prepared x 0; head x; add y x");
        var change = Reorganisation.Between(before, tree);
        Assert.Equal((named["a"], 2), (change.Ancestor, change.Depth));
        Assert.Equal([named["b"], named["c"]], change.Left.AsEnumerable());
        Assert.Equal([named["x"], named["y"]], change.Joined.AsEnumerable());

        var plain = Reorganisation.Between(Plant().Add(named["a"]), before);
        Assert.Equal((named["a"], 0, 2), (plain.Ancestor, plain.Depth, plain.Joined.Length));
    }

    [Theory]
    [InlineData(2, "add a root; add b a; add x root; add y x; add z y; head z")]
    [InlineData(1, "add a root; add b a; add x root; add y x; add z y; head b; final x; head z")] // finality is never refused
    public void FRK_4_a_reorganisation_deeper_than_allowed_is_refused(ulong most, string operations)
    {
        tree = Plant(mostReorganised: most);
        Run(operations);
    }

    [Fact]
    public void FRK_5_a_full_tree_gives_up_its_highest_tip_that_is_neither_head_nor_prepared()
    {
        tree = Plant(capacity: 4);
        Run("add a root; add b a; add c b; add x root; prepared x 0; head x; add y root");
        Assert.Equal([false, true, true], new[] { "c", "x", "y" }.Select(name => tree.Find(named[name].Hash) is not null));
        var higher = arena.Block(named["b"]);
        Assert.Same(tree, tree.Add(higher)); // every tip is lower than it, or stays

        tree = Plant(capacity: 5);
        Run("add p root; add b p; prepared b 1; add q root; add a q; prepared a 0; head b; add c root; add d root"); // a is prepared, and not the head
        Assert.Equal([true, false, true], new[] { "a", "c", "d" }.Select(name => tree.Find(named[name].Hash) is not null));
    }

    [Fact]
    public void FRK_5_no_number_of_blocks_makes_it_grow_and_the_next_height_always_finds_a_place() => Seeds.Each(20, random =>
    {
        var full = Plant(capacity: 8);
        var nodes = new List<BlockNode> { arena.Root };
        for (var i = 0; i < 60; i++)
        {
            var next = arena.Block(nodes[random.Next(nodes.Count)]);
            nodes.Add(next);
            full = full.Add(next);
            Assert.True(full.Count <= 8);
        }

        var child = arena.Block(arena.Root);
        Assert.NotNull(full.Add(child).Find(child.Hash));
    });

    [Fact]
    public void FRK_9_a_block_deep_enough_is_safe_and_never_below_the_final_one()
    {
        var rules = Given.Rules with { SafeDepth = 3 };
        var chain = new Arena(rules);
        var node = Routing.Begin(chain.Genesis, chain.Root, null, [], new MempoolLimits());
        var blocks = new List<BlockNode> { chain.Root };
        for (var i = 0; i < 5; i++)
        {
            blocks.Add(chain.Block(blocks[^1]));
            node = node with { Chain = node.Chain with { Tree = node.Chain.Tree.Add(blocks[^1]) } };
            Assert.Equal(blocks[int.Max(0, i + 1 - 3)].Block, node.Safe);
            Assert.Equal(blocks[0].Block, node.Final);
        }

        var final = node.Chain.Tree.Finalize(blocks[1]).Finalize(blocks[2]).Finalize(blocks[3]);
        Assert.Equal(blocks[3].Block, (node with { Chain = node.Chain with { Tree = final } }).Safe);
    }

    private BlockTree Plant(int capacity = 64, ulong mostReorganised = 64) => BlockTree.Of(arena.Root, capacity, mostReorganised);

    private void Run(string operations)
    {
        named.TryAdd("root", arena.Root);
        foreach (var words in operations.Split("; ").Select(static operation => operation.Split(' ')))
        {
            switch (words[0])
            {
                case "add":
                    named[words[1]] = arena.Block(named[words[2]]);
                    tree = tree.Add(named[words[1]]);
                    break;
                case "prepared":
                    tree = named.TryGetValue(words[1], out var prepared) ? tree.MarkPrepared(prepared.Hash, uint.Parse(words[2])) : tree;
                    break;
                case "final":
                    tree = tree.Finalize(named[words[1]]);
                    break;
                case "count":
                    Assert.Equal(int.Parse(words[1]), tree.Count);
                    break;
                case "head" when words[1] == "min":
                    var first = named[words[2]].Hash < named[words[3]].Hash;
                    var expected = words.Length == 4 ? (first ? words[2] : words[3]) : (first ? words[5] : words[6]);
                    Assert.Equal(named[expected].Hash, tree.Head.Hash);
                    break;
                default:
                    Assert.Equal(named[words[1]].Hash, tree.Head.Hash);
                    break;
            }
        }
    }
}
