using LuxTensor.Network;
using LuxTensor.Tests.Core;

namespace LuxTensor.Tests.Network;

public sealed class Yamux_rules
{
    private static readonly CloseReason Over = new(CloseCause.Stopped, "the test is over");

    [Fact]
    public async Task A_writer_stops_at_the_peers_window_and_goes_on_when_it_opens()
    {
        await using var peer = RawYamux.Start();
        var stream = peer.Session.Open();
        var writing = stream.WriteAsync(new byte[Yamux.InitialWindow + 1000], Host.Soon).AsTask();

        var sent = 0;
        while (sent < Yamux.InitialWindow)
        {
            var header = await peer.ReceiveAsync(it => it.Kind == Yamux.Kind.Data);
            Assert.Equal(sent == 0 ? Yamux.Syn : 0, header.Flags); // the first frame opens the stream
            sent += (int)header.Length;
        }

        Assert.Equal(Yamux.InitialWindow, sent);
        Assert.DoesNotContain(await peer.SettleAsync(), it => it.Kind == Yamux.Kind.Data);
        Assert.False(writing.IsCompleted);
        await peer.SendAsync(Yamux.Kind.WindowUpdate, Yamux.Ack, stream.StreamId, 1000);
        Assert.Equal(1000u, (await peer.ReceiveAsync(it => it.Kind == Yamux.Kind.Data)).Length);
        await writing;
    }

    [Fact]
    public async Task The_window_is_given_back_as_the_reader_reads()
    {
        var accepted = new TaskCompletionSource<YamuxStream>();
        var hold = new TaskCompletionSource();
        await using var peer = RawYamux.Start(accept: stream =>
        {
            accepted.SetResult(stream);
            return hold.Task;
        });
        await peer.DataAsync(1, 200_000, Yamux.Syn);
        var stream = await accepted.Task;
        Assert.DoesNotContain(await peer.SettleAsync(), it => it is { Kind: Yamux.Kind.WindowUpdate, Length: > 0 }); // nothing was read

        var buffer = new byte[200_000];
        await stream.ReadExactlyAsync(buffer, Host.Soon);

        Assert.True((await peer.ReceiveAsync(it => it is { Kind: Yamux.Kind.WindowUpdate, Stream: 1, Length: > 0 })).Length >= 100_000);
        Assert.Equal(0, peer.Session.Buffered);
        hold.SetResult();
    }

