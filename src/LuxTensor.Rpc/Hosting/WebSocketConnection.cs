using System.Buffers;
using System.Collections.Concurrent;
using System.Net.WebSockets;

namespace LuxTensor.Rpc;

/// <summary>
/// One WebSocket: reads a message, answers it, and reads the next only when the answer is written, so a client that does
/// not read cannot make answers pile up. Notes go out between answers.
/// </summary>
internal sealed class WebSocketConnection : IAsyncDisposable
{
    private static readonly byte[] NoteHead = "{\"jsonrpc\":\"2.0\",\"method\":\"eth_subscription\",\"params\":{\"subscription\":\""u8.ToArray();
    private static readonly byte[] NoteMiddle = "\",\"result\":"u8.ToArray();
    private static readonly byte[] NoteTail = "}}"u8.ToArray();

    private readonly WebSocket socket;
    private readonly RpcServices services;
    private readonly Outbox outbox;
    private readonly ConcurrentDictionary<string, Subscription> subscriptions = new(StringComparer.Ordinal);
    private readonly List<Subscription> starting = []; // subscribed by the request being answered
    private readonly Caller caller;

    public WebSocketConnection(WebSocket socket, RpcServices services, CallBudget budget, Action abort)
    {
        this.socket = socket;
        this.services = services;
        var options = services.Options;
        outbox = new Outbox(options.MaxQueuedMessages, options.CloseTimeout, options.Clock, WriteAsync, abort);
        caller = new Caller(services, budget, this);
    }

    /// <summary>Opens a subscription that starts with the answer; null where there are too many.</summary>
    public Subscription? Subscribe(NoteStream stream, FinalityFeed? feed)
    {
        if (subscriptions.Count >= services.Options.MaxSubscriptions)
        {
            return null;
        }

        var made = new Subscription(stream, outbox) { Feed = feed };
        subscriptions[made.Id] = made;
        starting.Add(made);
        return made;
    }

    /// <summary>Ends a subscription of this connection; false where it has none of that id.</summary>
    public bool Unsubscribe(string id)
    {
        if (!subscriptions.TryRemove(id, out var subscription))
        {
            return false;
        }

        starting.Remove(subscription);
        services.Hub.Deactivate(subscription);
        return true;
    }

    /// <summary>Serves the connection until either side ends it.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        services.Hub.Add(outbox);
        var received = new ArrayBufferWriter<byte>(4 << 10);
        while (socket.State is WebSocketState.Open or WebSocketState.CloseSent)
        {
            var message = await socket.ReceiveAsync(received.GetMemory(2 << 10), cancellation);
            if (message.MessageType == WebSocketMessageType.Close)
            {
                break;
            }

            received.Advance(message.Count);
            if (outbox.IsEnded)
            {
                received.ResetWrittenCount(); // only the peer's close frame matters now
            }
            else if (received.WrittenCount > services.Options.MaxBodyBytes)
            {
                outbox.End(new Ending(Ending.TooBig, $"a message may have at most {services.Options.MaxBodyBytes} bytes"));
            }
            else if (message.EndOfMessage)
            {
                await AnswerAsync(received.WrittenMemory, cancellation);
                received = received.Capacity > 64 << 10 ? new ArrayBufferWriter<byte>(4 << 10) : received;
                received.ResetWrittenCount();
            }
        }

        if (socket.State == WebSocketState.CloseReceived && !outbox.IsEnded)
        {
            outbox.Abandon();
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellation);
        }
    }

    public ValueTask DisposeAsync()
    {
        services.Hub.Remove(outbox);
        outbox.Abandon();
        foreach (var (_, subscription) in subscriptions)
        {
            services.Hub.Deactivate(subscription);
        }

        socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task AnswerAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        using var exchange = Exchange.Rent();
        if (await services.Dispatcher.AnswerAsync(caller, message, exchange, cancellation))
        {
            // What it opened is open before the client can know, and sends nothing before the answer.
            await outbox.SendAsync(null, exchange.Written, starting.Count > 0 ? Start : null);
        }
        else
        {
            Start();
        }
    }

    private void Start()
    {
        foreach (var subscription in starting)
        {
            services.Hub.Activate(subscription);
        }

        starting.Clear();
    }

    private ValueTask WriteAsync(Outgoing item)
    {
        if (item.End is { } ending)
        {
            return new ValueTask(socket.CloseOutputAsync((WebSocketCloseStatus)ending.Code, ending.Reason, CancellationToken.None));
        }

        return item.Subscription is { } subscription
            ? WriteNoteAsync(subscription.IdBytes, item.Payload)
            : socket.SendAsync(item.Payload, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
    }

    private async ValueTask WriteNoteAsync(byte[] id, ReadOnlyMemory<byte> json)
    {
        var length = NoteHead.Length + id.Length + NoteMiddle.Length + json.Length + NoteTail.Length;
        var rented = ArrayPool<byte>.Shared.Rent(length);
        Join(rented, [NoteHead, id, NoteMiddle], json.Span);
        await socket.SendAsync(rented.AsMemory(0, length), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        ArrayPool<byte>.Shared.Return(rented);
    }

    private static void Join(Span<byte> destination, ReadOnlySpan<byte[]> before, ReadOnlySpan<byte> json)
    {
        foreach (var part in before)
        {
            part.CopyTo(destination);
            destination = destination[part.Length..];
        }

        json.CopyTo(destination);
        NoteTail.CopyTo(destination[json.Length..]);
    }
}
