using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>What a peer may not do on a connection, each with the reason that it is given up for.</summary>
public sealed class Floods_of_a_connection
{
    [Fact]
    public async Task Data_beyond_the_window_is_refused_before_it_arrives()
    {
        await using var peer = RawYamux.Start();
        await peer.SendAsync(Yamux.Kind.Data, Yamux.Syn, 1, Yamux.InitialWindow + 1);

        await EndsAsync(peer, CloseCause.Violation, "where the window allows 262144");
    }

    [Fact]
    public async Task The_window_counts_over_frames()
    {
        await using var peer = RawYamux.Start();
        await peer.DataAsync(1, 200_000, Yamux.Syn);
        await peer.SendAsync(Yamux.Kind.Data, 0, 1, 100_000);

        await EndsAsync(peer, CloseCause.Violation, "where the window allows 62144");
        Assert.True(peer.Session.Buffered <= 200_000);
    }

    [Theory]
    [InlineData(0, 0, 1, 0xffff_ffff, "where the window allows")] // a claim of 4 GiB
    [InlineData(1, 0, 1, 0xffff_ffff, "grows beyond 4 GiB")]
    [InlineData(0, 1, 1, 0, "twice")]
    [InlineData(0, 1, 2, 0, "an id of this side")]
    [InlineData(0, 0, 2, 0, "never opened")]
    [InlineData(0, 0, 0, 0, "on no stream")]
    [InlineData(2, 1, 3, 0, "on stream 3")]
    [InlineData(4, 0, 0, 0, "unknown type")]
    [InlineData(0, 16, 1, 0, "unknown flags")]
    public async Task A_frame_against_the_rules_ends_the_connection(int kind, int flags, int stream, uint length, string rule)
    {
        await using var peer = RawYamux.Start();
        await peer.SendAsync(Yamux.Kind.WindowUpdate, Yamux.Syn, 1);
        await peer.SendAsync((Yamux.Kind)kind, (ushort)flags, (uint)stream, length);

        await EndsAsync(peer, CloseCause.Violation, rule);
    }

    [Fact]
    public async Task Data_after_the_end_of_a_stream_is_refused()
    {
        await using var peer = RawYamux.Start();
        await peer.DataAsync(1, 10, Yamux.Syn | Yamux.Fin);
        await peer.DataAsync(1, 10);

        await EndsAsync(peer, CloseCause.Violation, "after its end");
    }

