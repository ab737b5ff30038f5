namespace LuxTensor.Hosting;

/// <summary>Writes events as lines, for humans or machines, each flushed at once.</summary>
internal sealed class EventLog(TextWriter output, bool json, TimeProvider time, bool withText = false)
{
    private readonly Lock gate = new();

    /// <summary>Writes one line.</summary>
    internal void Write(NodeEvent one)
    {
        var now = time.GetUtcNow();
        var line = json ? one.Json(now, withText) : one.Line(now);
        lock (gate)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }
}
