using System.Text.Json;
using LuxTensor.Engine;

namespace LuxTensor.Rpc;

/// <summary>Validators: an epoch's set, those registered, those who wait, one of them, and proposers. Lists come by page.</summary>
internal static class ValidatorMethods
{
    private const int MaxPage = 1_000;
    private const int DefaultPage = 100;
    private const int MaxLeaves = 20_000; // entries of the state looked at for one page, a few milliseconds

    private static readonly Described Limit = new("limit", Schemas.Integer, Required: false);

    public static Method[] All =>
    [
        new(
            "lux_getValidators",
            $"The validators of an epoch, with their voting power in it and their standing now; \"latest\" and nothing mean the epoch of the "
            + $"height being decided. From an index on, at most {MaxPage} ({DefaultPage} unless given); next is the index to go on from.",
            [
                new("epoch", """{"anyOf":[{"$ref":"#/components/schemas/Quantity"},{"type":"integer","minimum":0},{"const":"latest"}]}""", Required: false),
                new("from", Schemas.Integer, Required: false), Limit,
            ],
            new("set", Schemas.Ref("ValidatorSet")))
        {
            Handle = Members,
        },
        new(
            "lux_getRegisteredValidators",
            $"Every registered validator after the last final block, those that left included, in no meaningful order. A page looks at {MaxLeaves} "
            + "entries of the state at most, so it may be short: go on from next until it is null.",
            [new("from", Schemas.Hash, Required: false), Limit], new("page", Schemas.Ref("ValidatorPage")))
        {
            Handle = Registered,
        },
        new(
            "lux_getValidatorQueue", "Validators that wait to become active, in order, after the last final block; from a sequence number on.",
            [new("from", Schemas.Integer, Required: false), Limit], new("page", Schemas.Ref("ValidatorQueue")))
        {
            Handle = Queue,
        },
        new(
            "lux_getValidator",
            "A registered validator after a block, the last final one unless named: its life, its voting power in that block's epoch, and its "
            + "duties in the epoch that is counted. Null where there is none of that address.",
            [new("address", Schemas.Address), new("block", Schemas.BlockReference, Required: false)], new("validator", Schemas.OrNull("ValidatorDetail")))
        {
            Handle = One,
        },
        new(
            "lux_proposer", "Who may propose at (height, round).",
            [new("height", Schemas.Integer), new("round", Schemas.Integer, Required: false)], new("proposer", Schemas.Ref("Proposer")))
        {
            Handle = Proposer,
        },
    ];

    /// <summary>The last epoch whose set is fixed.</summary>
    public static ulong LastKnownEpoch(NodeState view) => view.Chain.Epochs.Newest.Epoch;

    private static RpcError? Members(Caller caller, ref Arguments arguments, Utf8JsonWriter json)
    {
        var view = caller.Node.View;
        var epoch = arguments.QuantityOrLatest("epoch", view.Chain.Rules.EpochOf(view.Chain.Height));
        if (epoch > LastKnownEpoch(view))
        {
            arguments.Fail($"epoch {epoch} is not fixed yet, the last that is is {LastKnownEpoch(view)}");
        }

        var from = arguments.Quantity("from", 0);
        var limit = PageOf(ref arguments);
        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        var set = Lookup.Set(caller.Node, epoch);
        var count = (ulong)set.Validators.Length;
        var end = from >= count ? count : from + ulong.Min((ulong)limit, count - from);
        json.WriteStartObject();
        json.Quantity("epoch"u8, epoch);
        json.Hash("hash"u8, set.Hash);
        json.Quantity("totalStake"u8, set.TotalStake);
        json.Quantity("count"u8, count);
        json.WriteStartArray("validators"u8);
        for (var index = from; index < end; index++)
        {
            ValidatorShape.WriteMember(json, index, set.Validators[(int)index], view.FinalLedger.GetValidator(set.Validators[(int)index].Address));
        }

        json.WriteEndArray();
        ValidatorShape.WriteNext(json, end < count ? end : null);
        json.WriteEndObject();
        return null;
    }

    private static RpcError? Registered(Caller caller, ref Arguments arguments, Utf8JsonWriter json)
    {
        var from = arguments.OptionalHash("from") ?? default;
        var limit = PageOf(ref arguments);
        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        var ledger = caller.Node.View.FinalLedger;
        var (found, next) = ledger.Registered(from, limit, MaxLeaves);
        json.WriteStartObject();
        json.Quantity("height"u8, ledger.Height);
        ValidatorShape.WriteList(json, found);
        if (next is { } key)
        {
            json.Hash("next"u8, key);
        }
        else
        {
            json.WriteNull("next"u8);
        }

        json.WriteEndObject();
        return null;
    }

    private static RpcError? Queue(Caller caller, ref Arguments arguments, Utf8JsonWriter json)
    {
        var from = arguments.Quantity("from", 0);
        var limit = PageOf(ref arguments);
        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        var ledger = caller.Node.View.FinalLedger;
        var found = ledger.Queue(from, limit + 1);
        json.WriteStartObject();
        json.Quantity("height"u8, ledger.Height);
        json.Quantity("count"u8, (ulong)ledger.Waiting);
        ValidatorShape.WriteList(json, found.Take(limit));
        ValidatorShape.WriteNext(json, found.Length > limit ? found[limit].Sequence : null);
        json.WriteEndObject();
        return null;
    }

    private static RpcError? One(Caller caller, ref Arguments arguments, Utf8JsonWriter json)
    {
        var address = arguments.Address("address");
        if (StakingMethods.ReadLedger(caller, ref arguments, out var ledger) is { } error)
        {
            return error;
        }

        if (ledger.GetValidator(address) is { } validator)
        {
            ValidatorShape.WriteDetail(json, validator, ledger, caller.Node.Genesis.Rules);
        }
        else
        {
            json.WriteNullValue();
        }

        return null;
    }

    private static RpcError? Proposer(Caller caller, ref Arguments arguments, Utf8JsonWriter json)
    {
        var view = caller.Node.View;
        var height = arguments.Quantity("height");
        var round = arguments.Quantity("round", 0);
        var epoch = view.Chain.Rules.EpochOf(height);
        if (round > uint.MaxValue)
        {
            arguments.Fail("round must be below 2^32");
        }
        else if (height == 0)
        {
            arguments.Fail("height must be 1 or more: the genesis has no proposer");
        }
        else if (epoch > LastKnownEpoch(view))
        {
            arguments.Fail($"height {height} is in epoch {epoch}, the last that is fixed is {LastKnownEpoch(view)}");
        }

        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        var validator = Lookup.Set(caller.Node, epoch).ProposerOf(height, (uint)round);
        json.WriteStartObject();
        json.Quantity("height"u8, height);
        json.Quantity("round"u8, round);
        json.Quantity("epoch"u8, epoch);
        json.Address("proposer"u8, validator.Address);
        json.Data("publicKey"u8, validator.Key.ToArray());
        json.Quantity("stake"u8, validator.Stake);
        json.WriteEndObject();
        return null;
    }

    private static int PageOf(ref Arguments arguments)
    {
        var limit = arguments.Quantity("limit", DefaultPage);
        if (limit is 0 or > MaxPage)
        {
            arguments.Fail($"limit must be 1 to {MaxPage}");
        }

        return (int)ulong.Min(limit, MaxPage);
    }
}