    [Fact]
    public async Task Streams_beyond_the_limit_are_reset_while_the_others_go_on()
    {
        var limits = new YamuxLimits { MostInbound = 10, Refusals = (50, 0) };
        await using var peer = RawYamux.Start(limits, accept: EchoOneAsync);
        for (uint i = 0; i < 40; i++)
        {
            await peer.SendAsync(Yamux.Kind.WindowUpdate, Yamux.Syn, 1 + (2 * i));
        }

        var answers = await peer.SettleAsync();
        Assert.Equal(30, answers.Count(it => (it.Flags & Yamux.Rst) != 0));
        Assert.Equal((10, 10), (peer.Session.Serving, answers.Count(it => it is { Kind: Yamux.Kind.WindowUpdate, Flags: Yamux.Ack })));
        await peer.DataAsync(1, 5); // one of those that were let in
        Assert.Equal(5u, (await peer.ReceiveAsync(it => it is { Kind: Yamux.Kind.Data, Length: > 0 })).Length);

        var pushing = Task.Run(async () =>
        {
            for (uint i = 100; i < 1000; i++)
            {
                await peer.SendAsync(Yamux.Kind.WindowUpdate, Yamux.Syn, 1 + (2 * i));
            }
        });
        await EndsAsync(peer, CloseCause.Flood, "streams beyond the 10");
        await pushing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    [Fact]
    public async Task Opening_and_resetting_at_once_does_not_get_around_the_limit()
    {
        var release = new TaskCompletionSource();
        await using var peer = RawYamux.Start(new() { MostInbound = 10, Refusals = (20, 0) }, accept: _ => release.Task);
        var pushing = Task.Run(async () =>
        {
            for (uint i = 0; i < 1000; i++)
            {
                await peer.SendAsync(Yamux.Kind.WindowUpdate, Yamux.Syn, 1 + (2 * i));
                await peer.SendAsync(Yamux.Kind.WindowUpdate, Yamux.Rst, 1 + (2 * i));
            }
        });

        await EndsAsync(peer, CloseCause.Flood, "streams beyond the 10");
        Assert.Equal(10, peer.Session.Serving);
        release.SetResult();
        await pushing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    [Theory]
    [InlineData(2, 1, 0, "pings")]
    [InlineData(1, 0, 1, "frames without data")] // window updates of nothing
    [InlineData(0, 0, 1, "frames without data")]
    [InlineData(1, 8, 77, "frames without data")] // resets of streams that are not
    public async Task Frames_that_carry_nothing_are_bounded(int kind, int flags, int stream, string what)
    {
        await using var peer = RawYamux.Start(new() { Pings = (100, 0), Control = (2000, 0) });
        await peer.SendAsync(Yamux.Kind.WindowUpdate, Yamux.Syn, 1);
        var draining = Task.Run(async () =>
        {
            while (true)
            {
                await peer.ReceiveAsync();
            }
        });
        var pushing = Task.Run(async () =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                await peer.SendAsync((Yamux.Kind)kind, (ushort)flags, (uint)stream);
            }
        });

        await EndsAsync(peer, CloseCause.Flood, $"too many {what}");
        await Task.WhenAll(pushing, draining).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    [Fact]
    public async Task Data_for_streams_that_are_over_is_dropped_and_bounded()
    {
        await using var peer = RawYamux.Start(new() { Control = (400, 0) }, accept: static stream =>
        {
            stream.Reset("not wanted");
            return Task.CompletedTask;
        });
        await peer.SendAsync(Yamux.Kind.WindowUpdate, Yamux.Syn, 1);
        await peer.ReceiveAsync(static it => (it.Flags & Yamux.Rst) != 0);
        await peer.DataAsync(1, 100_000); // what was on the way is honest
        await peer.SettleAsync();
        Assert.Equal(0, peer.Session.Buffered);

        var pushing = Task.Run(async () =>
        {
            for (var i = 0; i < 1000; i++)
            {
                await peer.DataAsync(1, 100_000);
            }
        });
        await EndsAsync(peer, CloseCause.Flood, "data on streams that are closed");
        await pushing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    [Fact]
    public void A_connection_that_was_quiet_for_years_earned_all_of_its_burst()
    {
        var limits = new YamuxLimits();
        var time = new ManualTime();
        var gauge = new FloodGauge(limits.Control, time);
        Assert.True(gauge.TrySpend(limits.Control.Burst));

        time.Advance(TimeSpan.FromDays(1000)); // some 10^15 ticks, each worth the rate

        Assert.True(gauge.TrySpend(limits.Control.Burst));
        Assert.False(gauge.TrySpend());
    }

    [Fact]
    public async Task What_is_received_and_not_read_is_bounded_for_the_connection_and_for_the_node()
    {
        var node = new BufferBudget(700_000);
        await using var one = RawYamux.Start(new() { MostBuffered = 500_000 }, budget: node);
        await one.DataAsync(1, 250_000, Yamux.Syn);
        await one.DataAsync(3, 240_000, Yamux.Syn);
        await one.DataAsync(5, 240_000, Yamux.Syn);
        Assert.Equal(5u, (await one.ReceiveAsync(static it => (it.Flags & Yamux.Rst) != 0)).Stream);
        Assert.True(one.Session.Buffered <= 500_000);

        await using var two = RawYamux.Start(budget: node);
        await two.DataAsync(1, 150_000, Yamux.Syn);
        await two.DataAsync(3, 240_000, Yamux.Syn);
        Assert.Equal(3u, (await two.ReceiveAsync(static it => (it.Flags & Yamux.Rst) != 0)).Stream);
        Assert.True(node.Held <= 700_000);
        await one.DisposeAsync();
        await two.DisposeAsync();
    }

    [Fact]
    public async Task A_window_grows_no_further_than_the_connections_share()
    {
        var limits = new YamuxLimits { MostWindow = 1 << 20, Pings = (1000, 0) };
        await using var peer = RawYamux.Start(limits, accept: static async stream =>
        {
            var buffer = new byte[100_000];
            while (await stream.ReadAsync(buffer, Host.Soon) > 0)
            {
            }
        });
        await peer.SettleAsync();
        var (given, sent) = (new long[3], new long[3]);
        for (uint id = 1; id <= 5; id += 2)
        {
            await peer.SendAsync(Yamux.Kind.WindowUpdate, Yamux.Syn, id);
        }

        for (var i = 0; i < 60; i++)
        {
            for (uint id = 1; id <= 5; id += 2)
            {
                var at = (id - 1) / 2;
                if (Yamux.InitialWindow + given[at] - sent[at] >= 100_000)
                {
                    await peer.DataAsync(id, 100_000);
                    sent[at] += 100_000;
                }
            }

            foreach (var header in await peer.SettleAsync())
            {
                given[(header.Stream - 1) / 2] += header.Kind == Yamux.Kind.WindowUpdate ? header.Length : 0;
            }
        }

        Assert.All(given.Zip(sent), it => Assert.True(it.First <= it.Second + (1 << 20) - Yamux.InitialWindow, $"{it.First} was given for {it.Second} sent"));
        Assert.True(given.Sum() <= sent.Sum() + (1 << 20), "the streams together grew beyond the connection's share");
    }

    private static async Task EndsAsync(RawYamux peer, CloseCause cause, string rule)
    {
        var reason = await peer.EndAsync();
        Assert.Equal(cause, reason.Cause);
        Assert.Contains(rule, reason.Detail, StringComparison.Ordinal);
    }

    private static async Task EchoOneAsync(YamuxStream stream)
    {
        var buffer = new byte[100];
        var read = await stream.ReadAsync(buffer, Host.Soon);
        await stream.WriteAsync(buffer.AsMemory(0, read), Host.Soon);
        Assert.Equal(0, await stream.ReadAsync(buffer, Host.Soon));
    }
}
