using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LuxTensor.Rpc;

/// <summary>
/// The reusable memory of one request and its answer: the parsed calls, and a growing buffer that can be cut back to a
/// mark, so that a result that fails half-way is replaced by an error.
/// </summary>
internal sealed class Exchange : IBufferWriter<byte>, IDisposable
{
    private const int KeptBytes = 256 << 10;
    private const int KeptCalls = 1_024;

    [ThreadStatic]
    private static Exchange? spare;

    private byte[] bytes = ArrayPool<byte>.Shared.Rent(4 << 10);

    private Exchange() => Json = new Utf8JsonWriter(
        this, new JsonWriterOptions { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>Writes values into the buffer; flushed by whoever resets it.</summary>
    public Utf8JsonWriter Json { get; }

    /// <summary>The calls of the request, by place.</summary>
    public List<CallSlice> Calls { get; } = [];

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>What was written.</summary>
    public ReadOnlyMemory<byte> Written => bytes.AsMemory(0, Length);

    public static Exchange Rent()
    {
        var taken = spare ?? new Exchange();
        spare = null;
        return taken;
    }

    /// <summary>Gives the memory back; nothing of it may be used any more.</summary>
    public void Dispose()
    {
        Length = 0;
        Json.Reset();
        Calls.Clear();
        if (Calls.Capacity > KeptCalls)
        {
            Calls.Capacity = 0;
        }

        if (bytes.Length > KeptBytes)
        {
            ArrayPool<byte>.Shared.Return(bytes);
            bytes = ArrayPool<byte>.Shared.Rent(4 << 10);
        }

        spare = this;
    }

    public void Truncate(int length) => Length = length;

    public void Raw(ReadOnlySpan<byte> text)
    {
        text.CopyTo(GetSpan(text.Length));
        Length += text.Length;
    }

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return bytes.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return bytes.AsSpan(Length);
    }

    private void Reserve(int sizeHint)
    {
        var needed = Length + int.Max(sizeHint, 256);
        if (needed > bytes.Length)
        {
            var grown = ArrayPool<byte>.Shared.Rent(int.Max(needed, bytes.Length * 2));
            bytes.AsSpan(0, Length).CopyTo(grown);
            ArrayPool<byte>.Shared.Return(bytes);
            bytes = grown;
        }
    }
}
