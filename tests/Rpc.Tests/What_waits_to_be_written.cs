namespace LuxTensor.Tests.Rpc;

/// <summary>The queue in front of one connection, with a writer that the test holds back.</summary>
public sealed class What_waits_to_be_written
{
    private readonly List<string> written = [];
    private readonly ManualClock clock = new();
    private TaskCompletionSource? gate;
    private int aborts;

    [Fact]
    public async Task Notes_and_answers_keep_their_order()
    {
        var outbox = Make(8);
        gate = new TaskCompletionSource();
        var subscription = new Subscription(NoteStream.Heads, outbox);
        outbox.Post(subscription, Of("a"));
        var sending = outbox.SendAsync(null, Of("b").Json);
        outbox.Post(subscription, Of("c"));
        Assert.Equal(["a"], written);
        gate.SetResult();
        Assert.True(await sending);
        var last = outbox.SendAsync(null, Of("d").Json);
        Assert.True(await last);
        Assert.Equal(["a", "b", "c", "d"], written);
    }

    [Fact]
    public void A_full_queue_ends_the_connection_with_what_is_under_way_and_a_reason()
    {
        var outbox = Make(2);
        gate = new TaskCompletionSource();
        var subscription = new Subscription(NoteStream.Heads, outbox);
        foreach (var note in (string[])["under way", "waits", "waits too"])
        {
            outbox.Post(subscription, Of(note));
        }

        Assert.False(outbox.IsEnded);
        outbox.Post(subscription, Of("one too many"));
        Assert.True(outbox.IsEnded);
        gate.SetResult();
        Assert.Equal(["under way", "1008 too slow: 2 messages were waiting"], written);
        outbox.Post(subscription, Of("after the end"));
        Assert.Equal(2, written.Count);
    }

    [Fact]
    public async Task Whoever_waits_for_an_answer_to_be_written_learns_that_it_will_not_be()
    {
        var outbox = Make(2);
        gate = new TaskCompletionSource();
        outbox.Post(new Subscription(NoteStream.Heads, outbox), Of("under way"));
        var sending = outbox.SendAsync(null, Of("answer").Json);
        outbox.End(new Ending(Ending.Restart, "stop"));
        Assert.False(await sending);
        Assert.False(await outbox.SendAsync(null, Of("later").Json));
        gate.SetResult();
        Assert.Equal(["under way", "1012 stop"], written);
    }

    [Fact]
    public void A_write_that_fails_aborts_once_and_writes_no_more()
    {
        var outbox = Make(8);
        gate = new TaskCompletionSource();
        var subscription = new Subscription(NoteStream.Heads, outbox);
        outbox.Post(subscription, Of("a"));
        outbox.Post(subscription, Of("b"));
        gate.SetException(new IOException("gone"));
        Assert.Equal(1, aborts);
        Assert.Equal(["a"], written);
        outbox.Post(subscription, Of("c"));
        Assert.Equal(["a"], written);
    }

    [Fact]
    public void A_write_under_way_for_too_long_is_seen()
    {
        var outbox = Make(8);
        gate = new TaskCompletionSource();
        Assert.False(outbox.IsStuck(TimeSpan.FromSeconds(30)));
        outbox.Post(new Subscription(NoteStream.Heads, outbox), Of("a"));
        clock.Advance(TimeSpan.FromSeconds(29));
        Assert.False(outbox.IsStuck(TimeSpan.FromSeconds(30)));
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(outbox.IsStuck(TimeSpan.FromSeconds(30)));
        gate.SetResult();
        clock.Advance(TimeSpan.FromSeconds(60));
        Assert.False(outbox.IsStuck(TimeSpan.FromSeconds(30)));
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

        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var watched = new Outbox(lag, TimeSpan.FromMinutes(1), clock, item => WriteLive(item, ended), () => { });
        var feed = new FinalityFeed(hub, 21, lag);
        gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        hub.Activate(new Subscription(NoteStream.Finality, watched) { Feed = feed });
        while (!watched.IsEnded)
        {
            node.Finalize(1); // the hub reads on its own thread; without the rule this would never end
            await Task.Yield();
        }

        gate.SetResult();
        await ended.Task;
        Assert.False(replaying.IsEnded);
    }

    private async ValueTask WriteLive(Outgoing item, TaskCompletionSource ended)
    {
        if (item.End is { } ending)
        {
            Assert.Equal(Ending.Policy, ending.Code);
            ended.SetResult();
        }

        await gate!.Task;
    }

    private static async ValueTask Hold(TaskCompletionSource reached)
    {
        reached.TrySetResult();
        await new TaskCompletionSource().Task;
    }

    private Outbox Make(int capacity) => new(capacity, TimeSpan.FromMinutes(1), clock, WriteAsync, () => aborts++);

    private async ValueTask WriteAsync(Outgoing item)
    {
        written.Add(item.End is { } ending ? $"{ending.Code} {ending.Reason}" : System.Text.Encoding.ASCII.GetString(item.Payload.Span));
        if (gate is { } held)
        {
            await held.Task;
        }
    }

    private static Note Of(string text) => new(System.Text.Encoding.ASCII.GetBytes(text));
}
