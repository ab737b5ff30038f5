using LuxTensor.Core.Transactions;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Core.Transactions;

public sealed class OrderedTrieTests
{
    [Fact]
    public void The_trie_is_a_sorted_dictionary_and_no_version_changes_after_it_was_handed_on() => Seeds.Each(100, static random =>
    {
        var (trie, model) = (OrderedTrie<string>.Empty, new SortedDictionary<TrieKey, string>(Comparer<TrieKey>.Create(Compare)));
        var versions = new List<(OrderedTrie<string> Trie, string[] Values)>();
        var keys = Enumerable.Range(0, 60).Select(_ => AnyKey(random)).ToArray();
        for (var step = 0; step < 60; step++)
        {
            var edit = random.Next(2) == 0 ? new object() : null;
            for (var change = random.Next(8); change > 0; change--)
            {
                var key = keys[random.Next(keys.Length)];
                if (random.Next(2) == 0)
                {
                    model[key] = $"{step}.{change}";
                    trie = trie.Set(key, model[key], edit);
                }
                else
                {
                    model.Remove(key);
                    trie = trie.Remove(key, edit);
                }
            }

            Assert.Equal(model.Values, trie.InOrder());
            Assert.Equal(model.Count, trie.Count);
            Assert.Equal(model.Values.LastOrDefault(), trie.Last);
            Assert.All(keys, key => Assert.Equal(model.GetValueOrDefault(key), trie.Find(key)));
            versions.Add((trie, [.. model.Values]));
        }

        Assert.All(versions, static version => Assert.Equal(version.Values, version.Trie.InOrder()));
    });

    [Fact]
    public void Removing_what_is_not_there_changes_nothing()
    {
        var trie = OrderedTrie<string>.Empty.Set(TrieKey.Of(0x10), "a").Set(TrieKey.Of(0x20), "b");
        Assert.Same(trie, trie.Remove(TrieKey.Of(0x11)));
        Assert.Same(trie, trie.Remove(TrieKey.Of(0x30)));
        Assert.Same(trie, trie.Remove(new TrieKey(1, 0, 0, 0x10)));
        Assert.Null(trie.Find(new TrieKey(1, 0, 0, 0x10)));
        Assert.Empty(trie.Remove(TrieKey.Of(0x10)).Remove(TrieKey.Of(0x20)).InOrder());
    }

    [Fact]
    public void Keys_are_the_numbers_that_their_bytes_are() => Seeds.Each(200, static random =>
    {
        var (x, y) = (Given.HashOf(random), Given.HashOf(random));
        Assert.Equal(x.CompareTo(y), Compare(TrieKey.Of(x), TrieKey.Of(y)));
        Assert.Equal(x.ToString()[2..], string.Concat(Enumerable.Range(0, 64).Select(i => $"{TrieKey.Of(x).Digit(i):x}")));
        Assert.Equal(new string('0', 24) + Given.AddressOf(1).ToString()[2..], string.Concat(Enumerable.Range(0, 64).Select(static i => $"{TrieKey.Of(Given.AddressOf(1)).Digit(i):x}")));
        var at = random.Next(32);
        var bytes = x.ToArray();
        bytes[at] ^= (byte)random.Next(1, 256);
        Assert.Equal((2 * at) + ((bytes[at] ^ x.ToArray()[at]) < 16 ? 1 : 0), TrieKey.Of(x).FirstDifference(TrieKey.Of(new Hash256(bytes))));
        Assert.Equal(TrieKey.Digits, TrieKey.Of(x).FirstDifference(TrieKey.Of(x)));
    });

    // Few bits set, so that paths are long, shared and compressed.
    private static TrieKey AnyKey(Random random) => new(Part(random), Part(random), Part(random), Part(random));

    private static ulong Part(Random random) => random.Next(3) == 0 ? 1UL << random.Next(64) : 0;

    private static int Compare(TrieKey x, TrieKey y)
    {
        int[] parts = [x.A.CompareTo(y.A), x.B.CompareTo(y.B), x.C.CompareTo(y.C), x.D.CompareTo(y.D)];
        return parts.FirstOrDefault(static it => it != 0);
    }
}
