using System.Collections.Frozen;
using System.Collections.Immutable;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Validators;

/// <summary>An active validator of an epoch: key and voting power, base units.</summary>
public sealed record EpochValidator(Address Address, PublicKey Key, UInt128 Stake)
{
    /// <summary>Bytes of the encoding that the set's Merkle tree covers.</summary>
    public const int Size = PublicKey.Size + 16;
}

/// <summary>
/// The validators and voting power of one epoch, frozen for all of it (EPO-2). Order is the set's own and gives each
/// validator its index in certificates. Built once an epoch and shared; every lookup is O(1), the draw O(log n).
/// </summary>
public sealed class EpochSnapshot
{
    private readonly FrozenDictionary<Address, int> indexes;
    private readonly UInt128[] cumulative; // cumulative[i] = stake of validators 0..i

    /// <summary>Builds the snapshot of an epoch from an ordered, duplicate-free, non-empty set.</summary>
    /// <exception cref="ArgumentException">The set is empty, has a duplicate or a zero stake, or its stake is over 2^120.</exception>
    public EpochSnapshot(ulong epoch, ImmutableArray<EpochValidator> validators)
        : this(epoch, validators, Index(validators), Accumulate(validators), HashOf(validators))
    {
    }

    private EpochSnapshot(
        ulong epoch, ImmutableArray<EpochValidator> validators, FrozenDictionary<Address, int> indexes, UInt128[] cumulative, Hash256 hash)
    {
        Epoch = epoch;
        Validators = validators;
        this.indexes = indexes;
        this.cumulative = cumulative;
        Hash = hash;
    }

    /// <summary>The epoch's number.</summary>
    public ulong Epoch { get; }

    /// <summary>The validators, by index.</summary>
    public ImmutableArray<EpochValidator> Validators { get; }

    /// <summary>Merkle root over the validators in order; what headers carry.</summary>
    public Hash256 Hash { get; }

    /// <summary>Sum of the stake.</summary>
    public UInt128 TotalStake => cumulative[^1];

    /// <summary>The same set for another epoch; shares everything.</summary>
    public EpochSnapshot For(ulong epoch) => epoch == Epoch ? this : new EpochSnapshot(epoch, Validators, indexes, cumulative, Hash);

    /// <summary>The validator's index, or -1 where it is not active in this epoch.</summary>
    public int IndexOf(Address validator) => indexes.TryGetValue(validator, out var index) ? index : -1;

    /// <summary>
    /// The proposer of (height, round), drawn by stake: the validator that owns the base unit whose number is
    /// SHA-256(domain, set hash, height, round), read as a 128-bit integer, modulo the total stake (EPO-3).
    /// The modulo favours no base unit by more than total / 2^128 ≤ 2^-8 of its share, and a token-sized total by 2^-60.
    /// </summary>
    public EpochValidator ProposerOf(ulong height, uint round)
    {
        var seed = Sha256.Hash(new WireWriter(80).Bytes("LuxTensor/draw/1"u8).Hash(Hash).UInt64(height).UInt32(round).Written);
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        seed.CopyTo(bytes);
        var ticket = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes) % TotalStake;
        var at = Array.BinarySearch(cumulative, ticket);
        return Validators[at >= 0 ? at + 1 : ~at]; // a ticket equal to a running sum belongs to the next validator
    }

    /// <summary>The members in order, key ‖ stake each: with the epoch, all that there is to a snapshot.</summary>
    public byte[] EncodeMembers()
    {
        var writer = new WireWriter(Validators.Length * EpochValidator.Size);
        foreach (var validator in Validators)
        {
            writer.Key(validator.Key).UInt128(validator.Stake);
        }

        return writer.ToArray();
    }

    /// <summary>The snapshot of an epoch with these members; null where they are no set (EPO-2).</summary>
    public static EpochSnapshot? TryDecode(ulong epoch, ReadOnlySpan<byte> members)
    {
        var reader = new WireReader(members);
        var validators = ImmutableArray.CreateBuilder<EpochValidator>();
        while (reader.Remaining > 0 && reader.Fault == WireFault.None && validators.Count < WireLimits.MaxValidators)
        {
            var key = reader.Key();
            validators.Add(new EpochValidator(Address.Of(key), key, reader.UInt128()));
        }

        try
        {
            return reader.End() ? new EpochSnapshot(epoch, validators.ToImmutable()) : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static FrozenDictionary<Address, int> Index(ImmutableArray<EpochValidator> validators)
    {
        if (validators.IsDefaultOrEmpty)
        {
            throw new ArgumentException("an epoch needs at least one validator", nameof(validators));
        }

        var byAddress = new Dictionary<Address, int>(validators.Length);
        for (var i = 0; i < validators.Length; i++)
        {
            if (!byAddress.TryAdd(validators[i].Address, i))
            {
                throw new ArgumentException($"validator {validators[i].Address} is in the set twice", nameof(validators));
            }
        }

        return byAddress.ToFrozenDictionary(); // of pairs it would keep the last duplicate and say nothing
    }

    private static UInt128[] Accumulate(ImmutableArray<EpochValidator> validators)
    {
        var sums = new UInt128[validators.Length];
        UInt128 sum = 0;
        for (var i = 0; i < sums.Length; i++)
        {
            var stake = validators[i].Stake;
            if (stake == 0 || stake > Quorum.MaxTotalStake || (sum += stake) > Quorum.MaxTotalStake)
            {
                throw new ArgumentException(
                    $"validator {validators[i].Address} has a stake of {stake}: each must be over 0 and all together at most 2^120", nameof(validators));
            }

            sums[i] = sum;
        }

        return sums;
    }

    private static Hash256 HashOf(ImmutableArray<EpochValidator> validators) => MerkleTree.Root(LeavesOf(validators));

    /// <summary>The Merkle leaves of a set in order: key ‖ stake each.</summary>
    public static Hash256[] LeavesOf(ImmutableArray<EpochValidator> validators)
    {
        var leaves = new Hash256[validators.Length];
        for (var i = 0; i < leaves.Length; i++)
        {
            var bytes = new WireWriter(EpochValidator.Size).Key(validators[i].Key).UInt128(validators[i].Stake);
            leaves[i] = MerkleTree.LeafHash(bytes.Written);
        }

        return leaves;
    }
}
