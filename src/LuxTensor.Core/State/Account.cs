using LuxTensor.Core.Wire;

namespace LuxTensor.Core.State;

/// <summary>What the ledger knows of an address (EXE-1).</summary>
/// <param name="Nonce">Transactions of the account in the chain so far: the nonce of its next one.</param>
/// <param name="Balance">Spendable base units.</param>
public sealed record Account(ulong Nonce, UInt128 Balance)
{
    /// <summary>Bytes of the encoding: nonce, then balance.</summary>
    public const int Size = 8 + 16;

    /// <summary>The account of an address that the ledger never heard of.</summary>
    public static Account Empty { get; } = new(0, 0);

    /// <summary>The canonical encoding, the value of the account's leaf in the state tree.</summary>
    public byte[] Encode() => new WireWriter(Size).UInt64(Nonce).UInt128(Balance).ToArray();

    /// <summary>Reads exactly one account.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out Account account, out WireFault fault)
    {
        var reader = new WireReader(bytes);
        var read = new Account(reader.UInt64(), reader.UInt128());
        account = reader.End() ? read : Empty;
        fault = reader.Fault;
        return fault == WireFault.None;
    }
}
