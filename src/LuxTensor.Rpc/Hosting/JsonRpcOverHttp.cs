using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace LuxTensor.Rpc;

/// <summary>One JSON-RPC request in a POST. Errors of JSON-RPC travel with status 200, as clients expect.</summary>
internal static class JsonRpcOverHttp
{
    private const string ContentType = "application/json";

    public static Task ServeAsync(HttpExchange http, RpcServices services, CallBudgets budgets)
    {
        // A page can send other types without asking first; JSON needs a preflight, which the Origin check then decides.
        var type = http.RequestHeaders.ContentType.ToString();
        if (!IsJson(type))
        {
            return http.ReplyAsync(StatusCodes.Status415UnsupportedMediaType, $"Content-Type must be {ContentType}");
        }

        return http.RequestHeaders.ContentLength > services.Options.MaxBodyBytes
            ? TooLargeAsync(http, services.Options.MaxBodyBytes)
            : AnswerAsync(http, services, budgets);
    }

    private static bool IsJson(string type)
    {
        var end = type.IndexOf(';', StringComparison.Ordinal);
        var media = (end < 0 ? type : type[..end]).Trim();
        return media.Equals(ContentType, StringComparison.OrdinalIgnoreCase)
            || media.Equals("application/json-rpc", StringComparison.OrdinalIgnoreCase)
            || media.Equals("application/jsonrequest", StringComparison.OrdinalIgnoreCase);
    }

    private static async Task AnswerAsync(HttpExchange http, RpcServices services, CallBudgets budgets)
    {
        var reader = http.Body;
        ReadResult read;
        while (true)
        {
            read = await reader.ReadAsync();
            if (read.Buffer.Length > services.Options.MaxBodyBytes)
            {
                reader.AdvanceTo(read.Buffer.End);
                await TooLargeAsync(http, services.Options.MaxBodyBytes);
                return;
            }

            if (read.IsCompleted || read.IsCanceled)
            {
                break;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }

        var body = read.Buffer;
        // Nothing is cancelled when the peer leaves: a transaction that was sent is to be taken, and the token costs an object a request.
        var caller = new Caller(services, budgets.Of(http.Address), null);
        using var exchange = Exchange.Rent();
        bool answered;
        if (body.IsSingleSegment)
        {
            answered = await services.Dispatcher.AnswerAsync(caller, body.First, exchange, CancellationToken.None);
        }
        else
        {
            var joined = ArrayPool<byte>.Shared.Rent((int)body.Length);
            body.CopyTo(joined);
            answered = await services.Dispatcher.AnswerAsync(caller, joined.AsMemory(0, (int)body.Length), exchange, CancellationToken.None);
            ArrayPool<byte>.Shared.Return(joined);
        }

        reader.AdvanceTo(body.End);
        await (answered
            ? http.ReplyAsync(StatusCodes.Status200OK, exchange.Written, ContentType)
            : http.ReplyAsync(StatusCodes.Status204NoContent, default(ReadOnlyMemory<byte>), ContentType));
    }

    private static async Task TooLargeAsync(HttpExchange http, int limit)
    {
        using var exchange = Exchange.Rent();
        Dispatcher.WriteError(exchange, default, new RpcError(
            RpcError.RequestCode, string.Create(CultureInfo.InvariantCulture, $"the request is over {limit} bytes: split it")));
        http.ResponseHeaders.Connection = "close"; // what is left of the body is not read
        await http.ReplyAsync(StatusCodes.Status413PayloadTooLarge, exchange.Written, ContentType);
    }
}
