using System.Text.Json;
using LuxTensor.Core;
using LuxTensor.Core.State;
using LuxTensor.Core.Validators;
using LuxTensor.Crypto;

namespace LuxTensor.Rpc;

/// <summary>Validators. Epochs that never come are null.</summary>
internal static class ValidatorShape
{
    public static string NameOf(Standing standing) => standing switch
    {
        Standing.Waiting => "waiting",
        Standing.Active => "active",
        Standing.Jailed => "jailed",
        Standing.Leaving => "leaving",
        _ => "withdrawn",
    };

    /// <summary>A member of an epoch's set: its voting power then, its standing now.</summary>
    public static void WriteMember(Utf8JsonWriter json, ulong index, EpochValidator member, Validator? now)
    {
        json.WriteStartObject();
        json.Quantity("index"u8, index);
        json.Address("address"u8, member.Address);
        WriteKey(json, member.Key);
        json.Quantity("stake"u8, member.Stake);
        if (now is null)
        {
            json.WriteNull("standing"u8);
        }
        else
        {
            json.WriteString("standing"u8, NameOf(now.Standing));
        }

        json.WriteBoolean("slashed"u8, now is { IsSlashed: true });
        json.WriteEndObject();
    }

    public static void WriteList(Utf8JsonWriter json, IEnumerable<Validator> validators)
    {
        json.WriteStartArray("validators"u8);
        foreach (var validator in validators)
        {
            json.WriteStartObject();
            WriteFields(json, validator);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>A validator, with its voting power in the state's epoch and its duties in the epoch that the state counts.</summary>
    public static void WriteDetail(Utf8JsonWriter json, Validator validator, Ledger ledger, ChainRules rules)
    {
        var address = validator.Address;
        json.WriteStartObject();
        WriteFields(json, validator);
        json.Quantity("height"u8, ledger.Height);
        var set = ledger.Epochs.Of(rules.EpochOf(ledger.Height));
        if (set.IndexOf(address) is >= 0 and var index)
        {
            json.WriteStartObject("power"u8);
            json.Quantity("epoch"u8, set.Epoch);
            json.Quantity("index"u8, (ulong)index);
            json.Quantity("stake"u8, set.Validators[index].Stake);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("power"u8);
        }

        if (ledger.Duties is { } duties && duties.Set.IndexOf(address) is >= 0 and var place)
        {
            json.WriteStartObject("duty"u8);
            json.Quantity("epoch"u8, duties.Set.Epoch);
            json.Quantity("counted"u8, duties.Counted);
            json.Quantity("missed"u8, duties.Missed[place]);
            json.Quantity("accrued"u8, duties.Accrued[place]);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("duty"u8);
        }

        json.WriteEndObject();
    }

    public static void WriteNext(Utf8JsonWriter json, ulong? next) => WriteEpoch(json, "next"u8, next ?? Validator.Never);

    private static void WriteFields(Utf8JsonWriter json, Validator validator)
    {
        json.Address("address"u8, validator.Address);
        WriteKey(json, validator.Key);
        json.Quantity("stake"u8, validator.Stake);
        json.WriteString("standing"u8, NameOf(validator.Standing));
        json.WriteBoolean("slashed"u8, validator.IsSlashed);
        json.Quantity("sequence"u8, validator.Sequence);
        json.Quantity("from"u8, validator.From);
        WriteEpoch(json, "until"u8, validator.Until);
        WriteEpoch(json, "withdrawable"u8, validator.Withdrawable);
        json.Quantity("missed"u8, validator.Missed);
    }

    private static void WriteEpoch(Utf8JsonWriter json, ReadOnlySpan<byte> name, ulong epoch)
    {
        if (epoch == Validator.Never)
        {
            json.WriteNull(name);
        }
        else
        {
            json.Quantity(name, epoch);
        }
    }

    private static void WriteKey(Utf8JsonWriter json, PublicKey key)
    {
        Span<byte> bytes = stackalloc byte[PublicKey.Size];
        key.CopyTo(bytes);
        json.Data("publicKey"u8, bytes);
    }
}
