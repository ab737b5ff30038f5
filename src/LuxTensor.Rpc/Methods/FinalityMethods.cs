using System.Text.Json;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;

namespace LuxTensor.Rpc;

/// <summary>Finality: progress, certificates, the feed, validators and proposers.</summary>
internal static class FinalityMethods
{
    private const ulong MaxEvents = 256;
    private const int MaxEvidence = 256;

    public static Method[] All =>
    [
        new(
            "lux_finality", "How far a height is: the one being decided, or a final one. Null for a height above.",
            [new("height", Schemas.Integer, Required: false)], new("progress", Schemas.OrNull("Finality")))
        {
            Handle = Finality,
        },
        new(
            "lux_getCertificate", "The certificate that made a height final; null where there is none, as for the genesis.",
            [new("block", Schemas.BlockTag)], new("certificate", Schemas.OrNull("Certificate")))
        {
            Handle = Certificate,
        },
        new(
            "lux_finalityFeed", "Events of the finality feed from a sequence number (= height) on, at most so many.",
            [new("fromSequence", Schemas.Integer), new("limit", Schemas.Integer, Required: false)], new("page", Schemas.Ref("FinalityPage")))
        {
            Handle = Feed,
        },
        new(
            "lux_validators", "The validators of an epoch; of the height being decided unless named.",
            [new("epoch", Schemas.Integer, Required: false)], new("set", Schemas.Ref("ValidatorSet")))
        {
            Handle = Validators,
        },
        new(
            "lux_proposer", "Who may propose at (height, round).",
            [new("height", Schemas.Integer), new("round", Schemas.Integer, Required: false)], new("proposer", Schemas.Ref("Proposer")))
        {
            Handle = Proposer,
        },
        new(
            "lux_evidence", "Double votes seen, oldest first, at most so many.",
            [new("limit", Schemas.Integer, Required: false)], new("evidence", """{"type":"array","items":{"$ref":"#/components/schemas/Evidence"}}"""))
        {
            Handle = static (Caller caller, ref Arguments arguments, Utf8JsonWriter json) =>
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

                json.WriteStartArray();
                foreach (var evidence in caller.Node.Chain.Evidence((int)limit))
                {
                    FinalityShape.WriteEvidence(json, evidence);
                }

                json.WriteEndArray();
                return null;
            },
        },
    ];

    /// <summary>Why the feed cannot start at a sequence number, or null: the next one may be waited for, those after it not.</summary>
    public static RpcError? CheckSequence(ulong from, ulong newest) => from <= newest + 1
        ? null
        : RpcError.Server($"sequence {from} is beyond the feed: the newest is {newest}, start at {newest + 1} or below", "GapAhead");

    private static RpcError? Finality(Caller caller, ref Arguments arguments, Utf8JsonWriter json)
    {
        var view = caller.Node.View;
        var height = arguments.Quantity("height", view.Chain.Height);
        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        if (height == view.Chain.Height)
        {
            FinalityShape.WriteProgress(json, view);
        }
        else if (height < view.Chain.Height && CertifiedAt(caller.Node, view, height) is var (block, certificate))
        {
            FinalityShape.WriteFinal(json, block, certificate, Lookup.Set(caller.Node, block.Header.Epoch));
        }
        else
        {
            json.WriteNullValue();
        }

        return null;
    }

    private static RpcError? Certificate(Caller caller, ref Arguments arguments, Utf8JsonWriter json)
    {
        var reference = arguments.Block("block");
        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        var view = caller.Node.View;
        var block = Lookup.Block(caller.Node, reference, out var error);
        if (block is not null && block.Height <= view.Final.Height && CertifiedAt(caller.Node, view, block.Height) is (_, { } certificate))
        {
            FinalityShape.WriteCertificate(json, certificate, Lookup.Set(caller.Node, block.Header.Epoch));
        }
        else
        {
            json.WriteNullValue();
        }

        return error;
    }

    private static RpcError? Feed(Caller caller, ref Arguments arguments, Utf8JsonWriter json)
    {
        var from = ulong.Max(arguments.Quantity("fromSequence"), 1);
        var limit = arguments.Quantity("limit", 64);
        if (limit is 0 or > MaxEvents)
        {
            arguments.Fail($"limit must be 1 to {MaxEvents}");
        }

        var hub = caller.Services.Hub;
        var newest = hub.NewestFinal;
        if ((arguments.End() ?? CheckSequence(from, newest)) is { } wrong)
        {
            return wrong;
        }

        json.WriteStartObject();
        if (from <= newest && hub.FinalityNote(from) is null)
        {
            var oldest = FinalityFeed.Oldest(caller.Node.Chain, from, newest);
            json.WriteStartObject("gap"u8);
            json.Quantity("from"u8, from);
            json.Quantity("to"u8, oldest - 1);
            json.WriteEndObject();
            from = oldest;
        }

        json.WriteStartArray("events"u8);
        for (; limit > 0 && from <= newest && hub.FinalityNote(from) is { } note; from++, limit--)
        {
            json.WriteRawValue(note.Json.Span, skipInputValidation: true);
        }

        json.WriteEndArray();
        json.Quantity("next"u8, from);
        json.Quantity("newest"u8, newest);
        json.WriteEndObject();
        return null;
    }

    private static RpcError? Validators(Caller caller, ref Arguments arguments, Utf8JsonWriter json)
    {
        var view = caller.Node.View;
        var known = LastKnownEpoch(view);
        var epoch = arguments.Quantity("epoch", view.Chain.Rules.EpochOf(view.Chain.Height));
        if (epoch > known)
        {
            arguments.Fail($"epoch {epoch} is not fixed yet, the last that is is {known}");
        }

        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        var set = Lookup.Set(caller.Node, epoch);
        json.WriteStartObject();
        json.Quantity("epoch"u8, epoch);
        json.Hash("hash"u8, set.Hash);
        json.Quantity("totalStake"u8, set.TotalStake);
        json.WriteStartArray("validators"u8);
        Span<byte> key = stackalloc byte[Crypto.PublicKey.Size];
        for (var i = 0; i < set.Validators.Length; i++)
        {
            json.WriteStartObject();
            json.Quantity("index"u8, (ulong)i);
            json.Address("address"u8, set.Validators[i].Address);
            set.Validators[i].Key.CopyTo(key);
            json.Data("publicKey"u8, key);
            json.Quantity("stake"u8, set.Validators[i].Stake);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
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

    private static ulong LastKnownEpoch(NodeState view) => view.Chain.Epochs.Newest.Epoch;

    // The view knows the last final block's certificate; the journal those below.
    private static (Core.Blocks.Block Block, Certificate? Certificate)? CertifiedAt(INode node, NodeState view, ulong height) =>
        height == view.Final.Height ? (view.Final, view.Chain.FinalCertificate)
        : height == 0 ? (node.Genesis.Block, null)
        : node.Chain.BlockAt(height) is { } final ? (final.Block, final.Certificate)
        : null;
}
