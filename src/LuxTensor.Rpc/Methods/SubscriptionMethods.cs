using System.Text.Json;

namespace LuxTensor.Rpc;

/// <summary>Subscriptions, of WebSocket connections only.</summary>
internal static class SubscriptionMethods
{
    private const string Kinds =
        """
        {"enum":["newHeads","newPendingTransactions","logs","syncing","lux_finality","lux_progress","lux_reorgs","lux_evidence"]}
        """;

    public static Method[] All =>
    [
        new(
            "eth_subscribe",
            "Opens a subscription: notes come as eth_subscription. newPendingTransactions takes true for whole transactions, lux_finality "
            + "{fromSequence} to start there.",
            [new("kind", Kinds), new("options", Schemas.Any, Required: false)], new("id", Schemas.Id))
        {
            Handle = Subscribe,
        },
        new("eth_unsubscribe", "Ends a subscription; false where this connection has none of that id.", [new("id", Schemas.Text)], new("ended", Schemas.Flag))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
            {
                var id = arguments.Token("id");
                if (caller.Connection is null)
                {
                    return RpcError.NoSubscriptions;
                }

                if (arguments.End() is { } wrong)
                {
                    return wrong;
                }

                json.WriteBooleanValue(caller.Connection.Unsubscribe(id));
                return null;
            },
        },
    ];

    private static RpcError? Subscribe(Caller caller, ref Arguments arguments, Utf8JsonWriter json)
    {
        if (caller.Connection is not { } connection)
        {
            return RpcError.NoSubscriptions;
        }

        var kind = arguments.Word(
            "kind", "newHeads", "newPendingTransactions", "logs", "syncing", "lux_finality", "lux_progress", "lux_reorgs", "lux_evidence");
        var stream = NoteStream.Heads;
        ulong? from = null;
        switch (kind)
        {
            case "newPendingTransactions":
                stream = arguments.Flag("full") ? NoteStream.PendingFull : NoteStream.Pending;
                break;
            case "logs":
                stream = NoteStream.Logs;
                FilterMethods.LogFilter(ref arguments, isRequired: false);
                break;
            case "lux_finality":
                stream = NoteStream.Finality;
                from = FromSequence(ref arguments);
                break;
            default:
                stream = kind switch
                {
                    "syncing" => NoteStream.Syncing,
                    "lux_progress" => NoteStream.Progress,
                    "lux_reorgs" => NoteStream.Reorganisations,
                    "lux_evidence" => NoteStream.Evidence,
                    _ => NoteStream.Heads,
                };
                arguments.Any(); // clients send empty options along
                break;
        }

        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        var hub = caller.Services.Hub;
        FinalityFeed? feed = null;
        if (stream == NoteStream.Finality)
        {
            var newest = hub.NewestFinal;
            var start = from is { } asked ? ulong.Max(asked, 1) : newest + 1; // the genesis has no event
            if (FinalityMethods.CheckSequence(start, newest) is { } ahead)
            {
                return ahead;
            }

            feed = new FinalityFeed(hub, start, caller.Services.Options.MaxQueuedMessages);
        }

        if (connection.Subscribe(stream, feed) is not { } made)
        {
            feed?.Dispose();
            return RpcError.Server($"a connection may have {caller.Services.Options.MaxSubscriptions} subscriptions: end one, or connect again");
        }

        json.WriteStringValue(made.IdBytes);
        return null;
    }

    private static ulong? FromSequence(ref Arguments arguments)
    {
        ulong? from = null;
        arguments.Members("options", (string name, ref Utf8JsonReader value) =>
        {
            if (name != "fromSequence")
            {
                return "is not known, fromSequence is";
            }

            if (!Json.TryQuantity(ref value, out var number))
            {
                return "must be a quantity such as \"0x1a\"";
            }

            from = number;
            return null;
        });
        return from;
    }
}
