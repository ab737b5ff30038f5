using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

public sealed class StateTree_rules
{
    [Fact]
    public void Roots_values_and_counts_are_those_of_a_plain_map_through_any_history() => Seeded.Run(60, random =>
    {
        var pool = Keys(random, 60);
        var model = new SortedDictionary<Hash256, byte[]>();
        var tree = StateTree.Empty;
        for (var batch = 0; batch < 12; batch++)
        {
            var changes = RandomBatch(random, pool);
            foreach (var (key, value) in changes)
            {
                Set(model, key, value);
            }

            tree = tree.Apply(changes);
            Assert.Equal(Definition([.. model]), tree.Root);
            Assert.Equal(model.Count, tree.Count);
            foreach (var key in pool)
            {
                Assert.Equal(model.TryGetValue(key, out var expected), tree.Get(key) is { } actual && actual.Span.SequenceEqual(expected));
            }
        }
    });

    [Fact]
    public void The_root_does_not_depend_on_order_or_batches() => Seeded.Run(30, random =>
    {
        var content = Keys(random, 80).Select(k => Change(k, k.ToArray())).ToArray();
        var once = StateTree.Empty.Apply(content);
        random.Shuffle(content);
        var oneByOne = content.Aggregate(StateTree.Empty, (tree, change) => tree.Apply([change]));
        Assert.Equal(once.Root, oneByOne.Root);
        Assert.Equal(once.Count, oneByOne.Count);
    });

    [Fact]
    public void Removal_returns_to_the_earlier_root_and_older_versions_stay_as_they_were() => Seeded.Run(30, random =>
    {
        var pool = Keys(random, 80);
        var before = StateTree.Empty.Apply([.. pool.Take(40).Select(k => Change(k, [1]))]);
        var root = before.Root;
        var after = before.Apply([.. pool.Skip(20).Select(k => Change(k, [2]))]);
        Assert.NotEqual(root, after.Root);
        var back = after.Apply([.. pool.Skip(40).Select(k => Change(k, null)), .. pool.Skip(20).Take(20).Select(k => Change(k, [1]))]);
        Assert.Equal(root, back.Root);
        Assert.Equal(40, back.Count);
        Assert.Equal(root, before.Root);
        Assert.Equal([1], before.Get(pool[30])!.Value.ToArray());
        var empty = back.Apply([.. pool.Take(40).Select(k => Change(k, null))]);
        Assert.Equal(Hash256.Zero, empty.Root);
        Assert.Equal(0, empty.Count);
    });

    [Fact]
    public void Changes_that_change_nothing_give_the_same_tree()
    {
        var pool = Keys(new Random(5), 30);
        var tree = StateTree.Empty.Apply([.. pool.Take(15).Select(k => Change(k, k.ToArray()))]);
        Assert.Same(tree, tree.Apply([]));
        Assert.Same(tree, tree.Apply([.. pool.Take(15).Select(k => Change(k, k.ToArray()))]));
        Assert.Same(tree, tree.Apply([.. pool.Skip(15).Select(k => Change(k, null))]));
        Assert.Same(StateTree.Empty, StateTree.Empty.Apply([Change(pool[0], null)]));
    }

