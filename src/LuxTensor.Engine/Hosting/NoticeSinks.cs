using System.Collections.Immutable;

namespace LuxTensor.Engine;

/// <summary>The applications that want to be told. Subscribing is safe from any thread; telling is for one at a time.</summary>
public sealed class NoticeSinks
{
    private ImmutableArray<INoticeSink> sinks = [];

    /// <summary>Tells a sink of every later notice, until the result is disposed.</summary>
    public IDisposable Add(INoticeSink sink)
    {
        ImmutableInterlocked.Update(ref sinks, static (all, added) => all.Add(added), sink);
        return new Subscription(this, sink);
    }

    /// <summary>Tells all, in the order in which they came.</summary>
    public void Tell(Notice notice)
    {
        foreach (var sink in sinks)
        {
            sink.Publish(notice);
        }
    }

    private sealed class Subscription(NoticeSinks from, INoticeSink sink) : IDisposable
    {
        public void Dispose() => ImmutableInterlocked.Update(ref from.sinks, static (all, gone) => all.Remove(gone), sink);
    }
}
