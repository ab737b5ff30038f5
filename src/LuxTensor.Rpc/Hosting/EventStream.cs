using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace LuxTensor.Rpc;

/// <summary>Server-sent events in the shape of the Beacon API (its <c>/eth/v1/events</c>).</summary>
internal static class EventStream
{
    private static readonly Dictionary<string, NoteStream> Topics = new(StringComparer.Ordinal)
    {
        ["head"] = NoteStream.HeadEvents,
        ["block"] = NoteStream.BlockEvents,
        ["finalized_checkpoint"] = NoteStream.FinalEvents,
        ["chain_reorg"] = NoteStream.ReorganisationEvents,
    };

    public static async Task ServeAsync(HttpExchange http, RpcServices services)
    {
        var asked = QueryHelpers.ParseQuery(http.Query).TryGetValue("topics", out var values)
            ? string.Join(',', values.ToArray()).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : [];
        var unknown = asked.FirstOrDefault(topic => !Topics.ContainsKey(topic));
        if (asked.Length == 0 || unknown is not null)
        {
            var known = string.Join(", ", Topics.Keys.Order(StringComparer.Ordinal));
            using var exchange = Exchange.Rent();
            exchange.Json.Reset();
            exchange.Json.WriteStartObject();
            exchange.Json.WriteNumber("code"u8, StatusCodes.Status400BadRequest);
            exchange.Json.WriteString("message"u8, unknown is null ? $"name topics: {known}" : $"Invalid topic: {unknown}; known are {known}");
            exchange.Json.WriteEndObject();
            exchange.Json.Flush();
            await http.ReplyAsync(StatusCodes.Status400BadRequest, exchange.Written, "application/json");
            return;
        }

        http.SetStatus(StatusCodes.Status200OK);
        http.ResponseHeaders.ContentType = "text/event-stream";
        http.ResponseHeaders.CacheControl = "no-store";
        await StreamAsync(http, services, [.. asked.Distinct(StringComparer.Ordinal)]);
    }

    private static async Task StreamAsync(HttpExchange http, RpcServices services, string[] topics)
    {
        var options = services.Options;
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var aborted = http.Aborted.Register(() => ended.TrySetResult());
        var writer = http.Answer;
        async ValueTask WriteAsync(Outgoing item)
        {
            if (item.End is not null)
            {
                ended.TrySetResult(); // a stream has no close code
                return;
            }

            if (item.Subscription is { } subscription)
            {
                writer.Write(Heads[(int)subscription.Stream]);
            }

            writer.Write(item.Payload.Span);
            var flushed = await writer.FlushAsync();
            if (flushed.IsCompleted)
            {
                ended.TrySetResult();
            }
        }

        var outbox = new Outbox(options.MaxQueuedMessages, options.CloseTimeout, options.Clock, WriteAsync, http.Abort);
        var subscriptions = topics.Select(topic => new Subscription(Topics[topic], outbox)).ToArray();
        try
        {
            services.Hub.Add(outbox);
            // The headers leave now, and a client knows that it is listening.
            await outbox.SendAsync(null, ":\n\n"u8.ToArray(), () => Array.ForEach(subscriptions, services.Hub.Activate));

            while (!ended.Task.IsCompleted)
            {
                await Task.WhenAny(ended.Task, Task.Delay(options.EventKeepAlive, options.Clock, http.Aborted));
                if (!ended.Task.IsCompleted)
                {
                    await outbox.SendAsync(null, ":\n\n"u8.ToArray());
                }
            }
        }
        finally
        {
            services.Hub.Remove(outbox);
            outbox.Abandon();
            foreach (var subscription in subscriptions)
            {
                services.Hub.Deactivate(subscription);
            }
        }
    }

    private static readonly byte[][] Heads =
    [
        .. Enum.GetValues<NoteStream>().Select(stream =>
            Encoding.ASCII.GetBytes($"event: {Topics.FirstOrDefault(topic => topic.Value == stream).Key}\n")),
    ];

    private static void Write(this System.IO.Pipelines.PipeWriter writer, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(writer.GetSpan(bytes.Length));
        writer.Advance(bytes.Length);
    }
}
