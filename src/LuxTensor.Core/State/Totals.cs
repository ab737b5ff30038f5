using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Core.State;

/// <summary>
/// What a state holds in all, and where rotation stands: one leaf, written by every block. Amounts are base units.
/// At every block <see cref="Genesis"/> + <see cref="Minted"/> = <see cref="Spendable"/> + <see cref="Staked"/> +
/// <see cref="Accrued"/> + <see cref="Burned"/> (RWD-5).
/// </summary>
public sealed record Totals
{
    /// <summary>Bytes of the encoding.</summary>
    public const int Size = 8 + (6 * 16) + 8 + 4 + 8 + 4 + Hash256.Size;

    /// <summary>The totals of a state in which nobody has anything.</summary>
    public static Totals None { get; } = new();

    /// <summary>The height of the block that the state is of.</summary>
    public ulong Height { get; init; }

    /// <summary>What the genesis gave out, spendable and staked.</summary>
    public UInt128 Genesis { get; init; }

    /// <summary>Subsidies since.</summary>
    public UInt128 Minted { get; init; }

    /// <summary>Penalties less what reporters got.</summary>
    public UInt128 Burned { get; init; }

    /// <summary>The sum of all validators' stakes.</summary>
    public UInt128 Staked { get; init; }

    /// <summary>Earned by signers and not paid out yet.</summary>
    public UInt128 Accrued { get; init; }

    /// <summary>The sum of all accounts' balances.</summary>
    public UInt128 Spendable { get; init; }

    /// <summary>The sequence number of the next validator that enters the queue.</summary>
    public ulong NextSequence { get; init; }

    /// <summary>Active validators that have no last epoch.</summary>
    public int Staying { get; init; }

    /// <summary>The epoch in which the latest exit takes effect.</summary>
    public ulong ExitEpoch { get; init; }

    /// <summary>Exits that take effect in it.</summary>
    public uint Exits { get; init; }

    /// <summary>The hash of the set fixed last; the others' are in headers.</summary>
    public Hash256 NewestSet { get; init; }

    /// <summary>All there is: what can never exceed the most base units of a chain.</summary>
    public UInt128 Supply => Spendable + Staked + Accrued;

    /// <summary>The canonical encoding, the value of the leaf.</summary>
    public byte[] Encode() => new WireWriter(Size).UInt64(Height)
        .UInt128(Genesis).UInt128(Minted).UInt128(Burned).UInt128(Staked).UInt128(Accrued).UInt128(Spendable)
        .UInt64(NextSequence).UInt32((uint)Staying).UInt64(ExitEpoch).UInt32(Exits).Hash(NewestSet).ToArray();

    /// <summary>Reads exactly one, or null.</summary>
    public static Totals? TryDecode(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes);
        var read = new Totals
        {
            Height = reader.UInt64(),
            Genesis = reader.UInt128(),
            Minted = reader.UInt128(),
            Burned = reader.UInt128(),
            Staked = reader.UInt128(),
            Accrued = reader.UInt128(),
            Spendable = reader.UInt128(),
            NextSequence = reader.UInt64(),
            Staying = unchecked((int)reader.UInt32()),
            ExitEpoch = reader.UInt64(),
            Exits = reader.UInt32(),
            NewestSet = reader.Hash(),
        };
        return reader.End() ? read : null;
    }
}
