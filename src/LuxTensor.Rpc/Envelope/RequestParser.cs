using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace LuxTensor.Rpc;

/// <summary>What a request's bytes are, as a whole.</summary>
internal enum RequestShape
{
    /// <summary>One call.</summary>
    Single,

    /// <summary>An array of calls.</summary>
    Batch,

    /// <summary>More calls than a batch may have; each is listed with its id.</summary>
    OverlongBatch,

    /// <summary>Nothing that can be answered call by call.</summary>
    Unusable,
}

/// <summary>
/// Reads the envelope of JSON-RPC 2.0 over the raw bytes: one pass that finds each call's parts and resolves its method.
/// Nothing is executed before the last byte is known to be valid.
/// </summary>
internal static class RequestParser
{
    private const int MaxNameChars = 128;

    // A batch this many times too long is answered as a whole.
    private const int OverlongFactor = 10;

    /// <summary>Lists the calls in <paramref name="calls"/>; an unusable request has its error instead.</summary>
    public static RequestShape Parse(ReadOnlySpan<byte> body, MethodTable table, RpcOptions options, List<CallSlice> calls, out RpcError? error)
    {
        if (body.IsEmpty)
        {
            error = new RpcError(RpcError.ParseCode, "parse error: the request is empty");
            return RequestShape.Unusable;
        }

        if (!Utf8.IsValid(body))
        {
            error = new RpcError(RpcError.ParseCode, "parse error: the request is not UTF-8");
            return RequestShape.Unusable;
        }

        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = options.MaxJsonDepth });
        try
        {
            return Parse(ref reader, body, table, options, calls, out error);
        }
        catch (JsonException)
        {
            error = new RpcError(
                RpcError.ParseCode,
                $"parse error: no valid JSON, or nested deeper than {options.MaxJsonDepth} levels, at byte {reader.BytesConsumed}");
            return RequestShape.Unusable;
        }
    }

    private static RequestShape Parse(
        ref Utf8JsonReader reader, ReadOnlySpan<byte> body, MethodTable table, RpcOptions options, List<CallSlice> calls, out RpcError? error)
    {
        error = null;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            calls.Add(ReadCall(ref reader, body, table));
            while (reader.Read()) // throws on anything but white space
            {
            }

            return RequestShape.Single;
        }

        var total = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (total++ < options.MaxBatchCalls * OverlongFactor)
            {
                calls.Add(ReadCall(ref reader, body, table));
            }
            else
            {
                reader.Skip();
            }
        }

        while (reader.Read())
        {
        }

        error = total switch
        {
            0 => RpcError.EmptyBatch,
            _ when total > options.MaxBatchCalls => new RpcError(
                RpcError.RequestCode, $"the batch has {total} calls, at most {options.MaxBatchCalls} are allowed: split it"),
            _ => null,
        };
        return error is null ? RequestShape.Batch : total == 0 || total > calls.Count ? RequestShape.Unusable : RequestShape.OverlongBatch;
    }

    private static CallSlice ReadCall(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, MethodTable table)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return new CallSlice { Fault = RpcError.NotAnObject };
        }

        var seen = Member.None;
        RpcError? fault = null;
        Method? method = null;
        RpcError? unknown = null;
        int idStart = 0, idLength = 0, paramsStart = 0, paramsLength = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = MemberOf(ref reader);
            if ((seen & member) != 0)
            {
                fault ??= member == Member.Id ? RpcError.BadId : RpcError.Duplicate;
                idLength = member == Member.Id ? 0 : idLength;
            }

            var again = (seen & member) != 0;
            seen |= member;
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            switch (member)
            {
                case Member.Version when !(reader.TokenType == JsonTokenType.String && Json.Is(ref reader, "2.0"u8)):
                    fault ??= RpcError.WrongVersion;
                    break;
                case Member.Id when reader.TokenType is JsonTokenType.String or JsonTokenType.Number or JsonTokenType.Null:
                    (idStart, idLength) = again ? (0, 0) : (start, (int)reader.BytesConsumed - start);
                    break;
                case Member.Id:
                    fault ??= RpcError.BadId;
                    break;
                case Member.Method when reader.TokenType == JsonTokenType.String:
                    method = Find(ref reader, table, out unknown);
                    break;
                case Member.Method:
                    fault ??= RpcError.BadMethod;
                    break;
                case Member.Params when reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject or JsonTokenType.Null:
                    var isNull = reader.TokenType == JsonTokenType.Null;
                    reader.Skip();
                    (paramsStart, paramsLength) = (start, isNull ? 0 : (int)reader.BytesConsumed - start);
                    continue;
                case Member.Params:
                    fault ??= RpcError.BadParams;
                    break;
            }

            reader.Skip();
        }

        fault ??= (seen & Member.Version) == 0 ? RpcError.WrongVersion : (seen & Member.Method) == 0 ? RpcError.BadMethod : null;
        return new CallSlice
        {
            IdStart = idStart,
            IdLength = idLength,
            ParamsStart = paramsStart,
            ParamsLength = paramsLength,
            Method = fault is null ? method : null,
            IsNotification = fault is null && (seen & Member.Id) == 0,
            Fault = fault ?? unknown ?? (paramsLength > 0 && body[paramsStart] == (byte)'{' ? RpcError.NamedParams : null),
        };
    }

    private static Member MemberOf(ref Utf8JsonReader reader)
    {
        var name = reader.ValueSpan;
        if (reader.ValueIsEscaped)
        {
            return Json.Is(ref reader, "id"u8) ? Member.Id
                : Json.Is(ref reader, "method"u8) ? Member.Method
                : Json.Is(ref reader, "params"u8) ? Member.Params
                : Json.Is(ref reader, "jsonrpc"u8) ? Member.Version
                : Member.None;
        }

        return name.Length switch
        {
            2 when name.SequenceEqual("id"u8) => Member.Id,
            6 when name.SequenceEqual("method"u8) => Member.Method,
            6 when name.SequenceEqual("params"u8) => Member.Params,
            7 when name.SequenceEqual("jsonrpc"u8) => Member.Version,
            _ => Member.None,
        };
    }

    private static Method? Find(ref Utf8JsonReader reader, MethodTable table, out RpcError? unknown)
    {
        unknown = null;
        var raw = reader.ValueSpan;
        if (!reader.ValueIsEscaped && table.Find(raw) is { } found)
        {
            return found;
        }

        if (raw.Length > MaxNameChars * Json.LongestEscape)
        {
            unknown = RpcError.Unknown("of " + raw.Length + " bytes");
            return null;
        }

        Span<byte> name = stackalloc byte[MaxNameChars * Json.LongestEscape];
        try
        {
            name = name[..reader.CopyString(name)];
        }
        catch (InvalidOperationException) // half a surrogate pair
        {
            unknown = RpcError.Unknown("?");
            return null;
        }

        if (table.Find(name) is { } escaped)
        {
            return escaped;
        }

        var text = Encoding.UTF8.GetString(name);
        unknown = RpcError.Unknown(text.Length > MaxNameChars ? text[..MaxNameChars] + "..." : text);
        return null;
    }

    [Flags]
    private enum Member
    {
        None = 0,
        Version = 1,
        Id = 2,
        Method = 4,
        Params = 8,
    }
}
