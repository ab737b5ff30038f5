using System.Text.Json;
using LuxTensor.Core.State;

namespace LuxTensor.Rpc;

/// <summary>Epochs, supply and double votes.</summary>
internal static class StakingMethods
{
    private const int MaxEvidence = 256;

    public static Method[] All =>
    [
        new(
            "lux_getEpoch", "An epoch that is fixed, of the height being decided unless named: its heights and its set; and how many wait to become active.",
            [new("epoch", Schemas.Integer, Required: false)], new("epoch", Schemas.Ref("Epoch")))
        {
            Handle = Epoch,
        },
        new(
            "lux_getSupply",
            "What there is of the token after a block, the last final one unless named: genesis + minted = spendable + staked + accrued + burned, "
            + "and supply is what is not burned.",
            [new("block", Schemas.BlockReference, Required: false)], new("supply", Schemas.Ref("Supply")))
        {
            Handle = Supply,
        },
        new(
            "lux_getEvidence", "Double votes seen, oldest first, at most so many, and whether the validator was punished for one.",
            [new("limit", Schemas.Integer, Required: false)],
            new("evidence", """{"type":"array","items":{"$ref":"#/components/schemas/EvidenceRecord"}}"""))
        {
            Handle = Evidence,
        },
    ];

    /// <summary>Reads the last argument, a block, and finds the state after it: the last final one where none is named.</summary>
    public static RpcError? ReadLedger(Caller caller, ref Arguments arguments, out Ledger ledger)
    {
        ledger = caller.Node.View.FinalLedger;
        var none = new BlockReference(BlockTag.Hash);
        var reference = arguments.OptionalBlock("block", BlockTag.Hash);
        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        if (reference == none)
        {
            return null;
        }

        ledger = Lookup.State(caller.Node, reference, out var error)?.After ?? ledger;
        return error;
    }

    private static RpcError? Epoch(Caller caller, ref Arguments arguments, Utf8JsonWriter json)
    {
        var view = caller.Node.View;
        var rules = view.Chain.Rules;
        var current = rules.EpochOf(view.Chain.Height);
        var newest = ValidatorMethods.LastKnownEpoch(view);
        var epoch = arguments.Quantity("epoch", current);
        if (epoch > newest)
        {
            arguments.Fail($"epoch {epoch} is not fixed yet, the last that is is {newest}");
        }

        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        var set = Lookup.Set(caller.Node, epoch);
        var ledger = view.FinalLedger;
        json.WriteStartObject();
        json.Quantity("epoch"u8, epoch);
        json.Quantity("firstHeight"u8, epoch * rules.EpochLength);
        json.Quantity("lastHeight"u8, (epoch * rules.EpochLength) + rules.EpochLength - 1);
        json.Quantity("current"u8, current);
        json.Quantity("newestFixed"u8, newest);
        json.Hash("hash"u8, set.Hash);
        json.Quantity("totalStake"u8, set.TotalStake);
        json.Quantity("validators"u8, (ulong)set.Validators.Length);
        json.Quantity("waiting"u8, (ulong)ledger.Waiting);
        json.Quantity("staying"u8, (ulong)ledger.Totals.Staying);
        json.WriteEndObject();
        return null;
    }

    private static RpcError? Supply(Caller caller, ref Arguments arguments, Utf8JsonWriter json)
    {
        if (ReadLedger(caller, ref arguments, out var ledger) is { } error)
        {
            return error;
        }

        var totals = ledger.Totals;
        json.WriteStartObject();
        json.Quantity("height"u8, totals.Height);
        json.Quantity("supply"u8, totals.Supply);
        json.Quantity("spendable"u8, totals.Spendable);
        json.Quantity("staked"u8, totals.Staked);
        json.Quantity("accrued"u8, totals.Accrued);
        json.Quantity("genesis"u8, totals.Genesis);
        json.Quantity("minted"u8, totals.Minted);
        json.Quantity("burned"u8, totals.Burned);
        json.WriteEndObject();
        return null;
    }

    private static RpcError? Evidence(Caller caller, ref Arguments arguments, Utf8JsonWriter json)
    {
        var limit = arguments.Quantity("limit", MaxEvidence);
        if (limit > MaxEvidence)
        {
            arguments.Fail($"limit must be at most {MaxEvidence}");
        }

        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        var ledger = caller.Node.View.FinalLedger;
        json.WriteStartArray();
        foreach (var evidence in caller.Node.Chain.Evidence((int)limit))
        {
            json.WriteStartObject();
            FinalityShape.WriteEvidenceFields(json, evidence);
            json.WriteBoolean("punished"u8, ledger.GetValidator(evidence.First.Validator) is { IsSlashed: true });
            json.WriteEndObject();
        }

        json.WriteEndArray();
        return null;
    }
}
