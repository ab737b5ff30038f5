using LuxTensor.Core;
using LuxTensor.Core.Peers;
using LuxTensor.Core.Wire;

namespace LuxTensor.Tests.Core.Peers;

/// <summary>PEE-8 and PEE-9.</summary>
public sealed class PeerLimitTests
{
    private const ulong Start = 1_800_000_000_000;

    [Fact]
    public void PEE_8_a_bucket_never_lets_through_more_than_its_capacity_and_what_time_brought() => Seeds.Each(300, static random =>
    {
        var limit = new PeerLimit(random.Next(1, 500), random.NextInt64(1, random.Next(2) == 0 ? 100 : 1_000_000), random.Next(1, 2_000));
        var (bucket, now, passed) = (TokenBucket.Full(limit, Start), Start, new List<(ulong At, long Tokens)>());
        for (var i = 0; i < 400; i++)
        {
            now += (ulong)random.Next(random.Next(10) == 0 ? 100_000 : 100);
            var cost = limit.CostOf(random.Next(5_000));
            (bucket, var isAllowed) = TokenBucket.Take(bucket, limit, cost, now);
            if (isAllowed)
            {
                passed.Add((now, cost));
            }
        }

        for (var from = 0; from < passed.Count; from += 1 + random.Next(20))
        {
            long sum = 0;
            foreach (var (at, tokens) in passed.Skip(from))
            {
                sum += tokens;
                var most = (limit.Capacity * TokenBucket.Token) + (Int128)(at - passed[from].At) * limit.PerMinute;
                Assert.True(sum * TokenBucket.Token <= most, $"{sum} tokens from {passed[from].At} to {at}");
            }
        }
    });

    [Fact]
    public void PEE_8_a_bucket_fills_the_same_however_often_one_looks_and_wastes_nothing() => Seeds.Each(300, static random =>
    {
        var limit = new PeerLimit(random.Next(1, 500), random.NextInt64(1, 10_000), 1);
        var empty = new TokenBucket(0, Start);
        var (often, now, end) = (empty, Start, Start + (ulong)random.Next(1_000_000));
        while (now < end)
        {
            now = ulong.Min(end, now + 1 + (ulong)random.Next(random.Next(2) == 0 ? 3 : 100_000));
            (often, _) = TokenBucket.Take(often, limit, int.MaxValue, now); // refused, so that nothing is taken
        }

        Assert.Equal(TokenBucket.Refill(empty, limit, end), often);
        var brought = (long)(end - Start) * limit.PerMinute;
        Assert.Equal(long.Min(brought, limit.Capacity * TokenBucket.Token), often.Grains);
    });

    [Fact]
    public void PEE_8_a_frame_costs_a_token_for_each_started_unit()
    {
        var limit = new PeerLimit(10, 60, 100);
        Assert.Equal([1, 1, 1, 2, 2, 3, 21_474_837], new[] { 0, 1, 100, 101, 200, 201, int.MaxValue }.Select(limit.CostOf));
        var (bucket, isAllowed) = TokenBucket.Take(TokenBucket.Full(limit, Start), limit, 8, Start);
        Assert.True(isAllowed);
        (bucket, isAllowed) = TokenBucket.Take(bucket, limit, 3, Start + 999);
        Assert.False(isAllowed);
        Assert.True(TokenBucket.Take(bucket, limit, 3, Start + 1_000).IsAllowed);
        Assert.True(TokenBucket.Take(bucket, limit, 10, ulong.MaxValue).IsAllowed);
    }

    [Fact]
    public void PEE_8_a_clock_that_is_set_back_brings_no_tokens_and_takes_none()
    {
        var limit = new PeerLimit(10, 60, 1);
        var (empty, _) = TokenBucket.Take(TokenBucket.Full(limit, Start), limit, 10, Start);
        var (back, isAllowed) = TokenBucket.Take(empty, limit, 1, Start - 1_000_000);
        Assert.False(isAllowed);
        Assert.True(TokenBucket.Take(back, limit, 1, Start - 999_000).IsAllowed);
    }

