namespace LuxTensor.Network;

/// <summary>Messages behind a varint of their length, on streams.</summary>
internal static class Frames
{
    private const int FirstPiece = 64 * 1024;

    /// <summary>
    /// Reads one. What its length claims is checked against the bound, and memory is taken only as bytes arrive.
    /// </summary>
    /// <exception cref="WireException">Longer than <paramref name="most"/>, malformed, or cut off.</exception>
    /// <exception cref="StreamException">The stream broke.</exception>
    internal static async ValueTask<byte[]> ReadAsync(
        IPeerStream stream, int most, string what, CancellationToken cancellation, Patience? patience = null)
    {
        var length = await ReadLengthAsync(stream, most, what, cancellation);
        var bytes = new byte[int.Min(length, FirstPiece)];
        for (var held = 0; held < length;)
        {
            if (held == bytes.Length)
            {
                Array.Resize(ref bytes, (int)long.Min(length, bytes.Length * 4L));
            }

            var read = await stream.ReadAsync(bytes.AsMemory(held), cancellation);
            if (read == 0)
            {
                throw new WireException($"the peer closed after {held} of the {length} bytes of {what}") { IsCutOff = true };
            }

            patience?.Progress(read);
            held += read;
        }

        return bytes;
    }

    /// <summary>Writes one.</summary>
    internal static async ValueTask WriteAsync(IPeerStream stream, ReadOnlyMemory<byte> body, CancellationToken cancellation, Patience? patience = null)
    {
        const int Small = 4096;
        if (body.Length <= Small)
        {
            var frame = new byte[Varint.SizeOf((ulong)body.Length) + body.Length];
            body.CopyTo(frame.AsMemory(Varint.Write(frame, (ulong)body.Length)));
            await stream.WriteAsync(frame, cancellation);
            return;
        }

        var head = new byte[Varint.SizeOf((ulong)body.Length)];
        Varint.Write(head, (ulong)body.Length);
        await stream.WriteAsync(head, cancellation);
        while (!body.IsEmpty)
        {
            var count = int.Min(body.Length, patience is null ? int.MaxValue : FirstPiece);
            await stream.WriteAsync(body[..count], cancellation);
            patience?.Progress(count);
            body = body[count..];
        }
    }

    private static async ValueTask<int> ReadLengthAsync(IPeerStream stream, int most, string what, CancellationToken cancellation)
    {
        var head = new byte[Varint.MaxSize];
        for (var held = 0; held < head.Length; held++)
        {
            if (await stream.ReadAsync(head.AsMemory(held, 1), cancellation) == 0)
            {
                throw new WireException($"the peer closed before {what}") { IsCutOff = true };
            }

            if (head[held] < 0x80)
            {
                Varint.Read(head.AsSpan(0, held + 1), out var length);
                return length <= (ulong)most ? (int)length : throw new WireException($"{what} of {length} bytes; at most {most} are read");
            }
        }

        throw new WireException($"{what} with a malformed length");
    }
}
