using System.Collections.Immutable;
using LuxTensor.Core.Slashing;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Transactions;

/// <summary>What a transaction does. A closed set.</summary>
public abstract record TransactionBody
{
    private TransactionBody()
    {
    }

    /// <summary>Moves <paramref name="Value"/> base units to <paramref name="To"/>.</summary>
    public sealed record Transfer(Address To, UInt128 Value) : TransactionBody;

    /// <summary>Makes the sender a validator with that many base units at stake (VAL-2).</summary>
    public sealed record Stake(UInt128 Amount) : TransactionBody;

    /// <summary>Adds base units to the sender's stake (VAL-3).</summary>
    public sealed record TopUp(UInt128 Amount) : TransactionBody;

    /// <summary>Ends the sender's time as a validator (VAL-4).</summary>
    public sealed record Exit : TransactionBody;

    /// <summary>Pays the sender's stake out after its exit (VAL-5).</summary>
    public sealed record Withdraw : TransactionBody;

    /// <summary>Lets the sender, a jailed validator, return (VAL-6).</summary>
    public sealed record Unjail : TransactionBody;

    /// <summary>Reports a double vote (EVI-1).</summary>
    public sealed record Report(DoubleVote Offence) : TransactionBody;

    /// <summary>Records opaque bytes.</summary>
    public sealed record Data(ImmutableArray<byte> Bytes) : TransactionBody;
}

/// <summary>
/// A signed transaction (TXN-1). Its <see cref="Id"/> is the SHA-256 of its whole encoding, signature included,
/// so two transactions with one id are byte for byte the same.
/// </summary>
public sealed class Transaction
{
    private const byte Version = 1;
    private const byte TransferTag = 1;
    private const byte StakeTag = 2;
    private const byte ExitTag = 3;
    private const byte UnjailTag = 4;
    private const byte ReportTag = 5;
    private const byte DataTag = 6;
    private const byte TopUpTag = 7;
    private const byte WithdrawTag = 8;

    private Transaction(
        ulong chainId, PublicKey senderKey, ulong nonce, UInt128 fee, TransactionBody body, Signature signature, ReadOnlyMemory<byte> encoded)
    {
        ChainId = chainId;
        SenderKey = senderKey;
        Sender = Address.Of(senderKey);
        Nonce = nonce;
        Fee = fee;
        Body = body;
        Signature = signature;
        Encoded = encoded;
        Id = Sha256.Hash(encoded.Span);
    }

    /// <summary>SHA-256 of <see cref="Encoded"/>.</summary>
    public Hash256 Id { get; }

    /// <summary>The chain it is for.</summary>
    public ulong ChainId { get; }

    /// <summary>The sender's key.</summary>
    public PublicKey SenderKey { get; }

    /// <summary>The address of <see cref="SenderKey"/>.</summary>
    public Address Sender { get; }

    /// <summary>How many transactions of the sender come before it.</summary>
    public ulong Nonce { get; }

    /// <summary>Base units paid for inclusion, whatever the outcome.</summary>
    public UInt128 Fee { get; }

    /// <summary>What it does.</summary>
    public TransactionBody Body { get; }

    /// <summary>The sender's signature over <see cref="SigningMessage()"/>.</summary>
    public Signature Signature { get; }

    /// <summary>The canonical encoding.</summary>
    public ReadOnlyMemory<byte> Encoded { get; }

    /// <summary>Base units that leave the sender's account beside the fee: to another, or to its stake.</summary>
    public UInt128 Value => Body switch
    {
        TransactionBody.Transfer transfer => transfer.Value,
        TransactionBody.Stake stake => stake.Amount,
        TransactionBody.TopUp more => more.Amount,
        _ => 0,
    };

    /// <summary>What the sender must be able to pay: fee and value. False where that is over 128 bits (TXN-6).</summary>
    public bool TryGetCost(out UInt128 cost)
    {
        cost = unchecked(Fee + Value);
        return cost >= Fee;
    }

