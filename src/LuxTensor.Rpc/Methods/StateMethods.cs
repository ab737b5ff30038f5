using System.Text.Json;
using LuxTensor.Core.State;

namespace LuxTensor.Rpc;

/// <summary>Accounts. States are kept from the last final block up; older ones are an error that says so.</summary>
internal static class StateMethods
{
    private static readonly Described Account = new("address", Schemas.Address);
    private static readonly Described AtBlock = new("block", Schemas.BlockReference, Required: false);

    public static Method[] All =>
    [
        new("eth_getBalance", "Spendable base units of an account.", [Account, AtBlock], new("balance", Schemas.Quantity))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
            {
                var address = arguments.Address("address");
                if (Read(caller, ref arguments, out var ledger, out _) is { } error)
                {
                    return error;
                }

                json.QuantityValue(ledger.GetAccount(address).Balance);
                return null;
            },
        },
        new(
            "eth_getTransactionCount", "The next nonce of an account; with \"pending\", after those that wait in the pool.",
            [Account, AtBlock], new("nonce", Schemas.Quantity))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
            {
                var address = arguments.Address("address");
                var view = caller.Node.View;
                if (Read(caller, ref arguments, out var ledger, out var reference) is { } error)
                {
                    return error;
                }

                json.QuantityValue(reference.IsPending ? view.Pool.NextNonce(address, view.HeadLedger) : ledger.GetAccount(address).Nonce);
                return null;
            },
        },
        new("eth_getCode", "Always empty: accounts have no code.", [Account, AtBlock], new("code", Schemas.Data))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
            {
                arguments.Address("address");
                arguments.OptionalBlock("block", BlockTag.Latest);
                json.WriteStringValue("0x"u8);
                return arguments.End();
            },
        },
        new(
            "eth_getStorageAt", "Always zero: accounts have no storage.",
            [Account, new("slot", Schemas.Any), AtBlock], new("value", Schemas.Hash))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
            {
                arguments.Address("address");
                arguments.Any();
                arguments.OptionalBlock("block", BlockTag.Latest);
                json.HashValue(default);
                return arguments.End();
            },
        },
        new(
            "eth_call", "Always empty: there is no code to call.",
            [new("transaction", Schemas.Call), AtBlock, new("overrides", Schemas.Any, Required: false)], new("data", Schemas.Data))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
            {
                ReadCall(ref arguments);
                json.WriteStringValue("0x"u8);
                return arguments.End();
            },
        },
        new(
            "eth_estimateGas", "Always 1: one gas is one transaction.",
            [new("transaction", Schemas.Call), AtBlock, new("overrides", Schemas.Any, Required: false)], new("gas", Schemas.Quantity))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
            {
                ReadCall(ref arguments);
                json.QuantityValue(1UL);
                return arguments.End();
            },
        },
    ];

    // What a call would do is of no interest where there is no code; that it is one is.
    private static void ReadCall(ref Arguments arguments)
    {
        if (!arguments.Members("transaction", static (string _, ref Utf8JsonReader _) => null))
        {
            arguments.Fail("missing argument 1, transaction");
        }

        arguments.OptionalBlock("block", BlockTag.Latest);
        arguments.Any(); // state overrides
    }

    private static RpcError? Read(Caller caller, ref Arguments arguments, out Ledger ledger, out BlockReference reference)
    {
        ledger = Ledger.Empty;
        reference = arguments.OptionalBlock("block", BlockTag.Latest);
        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        ledger = Lookup.State(caller.Node, reference, out var error)?.After ?? ledger;
        return error;
    }
}
