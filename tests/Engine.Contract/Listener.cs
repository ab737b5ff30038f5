using LuxTensor.Engine;

namespace LuxTensor.Tests.Engine;

/// <summary>Hears what a node tells.</summary>
internal sealed class Listener(Action<Notice> hear) : INoticeSink
{
    public void Publish(Notice notice) => hear(notice);
}
