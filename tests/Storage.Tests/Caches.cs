using LuxTensor.Crypto;
using LuxTensor.Engine.Caching;

namespace LuxTensor.Tests.Storage;

public sealed class Caches
{
    [Fact]
    public void The_cache_does_what_a_list_in_order_of_use_does()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var run = 0; run < 20; run++)
        {
            var capacity = random.Next(0, 60);
            var cache = new LruCache<int, int>(capacity);
            var model = new List<(int Key, int Value, int Weight)>(); // most recently used last
            for (var step = 0; step < 2_000; step++)
            {
                var key = random.Next(12);
                var at = model.FindIndex(entry => entry.Key == key);
                switch (random.Next(5))
                {
                    case 0 or 1:
                        var entry = (key, step, random.Next(1, 30));
                        cache.Put(entry.key, entry.step, entry.Item3);
                        model.RemoveAll(old => old.Key == key);
                        model.Add(entry);
                        while (model.Sum(old => old.Weight) > capacity)
                        {
                            model.RemoveAt(entry.Item3 > capacity ? model.Count - 1 : 0);
                        }

                        break;
                    case 2:
                        Assert.True(cache.Remove(key) == at >= 0, $"seed {seed}");
                        model.RemoveAll(old => old.Key == key);
                        break;
                    default:
                        Assert.True(cache.TryGet(key, out var value) == at >= 0, $"seed {seed}");
                        if (at >= 0)
                        {
                            Assert.True(model[at].Value == value, $"seed {seed}");
                            var used = model[at];
                            model.RemoveAt(at);
                            model.Add(used);
                        }

                        break;
                }

                Assert.True(cache.Count == model.Count && cache.Weight == model.Sum(old => old.Weight), $"seed {seed}");
                Assert.True(cache.Weight <= capacity, $"seed {seed}");
            }
        }
    }

    [Fact]
    public void A_value_without_weight_is_refused_and_so_is_a_negative_capacity()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new LruCache<int, int>(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LruCache<int, int>(9).Put(1, 1, 0));
    }

    [Fact]
    public async Task The_cache_keeps_its_bound_under_many_threads()
    {
        var cache = new LruCache<int, int>(1_000);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            var random = new Random(thread);
            for (var i = 0; i < 20_000; i++)
            {
                var key = random.Next(300);
                cache.Put(key, key, random.Next(1, 40));
                var asked = random.Next(300);
                Assert.True(!cache.TryGet(asked, out var value) || value == asked);
                Assert.InRange(cache.Weight, 0, 1_000);
            }
        })));
    }

    [Fact]
    public void What_was_never_added_is_never_seen_and_the_last_ones_are_remembered()
    {
        var filter = new SeenFilter(64 << 10);
        Assert.InRange(filter.Bytes, 32 << 10, 64 << 10);
        var forgotten = 0;
        for (var i = 0; i < filter.Generation * 5; i++)
        {
            Assert.False(filter.Contains(Digest(i)));
            Assert.True(filter.Add(Digest(i)));
            forgotten += filter.Add(Digest(i)) ? 1 : 0;
            var lately = i - filter.Generation + 1;
            forgotten += lately >= 0 && !filter.Contains(Digest(lately)) ? 1 : 0;
        }

        Assert.True(forgotten * 100 < filter.Generation, $"{forgotten} forgotten early");
        Assert.False(filter.Contains(Digest(0))); // and the first ones are forgotten
    }

    [Fact]
    public void What_is_seen_again_stays()
    {
        var filter = new SeenFilter(4096);
        Assert.True(filter.Add(Digest(-1)));
        for (var i = 0; i < filter.Generation * 6; i++)
        {
            filter.Add(Digest(i));
            Assert.False(filter.Add(Digest(-1)));
        }
    }

    [Fact]
    public void The_zero_digest_is_always_new_and_too_small_a_filter_is_refused()
    {
        var filter = new SeenFilter(4096);
        Assert.True(filter.Add(default));
        Assert.True(filter.Add(default));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SeenFilter(4095));
    }

    private static Hash256 Digest(int value) => Sha256.Hash(BitConverter.GetBytes(value));
}
