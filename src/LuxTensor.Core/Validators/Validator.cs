using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Validators;

/// <summary>Where a validator is in its life (VAL-1).</summary>
public enum Standing : byte
{
    /// <summary>In the queue, to become active.</summary>
    Waiting = 1,

    /// <summary>In the sets from <see cref="Validator.From"/> on.</summary>
    Active = 2,

    /// <summary>Taken out for missed duties, until it asks to return.</summary>
    Jailed = 3,

    /// <summary>On its way out: of its own will, or for good after a double vote.</summary>
    Leaving = 4,

    /// <summary>Gone, its stake paid out.</summary>
    Withdrawn = 5,
}

/// <summary>
/// A registered validator, as the state has it (VAL-1). It is a member of the sets of the epochs from
/// <see cref="From"/> up to but not including <see cref="Until"/>, unless it never came out of the queue.
/// </summary>
public sealed record Validator
{
    /// <summary>Bytes of the encoding.</summary>
    public const int Size = PublicKey.Size + 16 + 1 + 1 + (5 * 8);

    /// <summary>In place of an epoch: never.</summary>
    public const ulong Never = ulong.MaxValue;

    /// <summary>The key that signs its votes and its transactions.</summary>
    public required PublicKey Key { get; init; }

    /// <summary>Base units that it has at stake now; its voting power is that of the frozen sets.</summary>
    public required UInt128 Stake { get; init; }

    /// <summary>Where it is in its life.</summary>
    public required Standing Standing { get; init; }

    /// <summary>Its place in the queue; members of a set are in this order.</summary>
    public required ulong Sequence { get; init; }

    /// <summary>While it waits, the first epoch it may be active in; then, the first it is or was active in.</summary>
    public required ulong From { get; init; }

    /// <summary>The first epoch without it, or <see cref="Never"/>.</summary>
    public ulong Until { get; init; } = Never;

    /// <summary>The first epoch in which its stake may be withdrawn, or <see cref="Never"/>.</summary>
    public ulong Withdrawable { get; init; } = Never;

    /// <summary>Whether it was punished for a double vote: it never returns.</summary>
    public bool IsSlashed { get; init; }

    /// <summary>Heights whose certificates it was missing from in all epochs that are counted to their end.</summary>
    public ulong Missed { get; init; }

    /// <summary>The address of <see cref="Key"/>.</summary>
    public Address Address => Address.Of(Key);

    /// <summary>The canonical encoding, the value of its leaf in the state.</summary>
    public byte[] Encode() => new WireWriter(Size).Key(Key).UInt128(Stake).UInt8((byte)Standing).Flag(IsSlashed)
        .UInt64(Sequence).UInt64(From).UInt64(Until).UInt64(Withdrawable).UInt64(Missed).ToArray();

    /// <summary>Reads exactly one validator.</summary>
    public static Validator? TryDecode(ReadOnlySpan<byte> bytes, out WireFault fault)
    {
        var reader = new WireReader(bytes);
        var key = reader.Key();
        var stake = reader.UInt128();
        var standing = (Standing)reader.UInt8();
        var isSlashed = reader.Flag();
        var read = new Validator
        {
            Key = key,
            Stake = stake,
            Standing = standing,
            IsSlashed = isSlashed,
            Sequence = reader.UInt64(),
            From = reader.UInt64(),
            Until = reader.UInt64(),
            Withdrawable = reader.UInt64(),
            Missed = reader.UInt64(),
        };
        if (standing is < Standing.Waiting or > Standing.Withdrawn)
        {
            reader.Fail(WireFault.UnknownTag);
        }

        var isWhole = reader.End();
        fault = reader.Fault;
        return isWhole ? read : null;
    }
}
