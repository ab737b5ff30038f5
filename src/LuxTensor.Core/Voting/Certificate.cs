using System.Collections.Immutable;
using System.Numerics;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Voting;

/// <summary>
/// A quorum's votes for one block (CRT-1): the ballot they all signed, which validators of the epoch signed it, and their
/// signatures in index order. Of prepares it lets validators lock; of precommits it makes the block final.
/// </summary>
public sealed class Certificate
{
    private object? hash; // boxed: a reference is published whole, 32 bytes are not

    /// <summary>Joins a ballot, the signers' bitmap (bit i of byte i/8, least significant first) and their signatures in index order.</summary>
    public Certificate(Ballot ballot, ImmutableArray<byte> signers, ImmutableArray<Signature> signatures)
    {
        Ballot = ballot;
        Signers = signers;
        Signatures = signatures;
    }

    /// <summary>What was signed; never nil.</summary>
    public Ballot Ballot { get; }

    /// <summary>Bit i of byte i/8, least significant first: validator i of the epoch signed.</summary>
    public ImmutableArray<byte> Signers { get; }

    /// <summary>The signatures, in order of index.</summary>
    public ImmutableArray<Signature> Signatures { get; }

    /// <summary>The height it is about.</summary>
    public ulong Height => Ballot.Height;

    /// <summary>The block it is about.</summary>
    public Hash256 BlockHash => Ballot.BlockHash;

    /// <summary>SHA-256 of the encoding; headers carry it.</summary>
    public Hash256 Hash => (Hash256)(hash ??= ComputeHash());

    /// <summary>Whether the validator with this index signed.</summary>
    public bool HasSigned(int index) => index >= 0 && index / 8 < Signers.Length && (Signers[index / 8] & (1 << (index % 8))) != 0;

    /// <summary>Who signed, by index, and the signature, in order of index; of a certificate with one signature a bit.</summary>
    public IEnumerable<(int Index, Signature Signature)> Signed
    {
        get
        {
            var at = 0;
            for (var index = 0; index < Signers.Length * 8; index++)
            {
                if (HasSigned(index))
                {
                    yield return (index, Signatures[at++]);
                }
            }
        }
    }

    /// <summary>Bytes of the encoding where all of that many validators signed.</summary>
    public static int MaxBytes(int validators) =>
        8 + 8 + 8 + 4 + 1 + Hash256.Size + 4 + ((validators + 7) / 8) + (validators * Signature.Size);

    /// <summary>Writes the canonical encoding.</summary>
    public void Write(WireWriter writer)
    {
        writer.UInt64(Ballot.ChainId).UInt64(Ballot.Epoch).UInt64(Ballot.Height).UInt32(Ballot.Round)
            .UInt8((byte)Ballot.Phase).Hash(Ballot.BlockHash).LengthPrefixed(Signers.AsSpan());
        foreach (var signature in Signatures)
        {
            writer.Signature(signature);
        }
    }

    /// <summary>The same with more signers, by index; those who signed already are passed over. Nothing is verified here.</summary>
    public Certificate With(IEnumerable<(int Index, Signature Signature)> more)
    {
        var all = new SortedDictionary<int, Signature>();
        foreach (var (index, signature) in Signed.Concat(more))
        {
            all.TryAdd(index, signature);
        }

        if (all.Count == Signatures.Length)
        {
            return this;
        }

        var bitmap = new byte[(all.Keys.Last() / 8) + 1];
        foreach (var index in all.Keys)
        {
            bitmap[index / 8] |= (byte)(1 << (index % 8));
        }

        return new Certificate(Ballot, [.. bitmap], [.. all.Values]);
    }

    private Hash256 ComputeHash()
    {
        var writer = new WireWriter();
        Write(writer);
        return Sha256.Hash(writer.Written);
    }

    /// <summary>
    /// Reads a certificate of a set of at most <see cref="WireLimits.MaxValidators"/>. The bitmap ends with a non-zero byte
    /// and the signatures are as many as its bits, so each certificate has one encoding.
    /// </summary>
    public static Certificate Read(ref WireReader reader)
    {
        var ballot = new Ballot(reader.UInt64(), reader.UInt64(), reader.UInt64(), reader.UInt32(), (Phase)reader.UInt8(), reader.Hash());
        if (ballot.Phase is not (Phase.Prepare or Phase.Precommit) || ballot.IsNil)
        {
            reader.Fail(WireFault.UnknownTag);
        }

        var bitmap = reader.LengthPrefixed((WireLimits.MaxValidators + 7) / 8);
        if (bitmap.IsEmpty || bitmap[^1] == 0)
        {
            reader.Fail(WireFault.NotCanonical);
            return new Certificate(ballot, [], []);
        }

        var count = 0;
        foreach (var octet in bitmap)
        {
            count += BitOperations.PopCount(octet);
        }

        if (reader.Remaining < count * Signature.Size)
        {
            reader.Fail(WireFault.Truncated);
            return new Certificate(ballot, [], []);
        }

        var signatures = ImmutableArray.CreateBuilder<Signature>(count);
        for (var i = 0; i < count; i++)
        {
            signatures.Add(reader.Signature());
        }

        return new Certificate(ballot, [.. bitmap], signatures.MoveToImmutable());
    }
}
