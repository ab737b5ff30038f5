using System.IO.Pipelines;
using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>Two ends of a connection in memory. A writer waits where the other end leaves more than the bound unread, as with a socket.</summary>
internal sealed class MemoryDuplex : DuplexStream
{
    private readonly PipeReader reader;
    private readonly PipeWriter writer;

    private MemoryDuplex(PipeReader reader, PipeWriter writer) => (this.reader, this.writer) = (reader, writer);

    internal static (MemoryDuplex, MemoryDuplex) Pair(int bound = 64 * 1024)
    {
        var options = new PipeOptions(pauseWriterThreshold: bound, resumeWriterThreshold: bound / 2, useSynchronizationContext: false);
        var (there, back) = (new Pipe(options), new Pipe(options));
        return (new(there.Reader, back.Writer), new(back.Reader, there.Writer));
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var result = await reader.ReadAsync(cancellationToken);
            var count = (int)long.Min(result.Buffer.Length, buffer.Length);
            var taken = result.Buffer.Slice(0, count);
            System.Buffers.BuffersExtensions.CopyTo(taken, buffer.Span);
            reader.AdvanceTo(taken.End);
            return count;
        }
        catch (InvalidOperationException e)
        {
            throw new IOException("closed", e);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            if ((await writer.WriteAsync(buffer, cancellationToken)).IsCompleted)
            {
                throw new IOException("the other end is closed");
            }
        }
        catch (InvalidOperationException e)
        {
            throw new IOException("closed", e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        writer.Complete();
        reader.CancelPendingRead();
        base.Dispose(disposing);
    }
}
