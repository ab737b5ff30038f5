using System.Text.Json;
using LuxTensor.Crypto;

namespace LuxTensor.Rpc;

/// <summary>Polling filters, and logs: there are none, but what is asked for is checked as if there were.</summary>
internal static class FilterMethods
{
    private static readonly Described FilterId = new("id", Schemas.Text);

    public static Method[] All =>
    [
        new("eth_newFilter", "A filter for logs.", [new("filter", Schemas.LogFilter)], new("id", Schemas.Id))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
            {
                LogFilter(ref arguments);
                return Add(caller, ref arguments, json, FilterKind.Logs);
            },
        },
        new("eth_newBlockFilter", "A filter for hashes of new blocks.", [], new("id", Schemas.Id))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) => Add(caller, ref arguments, json, FilterKind.Blocks),
        },
        new("eth_newPendingTransactionFilter", "A filter for ids of transactions that enter the pool.", [], new("id", Schemas.Id))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) => Add(caller, ref arguments, json, FilterKind.Pending),
        },
        new("eth_getFilterChanges", "What came since the last poll.", [FilterId], new("changes", Schemas.HashList))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
            {
                var id = arguments.Token("id");
                if (arguments.End() is { } wrong)
                {
                    return wrong;
                }

                if (caller.Services.Filters.Poll(id) is not { } changes)
                {
                    return RpcError.NoFilter;
                }

                json.WriteStartArray();
                foreach (var hash in changes)
                {
                    json.HashValue(hash);
                }

                json.WriteEndArray();
                return null;
            },
        },
        new("eth_getFilterLogs", "All logs of a filter: none.", [FilterId], new("logs", Schemas.NoLogs))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
            {
                var id = arguments.Token("id");
                WriteNone(json);
                return arguments.End() ?? (caller.Services.Filters.Has(id, FilterKind.Logs) ? null : RpcError.NoFilter);
            },
        },
        new("eth_uninstallFilter", "Ends a filter; false where there is none.", [FilterId], new("removed", Schemas.Flag))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
            {
                var id = arguments.Token("id");
                if (arguments.End() is { } wrong)
                {
                    return wrong;
                }

                json.WriteBooleanValue(caller.Services.Filters.Remove(id));
                return null;
            },
        },
        new("eth_getLogs", "Logs: none, as there are no contracts.", [new("filter", Schemas.LogFilter)], new("logs", Schemas.NoLogs))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
            {
                LogFilter(ref arguments);
                WriteNone(json);
                return arguments.End();
            },
        },
    ];

    /// <summary>Reads past a log filter and notes what is wrong with it.</summary>
    public static void LogFilter(ref Arguments arguments, bool isRequired = true)
    {
        var byHash = false;
        var byRange = false;
        if (!arguments.Members("filter", Member))
        {
            if (isRequired)
            {
                arguments.Fail("missing argument 1, filter");
            }
        }
        else if (byHash && byRange)
        {
            arguments.Fail("filter has blockHash and a range: only one of them can be");
        }

        string? Member(string name, ref Utf8JsonReader value)
        {
            switch (name)
            {
                case "fromBlock" or "toBlock" when value.TokenType != JsonTokenType.Null:
                    byRange = true;
                    return BlockReference.TryRead(ref value, allowHash: false, out _) ? null : "must be a quantity or a tag";
                case "blockHash" when value.TokenType != JsonTokenType.Null:
                    byHash = true;
                    Span<byte> hash = stackalloc byte[Hash256.Size];
                    return Json.TryBytes(ref value, hash) ? null : "must be \"0x\" and 64 hexadecimal digits";
                case "address":
                    return IsListOf(ref value, Core.Address.Size, depth: 1) ? null : "must be an address or a list of them";
                case "topics":
                    return IsListOf(ref value, Hash256.Size, depth: 2) ? null : "must be a list of topics, of lists of them, or null";
                default:
                    return null;
            }
        }
    }

    // A value of so many bytes, null, or a list of such, nested at most that deep.
    private static bool IsListOf(ref Utf8JsonReader value, int size, int depth)
    {
        if (value.TokenType != JsonTokenType.StartArray)
        {
            Span<byte> bytes = stackalloc byte[size];
            return value.TokenType == JsonTokenType.Null || Json.TryBytes(ref value, bytes);
        }

        if (depth == 0)
        {
            return false;
        }

        while (value.Read() && value.TokenType != JsonTokenType.EndArray)
        {
            if (!IsListOf(ref value, size, depth - 1))
            {
                return false;
            }
        }

        return true;
    }

    private static RpcError? Add(Caller caller, ref Arguments arguments, Utf8JsonWriter json, FilterKind kind)
    {
        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        if (caller.Services.Filters.Add(kind) is not { } id)
        {
            return RpcError.Server($"there are {caller.Services.Options.MaxFilters} filters already: uninstall those you do not poll");
        }

        json.WriteStringValue(id);
        return null;
    }

    private static void WriteNone(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        json.WriteEndArray();
    }
}
