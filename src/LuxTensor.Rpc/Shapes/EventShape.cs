using System.Globalization;
using System.Text;
using System.Text.Json;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Rpc;

/// <summary>The data lines of server-sent events in the Beacon API's shape: slots are heights, integers decimal strings.</summary>
internal static class EventShape
{
    public static Note Head(Block block, ChainRules rules) => Line(json =>
    {
        Slot(json, block);
        json.Hash("block"u8, block.Hash);
        json.Hash("state"u8, block.Header.StateRoot);
        json.WriteBoolean("epoch_transition"u8, block.Height % rules.EpochLength == 0);
        json.Hash("previous_duty_dependent_root"u8, block.Header.ValidatorSetHash); // what decides this epoch's duties,
        json.Hash("current_duty_dependent_root"u8, block.Header.NextValidatorSetHash); // and the next one's
    });

    public static Note Block(Block block) => Line(json =>
    {
        Slot(json, block);
        json.Hash("block"u8, block.Hash);
    });

    public static Note Final(Block block) => Line(json =>
    {
        json.Hash("block"u8, block.Hash);
        json.Hash("state"u8, block.Header.StateRoot);
        Decimal(json, "epoch"u8, block.Header.Epoch);
    });

    public static Note Reorganisation(Notice.HeadMoved moved) => Line(json =>
    {
        var old = moved.Left[^1];
        var fresh = moved.Joined.IsEmpty ? null : moved.Joined[^1];
        Decimal(json, "slot"u8, fresh?.Height ?? moved.AncestorHeight);
        Decimal(json, "depth"u8, (ulong)moved.Left.Length);
        json.Hash("old_head_block"u8, old.Hash);
        json.Hash("new_head_block"u8, fresh?.Hash ?? moved.Ancestor);
        json.Hash("old_head_state"u8, old.Header.StateRoot);
        json.Hash("new_head_state"u8, fresh?.Header.StateRoot ?? Hash256.Zero);
        Decimal(json, "epoch"u8, fresh?.Header.Epoch ?? old.Header.Epoch);
    });

    private static Note Line(Action<Utf8JsonWriter> fields)
    {
        var value = Notes.Write(json =>
        {
            json.WriteStartObject();
            fields(json);
            json.WriteBoolean("execution_optimistic"u8, value: false);
            json.WriteEndObject();
        });
        return new Note(Encoding.ASCII.GetBytes($"data: {Encoding.ASCII.GetString(value.Json.Span)}\n\n"));
    }

    private static void Slot(Utf8JsonWriter json, Block block) => Decimal(json, "slot"u8, block.Height);

    private static void Decimal(Utf8JsonWriter json, ReadOnlySpan<byte> name, ulong value) =>
        json.WriteString(name, value.ToString(CultureInfo.InvariantCulture));
}
