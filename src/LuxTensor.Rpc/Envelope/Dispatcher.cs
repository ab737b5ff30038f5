using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace LuxTensor.Rpc;

/// <summary>Carries out the calls of one request and writes its answer: the same for HTTP and WebSocket.</summary>
internal sealed class Dispatcher(MethodTable table, RpcOptions options)
{
    private static readonly ActivitySource Spans = new("LuxTensor.Rpc");

    private readonly ILogger logger = options.Logging.CreateLogger("LuxTensor.Rpc");

    /// <summary>Answers into <paramref name="exchange"/>; false where there is nothing to answer.</summary>
    public async ValueTask<bool> AnswerAsync(Caller caller, ReadOnlyMemory<byte> body, Exchange exchange, CancellationToken cancellation)
    {
        var shape = RequestParser.Parse(body.Span, table, options, exchange.Calls, out var error);
        if (shape == RequestShape.Unusable)
        {
            WriteError(exchange, default, error!);
            return true;
        }

        if (shape != RequestShape.OverlongBatch && !caller.Budget.TryTake(exchange.Calls.Count))
        {
            error = new RpcError(RpcError.LimitCode, $"more than {options.MaxCallsPerSecond} calls a second: wait and try again");
        }

        if (shape != RequestShape.Single)
        {
            exchange.Raw("["u8);
        }

        var answered = false;
        for (var i = 0; i < exchange.Calls.Count; i++)
        {
            var mark = exchange.Length;
            var call = exchange.Calls[i];
            if (answered)
            {
                exchange.Raw(","u8);
            }

            var wrote = error is null && call.Method is { IsAsync: true } && call.Fault is null
                ? await AnswerAsync(caller, body, call, exchange, cancellation)
                : Answer(caller, body.Span, call, error ?? call.Fault, exchange);
            if (!wrote)
            {
                exchange.Truncate(mark);
            }
            else if (exchange.Length > options.MaxAnswerBytes)
            {
                exchange.Truncate(answered ? mark + 1 : mark);
                WriteError(exchange, Id(body.Span, call), new RpcError(
                    RpcError.TooLargeCode, $"the answer is over {options.MaxAnswerBytes} bytes: ask for less at a time"));
            }

            answered |= wrote;
        }

        if (shape != RequestShape.Single)
        {
            exchange.Raw("]"u8);
        }

        return answered;
    }

    private bool Answer(Caller caller, ReadOnlySpan<byte> body, CallSlice call, RpcError? fault, Exchange exchange)
    {
        var id = Id(body, call);
        var mark = exchange.Length;
        if (fault is null)
        {
            WriteHead(exchange, id, ",\"result\":"u8);
            fault = Invoke(caller, body, call, exchange);
        }

        if (fault is null)
        {
            exchange.Raw("}"u8);
        }
        else
        {
            exchange.Truncate(mark);
            WriteError(exchange, id, fault);
        }

        (call.Method ?? table.Other).Count(fault);
        return !call.IsNotification;
    }

    private RpcError? Invoke(Caller caller, ReadOnlySpan<byte> body, CallSlice call, Exchange exchange)
    {
        var method = call.Method!;
        using var span = Spans.StartActivity(method.Name, ActivityKind.Server);
        try
        {
            var arguments = new Arguments(body.Slice(call.ParamsStart, call.ParamsLength));
            exchange.Json.Reset();
            var error = method.Handle!(caller, ref arguments, exchange.Json);
            exchange.Json.Flush();
            span?.SetStatus(error is null ? ActivityStatusCode.Unset : ActivityStatusCode.Error, error?.Message);
            return error;
        }
        catch (Exception e)
        {
            logger.LogError(e, "{Method} failed", method.Name);
            exchange.Json.Reset();
            return RpcError.Internal;
        }
    }

    private async ValueTask<bool> AnswerAsync(
        Caller caller, ReadOnlyMemory<byte> body, CallSlice call, Exchange exchange, CancellationToken cancellation)
    {
        RpcError? error;
        string? result = null;
        using var span = Spans.StartActivity(call.Method!.Name, ActivityKind.Server);
        try
        {
            (error, result) = await Start(caller, body.Span, call, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            logger.LogError(e, "{Method} failed", call.Method.Name);
            error = RpcError.Internal;
        }

        span?.SetStatus(error is null ? ActivityStatusCode.Unset : ActivityStatusCode.Error, error?.Message);

        if (error is null)
        {
            WriteHead(exchange, Id(body.Span, call), ",\"result\":"u8);
            exchange.Json.Reset();
            exchange.Json.WriteStringValue(result);
            exchange.Json.Flush();
            exchange.Raw("}"u8);
        }
        else
        {
            WriteError(exchange, Id(body.Span, call), error);
        }

        call.Method.Count(error);
        return !call.IsNotification;
    }

    private static ValueTask<(RpcError? Error, string? Result)> Start(
        Caller caller, ReadOnlySpan<byte> body, CallSlice call, CancellationToken cancellation)
    {
        var arguments = new Arguments(body.Slice(call.ParamsStart, call.ParamsLength));
        return call.Method!.HandleAsync!(caller, ref arguments, cancellation);
    }

    private static ReadOnlySpan<byte> Id(ReadOnlySpan<byte> body, CallSlice call) => body.Slice(call.IdStart, call.IdLength);

    private static void WriteHead(Exchange exchange, ReadOnlySpan<byte> id, ReadOnlySpan<byte> member)
    {
        var head = "{\"jsonrpc\":\"2.0\",\"id\":"u8;
        id = id.IsEmpty ? "null"u8 : id;
        var span = exchange.GetSpan(head.Length + id.Length + member.Length);
        head.CopyTo(span);
        id.CopyTo(span[head.Length..]);
        member.CopyTo(span[(head.Length + id.Length)..]);
        exchange.Advance(head.Length + id.Length + member.Length);
    }

    /// <summary>Writes one error object.</summary>
    public static void WriteError(Exchange exchange, ReadOnlySpan<byte> id, RpcError error)
    {
        WriteHead(exchange, id, ",\"error\":"u8);
        var json = exchange.Json;
        json.Reset();
        json.WriteStartObject();
        json.WriteNumber("code"u8, error.Code);
        json.WriteString("message"u8, error.Message);
        if (error.Reason is { } reason)
        {
            json.WriteStartObject("data"u8);
            json.WriteString("reason"u8, reason);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.Flush();
        exchange.Raw("}"u8);
    }
}
