using System.Security.Cryptography;

namespace LuxTensor.Network;

/// <summary>libp2p's ping: 32 bytes, sent back as they came, some at once and then a few a second.</summary>
internal static class PingProtocol
{
    internal const string Name = "/ipfs/ping/1.0.0";

    private const int Size = 32;
    private const int AtOnce = 64;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Answers until the peer closes; whoever asks without end waits for it, lest the answers keep this node from its work.</summary>
    internal static async Task AnswerAsync(IPeerStream stream, TimeProvider time, CancellationToken cancellation)
    {
        var bytes = new byte[Size];
        for (var count = 1; await TryReadAsync(stream, bytes, cancellation); count++)
        {
            await stream.WriteAsync(bytes, cancellation);
            if (count > AtOnce)
            {
                await Task.Delay(Pause, time, cancellation);
            }
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
