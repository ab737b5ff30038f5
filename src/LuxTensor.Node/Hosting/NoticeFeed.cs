using System.Threading.Channels;
using LuxTensor.Engine;

namespace LuxTensor.Node.Hosting;

/// <summary>A notice, which node gave it, and when.</summary>
internal readonly record struct TimedNotice(int Node, long Timestamp, Notice Notice);

/// <summary>
/// Carries the notices of this process's nodes to one reader. Bounded; a reader that falls behind loses the newest, and
/// <see cref="Lost"/> says how many. Nothing of consensus depends on it.
/// </summary>
internal sealed class NoticeFeed(TimeProvider time)
{
    private const int Bound = 65_536;

    private readonly Channel<TimedNotice> channel = Channel.CreateBounded<TimedNotice>(
        new BoundedChannelOptions(Bound) { SingleReader = true });
    private long lost;

    /// <summary>Notices that had no room.</summary>
    internal long Lost => Interlocked.Read(ref lost);

    /// <summary>The notices, in order for each node.</summary>
    internal IAsyncEnumerable<TimedNotice> ReadAsync() => channel.Reader.ReadAllAsync();

    /// <summary>Follows a node.</summary>
    internal IDisposable Follow(int number, INode node) => node.Subscribe(new Sink(this, number));

    /// <summary>Ends the reading after what is there.</summary>
    internal void Complete() => channel.Writer.TryComplete();

    private sealed class Sink(NoticeFeed feed, int number) : INoticeSink
    {
        public void Publish(Notice notice)
        {
            if (notice is not Notice.Pending && !feed.channel.Writer.TryWrite(new TimedNotice(number, feed.Time.GetTimestamp(), notice)))
            {
                Interlocked.Increment(ref feed.lost);
            }
        }
    }

    private TimeProvider Time => time;
}
