using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Core.Wire;
using LuxTensor.Engine;

namespace LuxTensor.Network;

/// <content>What one peer is told or asked: hellos and requests, a stream each, so that no answer can come that nobody asked for.</content>
public sealed partial class NetworkTransport
{
    private const string RequestProtocol = "/luxtensor/request/1";
    private const int RequestsPerPeer = 4;
    private const int MaxRequestBytes = 256;
    private const int RequestsAtOnce = 256;
    private static readonly TimeSpan HelloTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromMinutes(2); // the longest frame at the least speed; the node asks others before

    /// <summary>Says hello, or again where this node is; one at a time to a peer.</summary>
    private void Greet(PeerId peer)
    {
        if (greeting.TryAdd(peer, true))
        {
            Run(async () =>
            {
                try
                {
                    await GreetAsync(peer).ConfigureAwait(false);
                }
                finally
                {
                    greeting.TryRemove(peer, out _);
                }
            });
        }
    }

    private async Task GreetAsync(PeerId peer)
    {
        using var timeout = new CancellationTokenSource(HelloTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stopping.Token);
        try
        {
            await using var stream = await swarm.OpenAsync(peer, [Hello.Protocol], either.Token).ConfigureAwait(false);
            await Frames.WriteAsync(stream, Hello.Encode(Volatile.Read(ref status)), either.Token).ConfigureAwait(false);
            await stream.CloseWriteAsync(either.Token).ConfigureAwait(false);
            TakeHello(peer, await Frames.ReadAsync(stream, Hello.MaxBytes, "a hello", either.Token).ConfigureAwait(false));
        }
        catch (Exception failure) when (failure is IOException or WireException or OperationCanceledException)
        {
            if (!greeted.ContainsKey(peer) && !stopping.IsCancellationRequested)
            {
                swarm.Disconnect(peer, $"it did not say hello: {failure.Message}");
            }
        }
    }

    private async Task AnswerHelloAsync(IPeerStream stream, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(HelloTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        var hello = await Frames.ReadAsync(stream, Hello.MaxBytes, "a hello", either.Token).ConfigureAwait(false);
        await Frames.WriteAsync(stream, Hello.Encode(Volatile.Read(ref status)), either.Token).ConfigureAwait(false);
        await stream.CloseWriteAsync(either.Token).ConfigureAwait(false);
        TakeHello(stream.Peer, hello);
    }

    private void TakeHello(PeerId peer, byte[] bytes)
    {
        if (!book.Allow(peer, MessageKind.Status, bytes.Length))
        {
            return;
        }

        var (hello, fault) = Hello.Decode(bytes, options.Genesis);
        if (hello is null)
        {
            Fault(peer, fault == HelloFault.OtherChain ? PeerFault.WrongGenesis : PeerFault.InvalidFrame);
            return;
        }

        greeted.TryAdd(peer, new Greeted(hello.Compressions));
        if (swarm.Connected.All(connected => connected.Id != peer))
        {
            greeted.TryRemove(peer, out _); // it left before it was added; if it leaves from now on, the watcher hears of it
        }

        book.Report(peer, new PeerInput.Claimed(hello.Status.FinalHeight, hello.Status.FinalHash));
        take(new IncomingFrame(peer, Topic.Status, hello.Frame, static _ => { }));
    }

    /// <summary>Asks a peer and hands its answer to the node. Where none comes the node notices by itself.</summary>
    private async Task AskAsync(PeerId peer, Greeted known, ReadOnlyMemory<byte> request)
    {
        if (Interlocked.Increment(ref known.Requests) <= RequestsPerPeer
            && await ExchangeAsync(requests, peer, request).ConfigureAwait(false) is { } answer
            && book.Allow(peer, MessageKind.Answers, answer.Length))
        {
            take(new IncomingFrame(peer, Topic.Direct, answer, verdict =>
            {
                if (verdict == FrameVerdict.Accept)
                {
                    book.Report(peer, new PeerInput.Useful(PeerMerit.Answer));
                }
                else if (verdict == FrameVerdict.Reject)
                {
                    Fault(peer, PeerFault.InvalidFrame);
                }
            }));
        }

        Interlocked.Decrement(ref known.Requests);
    }

    /// <summary>One request and its answer, on a stream of their own; null where none came.</summary>
    private async Task<ReadOnlyMemory<byte>?> ExchangeAsync(RequestResponse protocol, PeerId peer, ReadOnlyMemory<byte> request)
    {
        try
        {
            book.Sent(peer, request.Length);
            var packed = await protocol.AskAsync(peer, request, stopping.Token).ConfigureAwait(false);
            if (FrameCompression.Unpack(packed, WireLimits.MaxMessageBytes) is { } answer)
            {
                return answer;
            }

            Fault(peer, PeerFault.InvalidFrame);
        }
        catch (RequestException failure)
        {
            // Else it has nothing, or the connection is gone.
            if (failure.Fault is RequestFault.Malformed or RequestFault.TooSlow)
            {
                Fault(peer, failure.Fault == RequestFault.Malformed ? PeerFault.InvalidFrame : PeerFault.DrippingAnswer);
            }
        }
        catch (OperationCanceledException)
        {
            // this node stops
        }

        return null;
    }

    private async ValueTask<ReadOnlyMemory<byte>?> AnswerRequestAsync(PeerId peer, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        if (!book.Allow(peer, MessageKind.Requests, request.Length))
        {
            return null;
        }

        var made = new TaskCompletionSource<ReadOnlyMemory<byte>?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var isTaken = take(new IncomingFrame(peer, Topic.Direct, request, verdict =>
        {
            made.TrySetResult(null); // judged after the answer, where there is one
            if (verdict == FrameVerdict.Reject)
            {
                Fault(peer, PeerFault.InvalidFrame);
            }
        })
        { Answer = answer => made.TrySetResult(answer) });
        return isTaken && await made.Task.WaitAsync(cancellation).ConfigureAwait(false) is { } answer ? Reply(peer, answer) : null;
    }

    private static RequestLimits RequestsOf(int mostBytes) => new()
    {
        MostRequest = mostBytes,
        MostAnswer = WireLimits.MaxMessageBytes + 1, // and a byte that says how it is compressed
        MostPerPeer = RequestsPerPeer,
        MostAtOnce = RequestsAtOnce,
        Timeout = RequestTimeout,
    };

    private ReadOnlyMemory<byte>? Reply(PeerId peer, ReadOnlyMemory<byte> answer)
    {
        var packed = FrameCompression.Pack(answer, greeted.TryGetValue(peer, out var known) ? known.Compressions : (byte)0);
        book.Sent(peer, packed.Length);
        return packed;
    }
}