    private static ReadOnlySpan<byte> Domain => "LuxTensor/tx/1\0\0"u8;

    /// <summary>What the sender signs: a domain tag and the encoding without the signature.</summary>
    public byte[] SigningMessage()
    {
        var unsigned = Encoded.Span[..^Signature.Size];
        return [.. Domain, .. unsigned];
    }

    /// <summary>Makes and signs a transaction.</summary>
    public static Transaction Sign(ulong chainId, SigningKey key, ulong nonce, UInt128 fee, TransactionBody body)
    {
        var writer = WriteUnsigned(chainId, key.PublicKey, nonce, fee, body);
        var signature = key.Sign([.. Domain, .. writer.Written]);
        return new Transaction(chainId, key.PublicKey, nonce, fee, body, signature, writer.Signature(signature).ToArray());
    }

    /// <summary>Reads exactly one transaction of at most <paramref name="limit"/> bytes. The signature is not checked.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, int limit, out Transaction? transaction, out WireFault fault)
    {
        transaction = null;
        if (bytes.Length > limit)
        {
            fault = WireFault.TooLong;
            return false;
        }

        var reader = new WireReader(bytes);
        if (reader.UInt8() != Version)
        {
            reader.Fail(WireFault.UnknownTag);
        }

        var chainId = reader.UInt64();
        var key = reader.Key();
        var nonce = reader.UInt64();
        var fee = reader.UInt128();
        var body = ReadBody(ref reader, chainId);
        var signature = reader.Signature();
        if (reader.End())
        {
            transaction = new Transaction(chainId, key, nonce, fee, body!, signature, bytes.ToArray());
        }

        fault = reader.Fault;
        return transaction is not null;
    }

    private static TransactionBody? ReadBody(ref WireReader reader, ulong chainId)
    {
        switch (reader.UInt8())
        {
            case TransferTag:
                return new TransactionBody.Transfer(reader.Address(), reader.UInt128());
            case StakeTag:
                return new TransactionBody.Stake(reader.UInt128());
            case TopUpTag:
                return new TransactionBody.TopUp(reader.UInt128());
            case ExitTag:
                return new TransactionBody.Exit();
            case WithdrawTag:
                return new TransactionBody.Withdraw();
            case UnjailTag:
                return new TransactionBody.Unjail();
            case ReportTag:
                return DoubleVote.Read(ref reader, chainId) is { } offence ? new TransactionBody.Report(offence) : null;
            case DataTag:
                return new TransactionBody.Data([.. reader.LengthPrefixed(int.MaxValue)]); // bounded by the bytes at hand
            default:
                reader.Fail(WireFault.UnknownTag);
                return null;
        }
    }

    private static WireWriter WriteUnsigned(ulong chainId, PublicKey key, ulong nonce, UInt128 fee, TransactionBody body)
    {
        var writer = new WireWriter().UInt8(Version).UInt64(chainId).Key(key).UInt64(nonce).UInt128(fee);
        return body switch
        {
            TransactionBody.Transfer transfer => writer.UInt8(TransferTag).Address(transfer.To).UInt128(transfer.Value),
            TransactionBody.Stake stake => writer.UInt8(StakeTag).UInt128(stake.Amount),
            TransactionBody.TopUp more => writer.UInt8(TopUpTag).UInt128(more.Amount),
            TransactionBody.Exit => writer.UInt8(ExitTag),
            TransactionBody.Withdraw => writer.UInt8(WithdrawTag),
            TransactionBody.Unjail => writer.UInt8(UnjailTag),
            TransactionBody.Report report => report.Offence.Write(writer.UInt8(ReportTag)),
            TransactionBody.Data data => writer.UInt8(DataTag).LengthPrefixed(data.Bytes.AsSpan()),
            _ => throw new ArgumentOutOfRangeException(nameof(body)),
        };
    }
}
