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
    private const int LeastProgress = 64 << 10; // bytes a period: a peer that drips is given up
    private static readonly TimeSpan HelloTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

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

        if (swarm.Connected.Any(connected => connected.Id == peer))
        {
            greeted.TryAdd(peer, new Greeted(hello.Compressions));
        }

        book.Report(peer, new PeerInput.Claimed(hello.Status.FinalHeight, hello.Status.FinalHash));
        take(new IncomingFrame(peer, Topic.Status, hello.Frame, static _ => { }));
    }

    /// <summary>Asks a peer and hands its answer to the node. Where none comes the node notices by itself.</summary>
    private async Task AskAsync(PeerId peer, Greeted known, ReadOnlyMemory<byte> request)
    {
        if (Interlocked.Increment(ref known.Requests) <= RequestsPerPeer
            && await ExchangeAsync(peer, RequestProtocol, request, WireLimits.MaxMessageBytes).ConfigureAwait(false) is { } answer
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
    private async Task<ReadOnlyMemory<byte>?> ExchangeAsync(PeerId peer, string protocol, ReadOnlyMemory<byte> request, int most)
    {
        using var patience = new Patience(Period, LeastProgress, options.Time, stopping.Token);
        try
        {
            await using var stream = await swarm.OpenAsync(peer, [protocol], patience.Token).ConfigureAwait(false);
            await Frames.WriteAsync(stream, request, patience.Token).ConfigureAwait(false);
            await stream.CloseWriteAsync(patience.Token).ConfigureAwait(false);
            book.Sent(peer, request.Length);
            var packed = await Frames.ReadAsync(stream, most + 1, "an answer", patience.Token, patience).ConfigureAwait(false);
            if (FrameCompression.Unpack(packed, most) is { } answer)
            {
                return answer;
            }

            Fault(peer, PeerFault.InvalidFrame);
        }
        catch (OperationCanceledException) when (patience is { IsOver: true, HasMoved: true })
        {
            Fault(peer, PeerFault.DrippingAnswer);
        }
        catch (WireException broken) when (!broken.IsCutOff)
        {
            Fault(peer, PeerFault.InvalidFrame); // more than an answer may have, or no length at all
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            // it has nothing, the connection is gone, or this node stops
        }

        return null;
    }

    private async Task AnswerRequestAsync(IPeerStream stream, CancellationToken cancellation)
    {
        using var patience = new Patience(Period, LeastProgress, options.Time, cancellation);
        var request = await Frames.ReadAsync(stream, MaxRequestBytes, "a request", patience.Token).ConfigureAwait(false);
        if (!book.Allow(stream.Peer, MessageKind.Requests, request.Length))
        {
            return; // no answer: whoever asks too much waits for its timeout
        }

        var made = new TaskCompletionSource<ReadOnlyMemory<byte>?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var isTaken = take(new IncomingFrame(stream.Peer, Topic.Direct, request, verdict =>
        {
            made.TrySetResult(null); // judged after the answer, where there is one
            if (verdict == FrameVerdict.Reject)
            {
                Fault(stream.Peer, PeerFault.InvalidFrame);
            }
        })
        { Answer = answer => made.TrySetResult(answer) });
        if (isTaken && await made.Task.WaitAsync(patience.Token).ConfigureAwait(false) is { } answer)
        {
            await ReplyAsync(stream, answer, cancellation).ConfigureAwait(false);
        }
    }

    private async Task ReplyAsync(IPeerStream stream, ReadOnlyMemory<byte> answer, CancellationToken cancellation)
    {
        using var patience = new Patience(Period, LeastProgress, options.Time, cancellation);
        var packed = FrameCompression.Pack(answer, greeted.TryGetValue(stream.Peer, out var known) ? known.Compressions : (byte)0);
        await Frames.WriteAsync(stream, packed, patience.Token, patience).ConfigureAwait(false);
        await stream.CloseWriteAsync(patience.Token).ConfigureAwait(false);
        book.Sent(stream.Peer, packed.Length);
    }
}