    [Fact]
    public async Task A_stream_that_nobody_reads_does_not_hold_up_another()
    {
        await using var pair = Pair.Start(async (stream, first) =>
        {
            if (first)
            {
                await Task.Delay(Timeout.Infinite, Host.Soon).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            await EchoAsync(stream);
        });
        var stuck = pair.Dialer.Open();
        var writing = stuck.WriteAsync(new byte[1 << 20], Host.Soon).AsTask();

        Assert.Equal(500_000, (await RoundTripAsync(pair.Dialer, new byte[500_000])).Length);
        await pair.Dialer.PingAsync(Host.Soon);
        Assert.False(writing.IsCompleted);

        stuck.Reset("enough");
        await Assert.ThrowsAsync<StreamException>(() => writing);
    }

    [Fact]
    public async Task Two_sides_that_write_and_never_read_still_answer_pings()
    {
        await using var pair = Pair.Start(static async (stream, _) => await stream.WriteAsync(new byte[1 << 20], Host.Soon));
        var writing = Enumerable.Range(0, 20).Select(_ => pair.Dialer.Open().WriteAsync(new byte[1 << 20], Host.Soon).AsTask()).ToArray();

        await pair.Dialer.PingAsync(Host.Soon);
        await pair.Listener.PingAsync(Host.Soon);

        Assert.All(writing, it => Assert.False(it.IsCompleted));
        pair.Dialer.Close(Over);
        await Assert.ThrowsAnyAsync<IOException>(() => Task.WhenAll(writing));
    }

    [Fact]
    public async Task Closing_one_side_leaves_the_other_open()
    {
        await using var pair = Pair.Start(static async (stream, _) =>
        {
            var held = 0;
            for (int read; (read = await stream.ReadAsync(new byte[100], Host.Soon)) > 0;)
            {
                held += read;
            }

            await stream.WriteAsync(new byte[held * 2], Host.Soon); // after the other side said that it is done
        });
        var stream = pair.Dialer.Open();
        await stream.WriteAsync(new byte[300], Host.Soon);
        stream.CloseWrite();

        await Assert.ThrowsAsync<StreamException>(() => stream.WriteAsync(new byte[1], Host.Soon).AsTask());
        await stream.ReadExactlyAsync(new byte[600], Host.Soon);
        Assert.Equal(0, await stream.ReadAsync(new byte[1], Host.Soon));
        Assert.Equal(0, pair.Dialer.StreamCount);
        await stream.DisposeAsync();
    }

    [Fact]
    public async Task A_reset_wakes_the_reader_and_the_writer_at_both_ends()
    {
        var accepted = new TaskCompletionSource<YamuxStream>();
        var ended = new TaskCompletionSource<Exception>();
        await using var pair = Pair.Start(async (stream, _) =>
        {
            accepted.SetResult(stream);
            try
            {
                while (await stream.ReadAsync(new byte[100], Host.Soon) > 0)
                {
                }
            }
            catch (StreamException e)
            {
                ended.SetResult(e);
            }
        });
        var stream = pair.Dialer.Open();
        await stream.WriteAsync(new byte[1], Host.Soon);
        var reading = stream.ReadAsync(new byte[1], Host.Soon).AsTask();
        await accepted.Task.WaitAsync(Host.Soon);

        stream.Reset("no longer wanted");

        await Assert.ThrowsAsync<StreamException>(() => reading);
        await Assert.ThrowsAsync<StreamException>(() => stream.WriteAsync(new byte[1], Host.Soon).AsTask());
        Assert.Contains("the peer reset", (await ended.Task.WaitAsync(Host.Soon)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handler_that_throws_resets_its_stream_and_leaves_the_connection()
    {
        await using var pair = Pair.Start(static async (stream, first) =>
        {
            if (first)
            {
                throw new InvalidOperationException("the handler is broken");
            }

            await EchoAsync(stream);
        });
        var stream = pair.Dialer.Open();
        await stream.WriteAsync(new byte[1], Host.Soon);

        await Assert.ThrowsAsync<StreamException>(async () => _ = await stream.ReadAsync(new byte[1], Host.Soon));
        Assert.Equal(10, (await RoundTripAsync(pair.Dialer, new byte[10])).Length);
    }

    [Fact]
    public async Task Streams_that_the_peer_does_not_accept_are_bounded()
    {
        await using var peer = RawYamux.Start(new() { MostUnacknowledged = 5 });
        var streams = Enumerable.Range(0, 5).Select(_ => peer.Session.Open()).ToArray();
        foreach (var stream in streams)
        {
            await stream.WriteAsync(new byte[1], Host.Soon);
        }

        Assert.Contains("5 streams wait", Assert.Throws<StreamException>(peer.Session.Open).Message, StringComparison.Ordinal);
        await peer.SendAsync(Yamux.Kind.WindowUpdate, Yamux.Ack, streams[2].StreamId);
        await peer.SettleAsync();
        peer.Session.Open();
        Assert.Throws<StreamException>(peer.Session.Open);
        Assert.Equal(256, new YamuxLimits().MostUnacknowledged);
    }

    [Fact]
    public async Task Streams_open_at_once_are_bounded_on_this_side()
    {
        await using var peer = RawYamux.Start(new() { MostOutbound = 3 });
        var streams = Enumerable.Range(0, 3).Select(_ => peer.Session.Open()).ToArray();

        Assert.Contains("3 streams to the peer", Assert.Throws<StreamException>(peer.Session.Open).Message, StringComparison.Ordinal);
        streams[0].Reset("done");
        peer.Session.Open();
    }

    [Fact]
    public async Task The_end_of_a_connection_ends_its_streams_and_whoever_waits()
    {
        await using var pair = Pair.Start(static (_, _) => Task.Delay(Timeout.Infinite, Host.Soon));
        var stream = pair.Dialer.Open();
        var writing = stream.WriteAsync(new byte[1 << 20], Host.Soon).AsTask();
        var reading = stream.ReadAsync(new byte[1], Host.Soon).AsTask();

        pair.Listener.Close(Over);

        await Assert.ThrowsAsync<StreamException>(() => writing);
        await Assert.ThrowsAsync<StreamException>(() => reading);
        Assert.Equal(CloseCause.ClosedByPeer, (await pair.Dialer.Completion.WaitAsync(Host.Soon)).Cause);
        Assert.Throws<StreamException>(pair.Dialer.Open);
        await Assert.ThrowsAsync<StreamException>(() => pair.Dialer.PingAsync(Host.Soon));
    }

    [Fact]
    public async Task A_stream_closed_here_and_not_there_is_reset_after_a_while()
    {
        await using var peer = RawYamux.Start(new() { Linger = TimeSpan.FromMilliseconds(1) });
        var stream = peer.Session.Open();
        await stream.WriteAsync(new byte[1], Host.Soon);

        await stream.DisposeAsync();

        var end = await peer.ReceiveAsync(it => (it.Flags & Yamux.Rst) != 0);
        Assert.Equal(stream.StreamId, end.Stream);
        Assert.Equal(0, peer.Session.StreamCount);
    }

    [Fact]
    public async Task Disposing_of_a_stream_while_it_is_read_wakes_the_reader()
    {
        await using var peer = RawYamux.Start();
        var stream = peer.Session.Open();
        var reading = stream.ReadAsync(new byte[1], Host.Soon).AsTask();

        await stream.DisposeAsync();

        await Assert.ThrowsAsync<StreamException>(() => reading);
        await Assert.ThrowsAsync<StreamException>(() => stream.ReadAsync(new byte[1], Host.Soon).AsTask());
    }

    [Fact]
    public void Many_streams_at_once_carry_what_was_sent() => Seeds.Each(6, random =>
    {
        var pair = Pair.Start(static (stream, _) => EchoAsync(stream), random.Next(2000, 200_000));
        var sent = Enumerable.Range(0, random.Next(2, 40)).Select(_ =>
        {
            var bytes = new byte[random.Next(1, random.Next(2) == 0 ? 2000 : 900_000)];
            random.NextBytes(bytes);
            return bytes;
        }).ToArray();

        var back = Task.WhenAll(sent.Select(it => RoundTripAsync(pair.Dialer, it))).WaitAsync(Host.Soon).Result;

        Assert.Equal(sent, back);
        pair.DisposeAsync().AsTask().Wait();
        Assert.Equal((0, 0), (pair.Dialer.Buffered, pair.Listener.Buffered));
    });

    private static async Task EchoAsync(YamuxStream stream)
    {
        var buffer = new byte[50_000];
        for (int read; (read = await stream.ReadAsync(buffer, Host.Soon)) > 0;)
        {
            await stream.WriteAsync(buffer.AsMemory(0, read), Host.Soon);
        }
    }

    private static async Task<byte[]> RoundTripAsync(YamuxSession session, byte[] bytes)
    {
        await using var stream = session.Open();
        var writing = Task.Run(async () =>
        {
            await stream.WriteAsync(bytes, Host.Soon);
            stream.CloseWrite();
        });
        var back = new MemoryStream();
        var buffer = new byte[30_000];
        for (int read; (read = await stream.ReadAsync(buffer, Host.Soon)) > 0;)
        {
            back.Write(buffer, 0, read);
        }

        await writing;
        return back.ToArray();
    }

    private sealed record Pair(YamuxSession Dialer, YamuxSession Listener, SwarmMetrics Metrics) : IAsyncDisposable
    {
        internal static Pair Start(Func<YamuxStream, bool, Task> accept, int bound = 64 * 1024)
        {
            var (near, far) = MemoryDuplex.Pair(bound);
            var metrics = new SwarmMetrics();
            var count = 0;
            var budget = new BufferBudget(1L << 30);
            var dialer = new YamuxSession(near, true, new(), budget, TimeProvider.System, metrics, static stream => stream.DisposeAsync().AsTask());
            var listener = new YamuxSession(
                far, false, new(), budget, TimeProvider.System, metrics, stream => accept(stream, Interlocked.Increment(ref count) == 1));
            dialer.Start();
            listener.Start();
            return new(dialer, listener, metrics);
        }

        public async ValueTask DisposeAsync()
        {
            await Dialer.DisposeAsync();
            await Listener.DisposeAsync();
            Metrics.Dispose();
        }
    }
}