    [Fact]
    public void A_key_twice_in_a_batch_is_refused()
    {
        var key = Sha256.Hash([1]);
        var e = Assert.Throws<ArgumentException>(() => StateTree.Empty.Apply([Change(key, [1]), Change(Sha256.Hash([2]), [1]), Change(key, [2])]));
        Assert.Contains(key.ToString(), e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stored_value_does_not_follow_the_caller_s_buffer()
    {
        var (key, buffer) = (Sha256.Hash([1]), new byte[] { 1, 2, 3 });
        var tree = StateTree.Empty.Apply([Change(key, buffer)]);
        buffer[0] = 9;
        Assert.Equal([1, 2, 3], tree.Get(key)!.Value.ToArray());
    }

    [Fact]
    public void An_empty_value_is_a_value()
    {
        var key = Sha256.Hash([1]);
        var tree = StateTree.Empty.Apply([Change(key, [])]);
        Assert.Equal(0, tree.Get(key)!.Value.Length);
        Assert.NotEqual(Hash256.Zero, tree.Root);
        Assert.True(tree.Prove(key).Verify(tree.Root, key, ReadOnlyMemory<byte>.Empty));
        Assert.False(tree.Prove(key).Verify(tree.Root, key, null));
    }

    [Fact]
    public void A_lone_leaf_is_the_root_and_keys_that_part_in_the_last_bit_lie_256_deep()
    {
        var first = Sha256.Hash([1]);
        var one = StateTree.Empty.Apply([Change(first, [7])]);
        Assert.Equal(Sha256.Hash([0, .. first.ToArray(), .. Sha256.Hash([7]).ToArray()]), one.Root);
        var two = one.Apply([Change(MerkleTree_rules.Flip(first), [8])]);
        var proof = two.Prove(first);
        Assert.Equal(StateProof.MaxSiblings, proof.Siblings.Length);
        Assert.True(proof.Verify(two.Root, first, new byte[] { 7 }));
        Assert.Equal(one.Root, two.Apply([Change(MerkleTree_rules.Flip(first), null)]).Root);
    }

    [Fact]
    public void Every_key_proves_its_value_or_its_absence_and_nothing_else() => Seeded.Run(15, random =>
    {
        var pool = Keys(random, 60);
        var tree = StateTree.Empty.Apply([.. pool.Take(30).Select(k => Change(k, k.ToArray()))]);
        foreach (var (key, i) in pool.Select((k, i) => (k, i)))
        {
            var proof = tree.Prove(key);
            Assert.Equal(i < 30, proof.Verify(tree.Root, key, key.ToArray()));
            Assert.Equal(i >= 30, proof.Verify(tree.Root, key, null));
            Assert.False(proof.Verify(tree.Root, key, new byte[] { 1 }));
            Assert.False(proof.Verify(MerkleTree_rules.Flip(tree.Root), key, i < 30 ? key.ToArray() : (ReadOnlyMemory<byte>?)null));
        }
    });

    [Fact]
    public void Proofs_in_the_empty_tree()
    {
        var key = Sha256.Hash([1]);
        Assert.True(StateTree.Empty.Prove(key).Verify(Hash256.Zero, key, null));
        Assert.False(StateTree.Empty.Prove(key).Verify(Hash256.Zero, key, new byte[] { 1 }));
    }

    [Fact]
    public void A_tampered_proof_fails() => Seeded.Run(2, random =>
    {
        var pool = Keys(random, 40);
        var tree = StateTree.Empty.Apply([.. pool.Take(20).Select(k => Change(k, k.ToArray()))]);
        foreach (var (key, i) in pool.Select((k, i) => (k, i)))
        {
            ReadOnlyMemory<byte>? expected = i < 20 ? key.ToArray() : (ReadOnlyMemory<byte>?)null;
            var proof = tree.Prove(key);
            foreach (var tampered in Tampered(proof))
            {
                Assert.False(tampered.Verify(tree.Root, key, expected), $"key {i}: {tampered}");
            }
        }
    });

    [Fact]
    public void Another_key_s_true_leaf_does_not_prove_absence_of_a_key_that_is_there() => Seeded.Run(10, random =>
    {
        var pool = Keys(random, 30);
        var tree = StateTree.Empty.Apply([.. pool.Select(k => Change(k, k.ToArray()))]);
        foreach (var key in pool)
        {
            foreach (var other in pool.Where(o => o != key))
            {
                Assert.False(tree.Prove(other).Verify(tree.Root, key, null));
            }
        }
    });

    [Fact]
    public void A_leaf_where_its_key_does_not_lead_proves_no_absence()
    {
        // No tree of ours has such a root, but a liar's may.
        var keys = Keys(new Random(10), 40);
        var (left, right) = (keys.First(k => !k.Bit(0)), keys.First(k => k.Bit(0)));
        var misplaced = StateTree.LeafHash(right, Sha256.Hash([1]));
        var proof = new StateProof([Sha256.Hash([2])], right, Sha256.Hash([1]), HasLeaf: true);
        Assert.False(proof.Verify(MerkleTree.NodeHash(misplaced, Sha256.Hash([2])), left, null));
    }

    [Theory]
    [InlineData(StateProof.MaxSiblings, true)]
    [InlineData(StateProof.MaxSiblings + 1, false)]
    public void A_path_is_no_longer_than_a_key(int length, bool accepted)
    {
        var sibling = Sha256.Hash([2]);
        var root = Enumerable.Repeat(sibling, length).Aggregate(Hash256.Zero, MerkleTree.NodeHash);
        var proof = new StateProof([.. Enumerable.Repeat(sibling, length)], Hash256.Zero, Hash256.Zero, HasLeaf: false);
        Assert.Equal(accepted, proof.Verify(root, Hash256.Zero, null));
    }

    [Fact]
    public void Equal_proofs_are_equal()
    {
        var pool = Keys(new Random(6), 20);
        var tree = StateTree.Empty.Apply([.. pool.Select(k => Change(k, [1]))]);
        Assert.Equal(tree.Prove(pool[3]), tree.Prove(pool[3]));
        Assert.Equal(tree.Prove(pool[3]).GetHashCode(), tree.Prove(pool[3]).GetHashCode());
        Assert.NotEqual(tree.Prove(pool[3]), tree.Prove(pool[4]));
    }

    [Fact]
    public void Entries_come_in_order_from_any_key_on()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        foreach (var size in (int[])[0, 1, 2, 3, 50, 500])
        {
            var entries = Enumerable.Range(0, size).Select(i => KeyValuePair.Create(Sha256.Hash(BitConverter.GetBytes(random.NextInt64())), BitConverter.GetBytes(i))).ToArray();
            var tree = StateTree.Empty.Apply([.. entries.Select(entry => KeyValuePair.Create(entry.Key, (ReadOnlyMemory<byte>?)entry.Value))]);
            var firsts = entries.Take(20).Select(entry => entry.Key)
                .Concat([Hash256.Zero, new Hash256(Enumerable.Repeat((byte)0xff, Hash256.Size).ToArray())])
                .Concat(Enumerable.Range(0, 20).Select(_ => Sha256.Hash(BitConverter.GetBytes(random.NextInt64()))));
            foreach (var first in firsts)
            {
                var expected = entries.Where(entry => entry.Key.CompareTo(first) >= 0).OrderBy(entry => entry.Key).Select(entry => (entry.Key, BitConverter.ToInt32(entry.Value)));
                Assert.True(expected.SequenceEqual(tree.From(first).Select(entry => (entry.Key, BitConverter.ToInt32(entry.Value.Span)))), $"seed {seed}, {size} entries, from {first}");
            }
        }
    }

    private static IEnumerable<StateProof> Tampered(StateProof proof)
    {
        yield return proof with { HasLeaf = !proof.HasLeaf };
        yield return proof with { LeafKey = MerkleTree_rules.Flip(proof.LeafKey) };
        yield return proof with { LeafValueHash = MerkleTree_rules.Flip(proof.LeafValueHash) };
        yield return proof with { Siblings = default };
        yield return proof with { Siblings = proof.Siblings.Add(Hash256.Zero) };
        yield return proof with { Siblings = [.. Enumerable.Repeat(Hash256.Zero, StateProof.MaxSiblings + 1)] };
        foreach (var s in Enumerable.Range(0, proof.Siblings.Length))
        {
            yield return proof with { Siblings = proof.Siblings.SetItem(s, MerkleTree_rules.Flip(proof.Siblings[s])) };
            yield return proof with { Siblings = proof.Siblings.RemoveAt(s) };
        }
    }

    // Digests, and beside some of them keys that share a long prefix with them.
    private static Hash256[] Keys(Random random, int count)
    {
        var keys = new HashSet<Hash256>();
        while (keys.Count < count)
        {
            var bytes = random.Bytes(32);
            keys.Add(new Hash256(bytes));
            bytes[random.Next(32)] ^= (byte)(1 << random.Next(8));
            keys.Add(new Hash256(bytes));
        }

        var shuffled = keys.Take(count).ToArray();
        random.Shuffle(shuffled);
        return shuffled;
    }

    private static KeyValuePair<Hash256, ReadOnlyMemory<byte>?>[] RandomBatch(Random random, Hash256[] pool)
    {
        var keys = (Hash256[])pool.Clone();
        random.Shuffle(keys);
        return [.. keys.Take(random.Next(20)).Select(k => Change(k, random.Next(3) == 0 ? null : [(byte)random.Next(4)]))];
    }

    private static KeyValuePair<Hash256, ReadOnlyMemory<byte>?> Change(Hash256 key, byte[]? value) =>
        new(key, value is null ? default(ReadOnlyMemory<byte>?) : value);

    private static void Set(SortedDictionary<Hash256, byte[]> model, Hash256 key, ReadOnlyMemory<byte>? value)
    {
        if (value is { } bytes)
        {
            model[key] = bytes.ToArray();
        }
        else
        {
            model.Remove(key);
        }
    }

    // The definition, from nothing but the content.
    private static Hash256 Definition(IReadOnlyList<KeyValuePair<Hash256, byte[]>> content, int depth = 0)
    {
        if (content.Count == 0)
        {
            return Hash256.Zero;
        }

        if (content.Count == 1)
        {
            return Sha256.Hash([0, .. content[0].Key.ToArray(), .. Sha256.Hash(content[0].Value).ToArray()]);
        }

        var left = Definition([.. content.Where(c => !c.Key.Bit(depth))], depth + 1);
        var right = Definition([.. content.Where(c => c.Key.Bit(depth))], depth + 1);
        return Sha256.Hash([1, .. left.ToArray(), .. right.ToArray()]);
    }
}
