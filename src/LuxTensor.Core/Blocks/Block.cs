using System.Collections.Immutable;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Blocks;

/// <summary>
/// A block's header (BLK-1). Its hash, the SHA-256 of its encoding, names the block: the two roots and the
/// certificate's hash bind everything else.
/// </summary>
public sealed record BlockHeader
{
    /// <summary>Bytes of the encoding.</summary>
    public const int Size = 2 + 8 + 8 + 4 + 8 + 32 + 20 + 32 + 32 + 8 + 32 + 32 + 32;

    /// <summary>The only version so far.</summary>
    public const ushort CurrentVersion = 1;

    /// <summary>The chain.</summary>
    public required ulong ChainId { get; init; }

    /// <summary>Distance from the genesis, which has 0.</summary>
    public required ulong Height { get; init; }

    /// <summary>The round in which the block was made; the proposer is drawn for (height, round).</summary>
    public required uint Round { get; init; }

    /// <summary>Slot time, milliseconds since 1970 UTC; greater than the parent's.</summary>
    public required ulong Time { get; init; }

    /// <summary>The parent's hash.</summary>
    public required Hash256 Parent { get; init; }

    /// <summary>Who made it.</summary>
    public required Address Proposer { get; init; }

    /// <summary>Merkle root of the transaction ids in order.</summary>
    public required Hash256 TransactionsRoot { get; init; }

    /// <summary>Root of the state after this block.</summary>
    public required Hash256 StateRoot { get; init; }

    /// <summary>The epoch of the height.</summary>
    public required ulong Epoch { get; init; }

    /// <summary>Hash of this epoch's validator set.</summary>
    public required Hash256 ValidatorSetHash { get; init; }

    /// <summary>Hash of the next epoch's validator set.</summary>
    public required Hash256 NextValidatorSetHash { get; init; }

    /// <summary>Hash of the newest certificate of finality that the proposer knew; zero where only the genesis was final.</summary>
    public required Hash256 CertificateHash { get; init; }

    /// <summary>SHA-256 of the encoding; computed at each call, <see cref="Block.Hash"/> keeps it.</summary>
    public Hash256 ComputeHash()
    {
        var writer = new WireWriter(Size);
        Write(writer);
        return Sha256.Hash(writer.Written);
    }

    /// <summary>Writes the canonical encoding.</summary>
    public void Write(WireWriter writer) =>
        writer.UInt16(CurrentVersion).UInt64(ChainId).UInt64(Height).UInt32(Round).UInt64(Time).Hash(Parent).Address(Proposer)
            .Hash(TransactionsRoot).Hash(StateRoot).UInt64(Epoch).Hash(ValidatorSetHash).Hash(NextValidatorSetHash).Hash(CertificateHash);

    /// <summary>Reads a header.</summary>
    public static BlockHeader Read(ref WireReader reader)
    {
        if (reader.UInt16() != CurrentVersion)
        {
            reader.Fail(WireFault.UnknownTag);
        }

        return new BlockHeader
        {
            ChainId = reader.UInt64(),
            Height = reader.UInt64(),
            Round = reader.UInt32(),
            Time = reader.UInt64(),
            Parent = reader.Hash(),
            Proposer = reader.Address(),
            TransactionsRoot = reader.Hash(),
            StateRoot = reader.Hash(),
            Epoch = reader.UInt64(),
            ValidatorSetHash = reader.Hash(),
            NextValidatorSetHash = reader.Hash(),
            CertificateHash = reader.Hash(),
        };
    }
}

/// <summary>A header, the certificate that it names, and its transactions (BLK-2).</summary>
public sealed class Block
{
    private byte[]? encoded;

    /// <summary>Joins the parts; nothing is checked here.</summary>
    public Block(BlockHeader header, Certificate? certificate, ImmutableArray<Transaction> transactions)
    {
        Header = header;
        Hash = header.ComputeHash();
        Certificate = certificate;
        Transactions = transactions;
    }

    /// <summary>The header.</summary>
    public BlockHeader Header { get; }

