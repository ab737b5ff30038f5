using System.Text.Json;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Engine;

namespace LuxTensor.Rpc;

/// <summary>Why a validator missed its duty at a height (DUT-5).</summary>
internal static class AbsenceMethods
{
    private const ulong MostBlocksLookedAt = 256; // far more than ever run ahead of a certificate

    public static Method[] All =>
    [
        new(
            "lux_whyMissed",
            "Whether a validator's duty at a final height counts as done, and if not, why, as far as this node saw; another may have seen something "
            + "else. A duty counts by the first certificate of its height in a block, which block countedBy names. The reason is unknown where the "
            + "node did not watch: while it caught up, or too long ago. Null where the height is not final.",
            [new("validator", Schemas.Address), new("height", Schemas.Integer)], new("absence", Schemas.OrNull("Absence")))
        {
            Handle = WhyMissed,
        },
    ];

    private static RpcError? WhyMissed(Caller caller, ref Arguments arguments, Utf8JsonWriter json)
    {
        var address = arguments.Address("validator");
        var height = arguments.Quantity("height");
        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        var node = caller.Node;
        var final = node.View.Final.Height;
        if (height == 0 || height > final)
        {
            json.WriteNullValue(); // the genesis was nobody's duty
            return null;
        }

        var set = Lookup.Set(node, node.Genesis.Rules.EpochOf(height));
        var index = set.IndexOf(address);
        var counting = CountingBlock(node, height, final);
        json.WriteStartObject();
        json.Address("validator"u8, address);
        json.Quantity("height"u8, height);
        if (index < 0)
        {
            Write(json, missed: false, "notMember", $"it was no validator in epoch {set.Epoch}");
        }
        else if (counting is null)
        {
            Write(json, missed: false, "notCounted", $"no block up to height {final} has the certificate of height {height}: nobody's duty counts there yet");
        }
        else if (counting.Certificate!.HasSigned(index))
        {
            Write(json, missed: false, "signed", "it signed");
        }
        else if (node.Chain.MissOf(address, height) is { } duty)
        {
            Write(json, missed: true, NameOf(duty), MessageOf(duty));
            WriteValues(json, duty);
        }
        else
        {
            Write(json, missed: true, "unknown", "it is missing from the certificate, and this node did not watch that height");
        }

        if (counting is not null)
        {
            json.Quantity("countedBy"u8, counting.Height);
        }

        json.WriteEndObject();
        return null;
    }

    /// <summary>The first final block with the height's certificate; null where there is none, or not yet. Certificates never get older from block to block.</summary>
    private static Block? CountingBlock(INode node, ulong height, ulong final)
    {
        var last = ulong.Min(final, height + MostBlocksLookedAt);
        for (var at = height + 1; at <= last && node.Chain.BlockAt(at)?.Block is { } block; at++)
        {
            if (block.Certificate?.Height >= height)
            {
                return block.Certificate.Height == height ? block : null;
            }
        }

        return null;
    }

    private static void Write(Utf8JsonWriter json, bool missed, string reason, string message)
    {
        json.WriteBoolean("missed"u8, missed);
        json.WriteString("reason"u8, reason);
        json.WriteString("message"u8, message);
    }

    private static string NameOf(MissedDuty duty) => duty.Reason switch
    {
        MissReason.Offline => "offline",
        MissReason.NoPrecommit => "noPrecommit",
        MissReason.Late => "late",
        MissReason.OtherRound => "otherRound",
        MissReason.OtherBlock => duty.Voted.IsZero ? "votedNil" : "otherBlock",
        MissReason.Refused => "refused",
        MissReason.BadVote => "badVote",
        MissReason.NotIncluded => "notIncluded",
        _ => "unknown",
    };

    private static string MessageOf(MissedDuty duty) => duty.Reason switch
    {
        MissReason.Offline => "nothing that it signed for the height reached this node: it was offline, or cut off",
        MissReason.NoPrecommit => "it prepared, but its precommit did not come",
        MissReason.Late => $"its precommit came {duty.Detail} ms after the height was final here",
        MissReason.OtherRound => $"it precommitted in round {duty.Detail} only, and another one decided",
        MissReason.OtherBlock when duty.Voted.IsZero => "it precommitted no block in the round that decided: it had not seen enough prepares in time",
        MissReason.OtherBlock => $"it precommitted another block, {duty.Voted}",
        MissReason.Refused => $"it is a validator of this node, and the signing guard refused: {GuardWords((SigningRefusal)duty.Detail)}",
        MissReason.BadVote => "a vote in its name did not verify; anybody may have sent that",
        MissReason.NotIncluded => "its precommit was here in time; whoever put the certificate into a block did not have it",
        _ => "",
    };

    private static string GuardWords(SigningRefusal why) => why switch
    {
        SigningRefusal.DoubleSign => "it had signed another block there",
        SigningRefusal.BelowWatermark => "the position is below what was signed elsewhere",
        _ => "its records, or the journal's, are older than they should be",
    };

    private static void WriteValues(Utf8JsonWriter json, MissedDuty duty)
    {
        switch (duty.Reason)
        {
            case MissReason.Late:
                json.Quantity("milliseconds"u8, duty.Detail);
                break;
            case MissReason.OtherRound:
                json.Quantity("votedRound"u8, duty.Detail);
                break;
            case MissReason.OtherBlock when !duty.Voted.IsZero:
                json.Hash("blockHash"u8, duty.Voted);
                break;
            default:
                break;
        }
    }
}
