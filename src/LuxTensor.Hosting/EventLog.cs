namespace LuxTensor.Hosting;

/// <summary>Writes events as lines, for humans or machines, each flushed at once.</summary>
internal sealed class EventLog(TextWriter output, bool json, TimeProvider time)
{
    /// <summary>Writes one line.</summary>
    internal void Write(NodeEvent one)
    {
        var now = time.GetUtcNow();
        output.WriteLine(json ? one.Json(now) : one.Line(now));
        output.Flush();
    }
}
