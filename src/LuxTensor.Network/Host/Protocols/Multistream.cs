using System.Buffers;
using System.Text;

namespace LuxTensor.Network;

/// <summary>
/// multistream-select 1.0: the two ends of a connection or stream agree on a protocol by name. Messages are a varint length, text, and a
/// line feed that the length counts.
/// </summary>
internal static class Multistream
{
    /// <summary>The most bytes of a message; names are far shorter.</summary>
    internal const int MaxMessage = 1024;

    /// <summary>The most proposals that a listener answers.</summary>
    internal const int MaxProposals = 16;

    private const string Version = "/multistream/1.0.0";
    private const string NotAvailable = "na";

    /// <summary>Proposes one after the other, the first together with the greeting; null where the peer takes none.</summary>
    /// <exception cref="WireException">The peer speaks something else.</exception>
    internal static async ValueTask<string?> DialAsync(Stream stream, IReadOnlyList<string> protocols, CancellationToken cancellation)
    {
        await SendAsync(stream, cancellation, Version, protocols[0]);
        await ExpectVersionAsync(stream, cancellation);
        for (var i = 0; ; i++)
        {
            var answer = await ReceiveAsync(stream, cancellation);
            if (answer == protocols[i])
            {
                return answer;
            }

            if (answer != NotAvailable)
            {
                throw new WireException($"multistream-select: {protocols[i]} was answered with \"{answer}\"");
            }

            if (i + 1 == protocols.Count)
            {
                return null;
            }

            await SendAsync(stream, cancellation, protocols[i + 1]);
        }
    }

    /// <summary>Answers proposals until one is spoken here.</summary>
    /// <exception cref="WireException">The peer speaks something else, closed, or proposed too often.</exception>
    internal static async ValueTask<string> ListenAsync(Stream stream, Func<string, bool> speaks, CancellationToken cancellation)
    {
        await ExpectVersionAsync(stream, cancellation);
        var greeted = false;
        for (var i = 0; i < MaxProposals; i++)
        {
            var proposal = await ReceiveAsync(stream, cancellation);
            var answer = speaks(proposal) ? proposal : NotAvailable;
            if (greeted)
            {
                await SendAsync(stream, cancellation, answer);
            }
            else
            {
                await SendAsync(stream, cancellation, Version, answer); // in one piece: whoever waits for the greeting first is rare
                greeted = true;
            }

            if (answer == proposal)
            {
                return proposal;
            }
        }

        throw new WireException($"multistream-select: more than {MaxProposals} proposals");
    }

    /// <summary>The bytes of some messages, as a dialer that does not wait for the answer sends them.</summary>
    internal static byte[] Encode(params ReadOnlySpan<string> messages)
    {
        var bytes = new ArrayBufferWriter<byte>(64);
        foreach (var message in messages)
        {
            var length = Encoding.UTF8.GetByteCount(message) + 1;
            var span = bytes.GetSpan(length + Varint.MaxSize);
            var used = Varint.Write(span, (ulong)length);
            used += Encoding.UTF8.GetBytes(message, span[used..]);
            span[used++] = (byte)'\n';
            bytes.Advance(used);
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static ValueTask SendAsync(Stream stream, CancellationToken cancellation, params ReadOnlySpan<string> messages) =>
        stream.WriteAsync(Encode(messages), cancellation);

    private static async ValueTask ExpectVersionAsync(Stream stream, CancellationToken cancellation)
    {
        var greeting = await ReceiveAsync(stream, cancellation);
        if (greeting != Version)
        {
            throw new WireException($"multistream-select: the greeting is \"{greeting}\", not {Version}");
        }
    }

    private static async ValueTask<string> ReceiveAsync(Stream stream, CancellationToken cancellation)
    {
        var frame = await StreamReading.ReadFrameAsync(stream, MaxMessage, "a multistream-select message", cancellation);
        return frame is [.. var text, (byte)'\n']
            ? Encoding.UTF8.GetString(text)
            : throw new WireException("a multistream-select message that does not end its line");
    }
}
