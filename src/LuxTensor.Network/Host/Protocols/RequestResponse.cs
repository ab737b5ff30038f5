using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>
/// Questions and answers, a stream each: the asker writes one frame and closes its side, the answerer writes one frame and closes. Frames
/// have a varint of their length in front. Sizes, times and numbers are bounded at both ends.
/// </summary>
/// <param name="swarm">The host that carries the streams.</param>
/// <param name="protocol">The protocol's name.</param>
/// <param name="limits">What either side puts up with.</param>
/// <param name="time">The clock of the limits.</param>
public sealed class RequestResponse(ISwarm swarm, string protocol, RequestLimits limits, TimeProvider time)
{
    private readonly string[] protocols = [protocol];
    private readonly BufferBudget outgoing = new(limits.MostAnswerBytes);
    private int answering;

    /// <summary>Asks a connected peer.</summary>
    /// <returns>The answer; at most <see cref="RequestLimits.MostAnswer"/> bytes.</returns>
    /// <exception cref="RequestException">No answer; <see cref="RequestException.Fault"/> says whose fault it is.</exception>
    public async Task<byte[]> AskAsync(PeerId peer, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        if (request.Length > limits.MostRequest)
        {
            throw new RequestException(RequestFault.TooLarge, $"a request of {request.Length} bytes; at most {limits.MostRequest} are sent");
        }

        using var deadline = new CancellationTokenSource(limits.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        using var asking = new Patience(limits.Period, limits.LeastBytesAPeriod, time, either.Token);
        Patience? listening = null;
        IPeerStream? stream = null;
        try
        {
            stream = await swarm.OpenAsync(peer, protocols, asking.Token);
            await Frames.WriteAsync(stream, request, asking.Token, asking);
            await stream.CloseWriteAsync(asking.Token);
            listening = new Patience(limits.Period, limits.LeastBytesAPeriod, time, either.Token);
            return await Frames.ReadAsync(stream, limits.MostAnswer, "an answer", listening.Token, listening);
        }
        catch (Exception e)
        {
            stream?.Reset();
            cancellation.ThrowIfCancellationRequested();
            throw e switch
            {
                OperationCanceledException when deadline.IsCancellationRequested =>
                    new RequestException(RequestFault.TimedOut, $"no answer of {peer} within {limits.Timeout.TotalSeconds:0.###} s", e),
                OperationCanceledException when listening is not { HasMoved: true } =>
                    new RequestException(RequestFault.Silent, $"nothing of an answer from {peer} within {limits.Period.TotalSeconds:0.###} s", e),
                OperationCanceledException => new RequestException(
                    RequestFault.TooSlow, $"less than {limits.LeastBytesAPeriod} bytes from {peer} within {limits.Period.TotalSeconds:0.###} s", e),
                NotSpokenException => new RequestException(RequestFault.NotSpoken, e.Message, e),
                WireException { IsCutOff: false } => new RequestException(RequestFault.Malformed, e.Message, e),
                _ => new RequestException(RequestFault.Broken, e.Message, e),
            };
        }
        finally
        {
            listening?.Dispose();
            if (stream is not null)
            {
                await stream.DisposeAsync();
            }
        }
    }

    /// <summary>
    /// Answers peers. The handler gets the request, and gives the answer, or null to refuse (the asker sees its stream reset), as a handler
    /// that throws does.
    /// </summary>
    public void Answer(Func<PeerId, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>?>> handler) =>
        swarm.Serve(protocol, limits.MostPerPeer, (stream, cancellation) => AnswerAsync(stream, handler, cancellation));

    private async Task AnswerAsync(
        IPeerStream stream, Func<PeerId, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>?>> handler, CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref answering) > limits.MostAtOnce)
        {
            Interlocked.Decrement(ref answering);
            stream.Reset();
            return;
        }

        try
        {
            byte[] request;
            using (var patience = new Patience(limits.Period, limits.LeastBytesAPeriod, time, cancellation))
            {
                request = await Frames.ReadAsync(stream, limits.MostRequest, "a request", patience.Token, patience);
            }

            using var deadline = new CancellationTokenSource(limits.Timeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
            if (await handler(stream.Peer, request, either.Token) is not { } answer
                || answer.Length > (limits.MostAnswerBytes - outgoing.Held) / 2 || !outgoing.TryTake(answer.Length))
            {
                stream.Reset();
                return;
            }

            try
            {
                using var writing = new Patience(limits.Period, limits.LeastBytesAPeriod, time, either.Token);
                await Frames.WriteAsync(stream, answer, writing.Token, writing);
                await stream.CloseWriteAsync(writing.Token);
            }
            finally
            {
                outgoing.Return(answer.Length);
            }
        }
        finally
        {
            Interlocked.Decrement(ref answering);
        }
    }
}