    /// <summary>The newest certificate of finality that the proposer knew; of an ancestor.</summary>
    public Certificate? Certificate { get; }

    /// <summary>The transactions, in order of execution.</summary>
    public ImmutableArray<Transaction> Transactions { get; }

    /// <summary>The header's hash.</summary>
    public Hash256 Hash { get; }

    /// <summary>The header's height.</summary>
    public ulong Height => Header.Height;

    /// <summary>The canonical encoding.</summary>
    public ReadOnlyMemory<byte> Encoded
    {
        get
        {
            if (encoded is null)
            {
                var writer = new WireWriter(1024);
                Header.Write(writer);
                writer.Flag(Certificate is not null);
                Certificate?.Write(writer);
                writer.UInt32((uint)Transactions.Length);
                foreach (var transaction in Transactions)
                {
                    writer.LengthPrefixed(transaction.Encoded.Span);
                }

                encoded = writer.ToArray();
            }

            return encoded;
        }
    }

    /// <summary>The most bytes of an encoded block that are not transactions, in an epoch of that many validators.</summary>
    public static int OverheadBytes(int validators) => BlockHeader.Size + 1 + Certificate.MaxBytes(validators) + 4;

    /// <summary>Whether the transactions and the certificate are those that the header names (BLK-3).</summary>
    public bool IsWhole() =>
        Header.TransactionsRoot == RootOf(Transactions) && Header.CertificateHash == (Certificate?.Hash ?? Hash256.Zero);

    /// <summary>Merkle root of transaction ids (BLK-3).</summary>
    public static Hash256 RootOf(ImmutableArray<Transaction> transactions) => MerkleTree.Root(LeavesOf(transactions));

    /// <summary>The Merkle leaves of the transactions: the leaf hash of each id.</summary>
    public static Hash256[] LeavesOf(ImmutableArray<Transaction> transactions)
    {
        var leaves = new Hash256[transactions.Length];
        Span<byte> id = stackalloc byte[Hash256.Size];
        for (var i = 0; i < leaves.Length; i++)
        {
            transactions[i].Id.CopyTo(id);
            leaves[i] = MerkleTree.LeafHash(id);
        }

        return leaves;
    }

    /// <summary>Reads a block of at most <paramref name="maxBlockBytes"/> with transactions of at most <paramref name="maxTransactionBytes"/>.</summary>
    public static Block? Read(ref WireReader reader, int maxBlockBytes, int maxTransactionBytes)
    {
        var before = reader.Remaining;
        var header = BlockHeader.Read(ref reader);
        var certificate = reader.Flag() ? Certificate.Read(ref reader) : null;
        var count = reader.Count(maxBlockBytes / WireLimits.MinTransactionBytes, WireLimits.MinTransactionBytes);
        var transactions = ImmutableArray.CreateBuilder<Transaction>(count);
        for (var i = 0; i < count && reader.Fault == WireFault.None; i++)
        {
            var bytes = reader.LengthPrefixed(maxTransactionBytes);
            if (reader.Fault != WireFault.None)
            {
                break;
            }

            if (Transaction.TryDecode(bytes, maxTransactionBytes, out var transaction, out var fault))
            {
                transactions.Add(transaction!);
            }
            else
            {
                reader.Fail(fault);
            }
        }

        if (before - reader.Remaining > maxBlockBytes)
        {
            reader.Fail(WireFault.TooLong);
        }

        return reader.Fault == WireFault.None ? new Block(header, certificate, transactions.ToImmutable()) : null;
    }

    /// <summary>Reads exactly one block.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, int maxBlockBytes, int maxTransactionBytes, out Block? block, out WireFault fault)
    {
        var reader = new WireReader(bytes);
        if (bytes.Length > maxBlockBytes)
        {
            reader.Fail(WireFault.TooLong);
        }

        block = Read(ref reader, maxBlockBytes, maxTransactionBytes);
        if (!reader.End())
        {
            block = null;
        }

        fault = reader.Fault;
        return block is not null;
    }
}