    [Theory]
    [InlineData(4, 1_000UL, 1_000UL, 1 << 20, 64UL)]
    [InlineData(100, 1_000UL, 30_000UL, 1 << 20, 64UL)]
    [InlineData(100, 200UL, 1_000UL, 1 << 20, 1UL)]
    [InlineData(10_000, 1_000UL, 30_000UL, 16 << 20, 64UL)]
    public void PEE_9_an_honest_peer_is_never_refused(int validators, ulong interval, ulong timeout, int blockBytes, ulong runAhead) => Seeds.Each(2, random =>
    {
        var rules = new ChainRules { ChainId = 1, MaxActiveValidators = validators, BlockInterval = interval, RoundTimeout = timeout, MaxBlockBytes = blockBytes, RunAhead = runAhead };
        var limits = PeerLimits.For(rules);
        Assert.Null(limits.Check());
        var meter = new Meter(limits);
        meter.Send(MessageKind.Blocks, blockBytes, (int)runAhead); // to one that was away: all that is not final yet, at once
        for (var height = 0; height < 25; height++)
        {
            // What stood still for up to ten heights comes at once.
            var heights = random.Next(10) == 0 ? random.Next(1, 11) : 1;
            meter.Now += interval * (ulong)heights;
            for (var i = 0; i < heights; i++)
            {
                SendHeight(meter, rules, random);
            }
        }
    });

    [Fact]
    public void PEE_9_limits_hold_the_largest_message_of_each_kind() => Assert.All(
        new[] { 1, 100, 10_000 }.SelectMany(static validators => new[] { 64 << 10, 1 << 20, 16 << 20 }.SelectMany(bytes => new[] { 50, 100, 10_000 }.Select(percent => (validators, bytes, percent)))),
        static it =>
        {
            var limits = PeerLimits.For(new ChainRules { ChainId = 1, MaxActiveValidators = it.validators, MaxBlockBytes = it.bytes }, it.percent);
            Assert.Null(limits.Check());
            Assert.True(limits.Blocks.CostOf(it.bytes + (it.validators * 65)) <= limits.Blocks.Capacity);
            Assert.True(limits.Certificates.CostOf(it.validators * 65) <= 2);
            Assert.True(limits.Transactions.CostOf(64 << 10) <= limits.Transactions.Capacity);
            Assert.True(4 * limits.Answers.CostOf(WireLimits.MaxMessageBytes) <= limits.Answers.Capacity);
        });

    // Everything that all nodes of the chain say in one height, through one peer.
    private static void SendHeight(Meter meter, ChainRules rules, Random random)
    {
        var validators = rules.MaxActiveValidators;
        meter.Send(MessageKind.Blocks, rules.MaxBlockBytes, 2);
        meter.Send(MessageKind.Votes, 200, 2 * validators);
        meter.Send(MessageKind.Certificates, 150 + (65 * validators), random.Next(2, 17));
        meter.Send(MessageKind.Transactions, 130, rules.MaxBlockBytes / 130);
        meter.Send(MessageKind.Status, 90, 2 * (validators + 100));
        meter.Send(MessageKind.Requests, 20, random.Next(4));
        meter.Send(MessageKind.Answers, 8 << 20, random.Next(2) * int.Min(4, (int)(rules.BlockInterval / 250)));
    }

    private sealed class Meter(PeerLimits limits)
    {
        private readonly TokenBucket[] buckets = [.. Enumerable.Range(0, PeerLimits.Kinds).Select(kind => TokenBucket.Full(limits[(MessageKind)kind], Start))];

        public ulong Now { get; set; } = Start;

        public void Send(MessageKind kind, int bytes, int times)
        {
            for (var i = 0; i < times; i++)
            {
                (buckets[(int)kind], var isAllowed) = TokenBucket.Take(buckets[(int)kind], limits[kind], limits[kind].CostOf(bytes), Now);
                Assert.True(isAllowed, $"{kind} of {bytes} bytes, number {i} of {times}");
            }
        }
    }
}
