using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

public sealed class GossipSendQueueTests
{
    private static readonly TimeSpan Now = TimeSpan.FromSeconds(5);

    private readonly SendQueue queue = new(mostBytes: 100, mostControlBytes: 50);

    private bool Add(byte mark, int length, SendClass kind) => queue.TryAdd(Enumerable.Repeat(mark, length).ToArray(), kind, Now);

    private List<int> Take(int bytes = 1000)
    {
        List<ReadOnlyMemory<byte>> frames = [];
        queue.Take(frames, bytes);
        return [.. frames.Select(frame => (int)frame.Span[0])];
    }

    [Fact]
    public void Control_goes_first_then_own_messages_then_those_of_others_then_those_asked_for()
    {
        Assert.True(Add(4, 10, SendClass.Asked));
        Assert.True(Add(3, 10, SendClass.Forwarded));
        Assert.True(Add(2, 10, SendClass.Own));
        Assert.True(Add(1, 10, SendClass.Control));
        Assert.Equal([1, 2, 3, 4], Take());
        Assert.Empty(Take());
        Assert.Equal(0, queue.AllBytes);
    }

    [Fact]
    public void What_is_taken_at_once_is_bounded_but_never_nothing()
    {
        Add(1, 40, SendClass.Own);
        Add(2, 40, SendClass.Own);
        Assert.Equal([1], Take(bytes: 10));
        Assert.Equal([2], Take(bytes: 60));
    }

    [Fact]
    public void A_message_of_another_is_dropped_where_there_is_no_room()
    {
        Assert.True(Add(1, 60, SendClass.Forwarded));
        Assert.False(Add(2, 60, SendClass.Forwarded));
        Assert.False(Add(3, 60, SendClass.Asked));
        Assert.Equal((2, 60), (queue.Dropped, queue.Bytes));
        Assert.Equal([1], Take());
    }

    [Fact]
    public void An_own_message_takes_the_place_of_the_oldest_of_others_those_asked_for_first()
    {
        Add(1, 30, SendClass.Forwarded);
        Add(2, 30, SendClass.Forwarded);
        Add(3, 30, SendClass.Asked);
        Assert.True(Add(4, 70, SendClass.Own));
        Assert.Equal([4, 2], Take());
        Add(5, 60, SendClass.Own);
        Assert.False(Add(6, 60, SendClass.Own));
        Assert.Equal([5], Take());
    }

    [Fact]
    public void Control_has_room_of_its_own_and_a_bound()
    {
        Assert.True(Add(1, 100, SendClass.Own));
        Assert.True(Add(2, 50, SendClass.Control));
        Assert.False(Add(3, 1, SendClass.Control));
        Assert.Equal([2, 1], Take());
    }

    [Fact]
    public void It_is_full_from_the_first_drop_until_half_was_taken()
    {
        Add(1, 40, SendClass.Forwarded);
        Add(2, 40, SendClass.Forwarded);
        Assert.Null(queue.FullSince);
        Add(3, 40, SendClass.Forwarded);
        Assert.Equal(Now, queue.FullSince);
        queue.TryAdd(new byte[40], SendClass.Forwarded, Now + Now);
        Assert.Equal(Now, queue.FullSince);
        Take(bytes: 1);
        Assert.Null(queue.FullSince);
    }
}
