using System.Security.Cryptography;

namespace LuxTensor.Network;

/// <summary>libp2p's ping: 32 bytes, sent back as they came, as often as the dialer likes.</summary>
internal static class PingProtocol
{
    internal const string Name = "/ipfs/ping/1.0.0";

    private const int Size = 32;

    /// <summary>Answers until the peer closes.</summary>
    internal static async Task AnswerAsync(IPeerStream stream, CancellationToken cancellation)
    {
        var bytes = new byte[Size];
        while (await TryReadAsync(stream, bytes, cancellation))
        {
            await stream.WriteAsync(bytes, cancellation);
        }
    }

    /// <summary>One ping on an open stream.</summary>
    /// <exception cref="WireException">The answer is another one, or none.</exception>
    /// <exception cref="StreamException">The stream broke.</exception>
    internal static async Task PingAsync(IPeerStream stream, CancellationToken cancellation)
    {
        var asked = RandomNumberGenerator.GetBytes(Size);
        var answer = new byte[Size];
        await stream.WriteAsync(asked, cancellation);
        if (!await TryReadAsync(stream, answer, cancellation) || !answer.AsSpan().SequenceEqual(asked))
        {
            throw new WireException("the answer to a ping is not what was sent");
        }
    }

    private static async ValueTask<bool> TryReadAsync(IPeerStream stream, byte[] bytes, CancellationToken cancellation)
    {
        for (var held = 0; held < Size;)
        {
            var read = await stream.ReadAsync(bytes.AsMemory(held), cancellation);
            if (read == 0)
            {
                return held == 0 ? false : throw new WireException("a ping that ends early");
            }

            held += read;
        }

        return true;
    }
}
