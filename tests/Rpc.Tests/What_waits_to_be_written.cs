using System.Text;
using System.Threading.Channels;

namespace LuxTensor.Tests.Rpc;

/// <summary>The queue in front of one connection, with a writer that the test holds back. What was written is awaited, never looked at: the pump may be on another thread.</summary>
public sealed class What_waits_to_be_written
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly Channel<string> written = Channel.CreateUnbounded<string>();
    private readonly ManualClock clock = new();
    private readonly TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<bool> aborts = Channel.CreateUnbounded<bool>();

    [Fact]
    public async Task Notes_and_answers_keep_their_order()
    {
        var outbox = Make(8);
        var subscription = new Subscription(NoteStream.Heads, outbox);
        outbox.Post(subscription, Of("a"));
        var sending = outbox.SendAsync(null, Of("b").Json);
        outbox.Post(subscription, Of("c"));
        await WrittenAsync("a");
        gate.SetResult();
        Assert.True(await sending);
        Assert.True(await outbox.SendAsync(null, Of("d").Json));
        await WrittenAsync("b", "c", "d");
        NothingMore();
    }

    [Fact]
    public async Task A_full_queue_ends_the_connection_with_what_is_under_way_and_a_reason()
    {
        var outbox = Make(2);
        var subscription = new Subscription(NoteStream.Heads, outbox);
        foreach (var note in (string[])["under way", "waits", "waits too"])
        {
            outbox.Post(subscription, Of(note));
        }

        Assert.False(outbox.IsEnded);
        outbox.Post(subscription, Of("one too many"));
        Assert.True(outbox.IsEnded);
        gate.SetResult();
        await WrittenAsync("under way", "1008 too slow: 2 messages were waiting");
        outbox.Post(subscription, Of("after the end"));
        Assert.False(await outbox.SendAsync(null, Of("answer after the end").Json));
        NothingMore();
    }

    [Fact]
    public async Task Whoever_waits_for_an_answer_to_be_written_learns_that_it_will_not_be()
    {
        var outbox = Make(2);
        outbox.Post(new Subscription(NoteStream.Heads, outbox), Of("under way"));
        var sending = outbox.SendAsync(null, Of("answer").Json);
        outbox.End(new Ending(Ending.Restart, "stop"));
        Assert.False(await sending);
        Assert.False(await outbox.SendAsync(null, Of("later").Json));
        gate.SetResult();
        await WrittenAsync("under way", "1012 stop");
        NothingMore();
    }

    [Fact]
    public async Task A_write_that_fails_aborts_once_and_writes_no_more()
    {
        var outbox = Make(8);
        var subscription = new Subscription(NoteStream.Heads, outbox);
        outbox.Post(subscription, Of("a"));
        outbox.Post(subscription, Of("b"));
        gate.SetException(new IOException("gone"));
        await aborts.Reader.ReadAsync();
        await WrittenAsync("a");
        outbox.Post(subscription, Of("c"));
        Assert.False(await outbox.SendAsync(null, Of("d").Json));
        NothingMore();
        Assert.False(aborts.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_write_under_way_for_too_long_is_seen()
    {
        var outbox = Make(8);
        Assert.False(outbox.IsStuck(Limit));
        outbox.Post(new Subscription(NoteStream.Heads, outbox), Of("a"));
        clock.Advance(TimeSpan.FromSeconds(29));
        Assert.False(outbox.IsStuck(Limit));
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(outbox.IsStuck(Limit));
        gate.SetResult();
        Assert.True(await outbox.SendAsync(null, Of("b").Json)); // the one before is done
        clock.Advance(TimeSpan.FromSeconds(60));
        Assert.False(outbox.IsStuck(Limit));
    }

    [Fact]
    public async Task A_reader_of_the_feed_that_had_caught_up_is_cut_off_when_it_falls_behind_and_a_replaying_one_is_not()
    {
        const int lag = 4;
        var node = new FakeNode();
        node.Finalize(20);
        var options = new RpcOptions { MaxQueuedMessages = lag };
        await using var hub = new Hub(node, new Filters(options), options);

        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var replaying = new Outbox(lag, TimeSpan.FromMinutes(1), clock, _ => Hold(first), () => { });
        hub.Activate(new Subscription(NoteStream.Finality, replaying) { Feed = new FinalityFeed(hub, 1, lag) });
        await first.Task; // it is writing event 1 of 20, and will never be done

        var watched = new Outbox(lag, TimeSpan.FromMinutes(1), clock, WriteAsync, () => { });
        var feed = new FinalityFeed(hub, 21, lag);
        hub.Activate(new Subscription(NoteStream.Finality, watched) { Feed = feed });
        while (!watched.IsEnded)
        {
            node.Finalize(1); // the hub reads on its own thread; without the rule this would never end
            await Task.Yield();
        }

        gate.SetResult();
        var last = await written.Reader.ReadAsync();
        if (last.Contains("\"sequence\":", StringComparison.Ordinal)) // the event under way, where its reader had come so far
        {
            last = await written.Reader.ReadAsync();
        }

        Assert.Equal($"1008 too slow: more than {lag} finality events waited", last);
        Assert.False(replaying.IsEnded);
    }

    private static async ValueTask Hold(TaskCompletionSource reached)
    {
        reached.TrySetResult();
        await new TaskCompletionSource().Task;
    }

    private Outbox Make(int capacity) => new(capacity, TimeSpan.FromMinutes(1), clock, WriteAsync, () => aborts.Writer.TryWrite(true));

    private async ValueTask WriteAsync(Outgoing item)
    {
        written.Writer.TryWrite(item.End is { } ending ? $"{ending.Code} {ending.Reason}" : Encoding.ASCII.GetString(item.Payload.Span));
        await gate.Task;
    }

    private async Task WrittenAsync(params string[] expected)
    {
        foreach (var message in expected)
        {
            Assert.Equal(message, await written.Reader.ReadAsync());
        }
    }

    /// <summary>For when nothing is left that could be written: every message queued is answered for.</summary>
    private void NothingMore() => Assert.False(written.Reader.TryRead(out var more), more);

    private static Note Of(string text) => new(Encoding.ASCII.GetBytes(text));
}
