using System.Text.Json;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;

namespace LuxTensor.Rpc;

/// <summary>Finality: progress, certificates and the feed.</summary>
internal static class FinalityMethods
{
    private const ulong MaxEvents = 256;

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

    // The view knows the last final block's certificate; the journal those below.
    private static (Core.Blocks.Block Block, Certificate? Certificate)? CertifiedAt(INode node, NodeState view, ulong height) =>
        height == view.Final.Height ? (view.Final, view.Chain.FinalCertificate)
        : height == 0 ? (node.Genesis.Block, null)
        : node.Chain.BlockAt(height) is { } final ? (final.Block, final.Certificate)
        : null;
}
