using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Voting;

/// <summary>The phases of a round (FIN-1). Only the first three are signed; Commit is the decided height.</summary>
public enum Phase : byte
{
    /// <summary>The proposer's signature on its block.</summary>
    Propose = 0,

    /// <summary>The first vote: the block is valid and may be locked on.</summary>
    Prepare = 1,

    /// <summary>The second vote: a quorum of prepares was seen.</summary>
    Precommit = 2,

    /// <summary>The height is decided.</summary>
    Commit = 3,
}

/// <summary>
/// What a vote says, apart from who says it. All votes of one kind sign the same bytes.
/// A zero <paramref name="BlockHash"/> is nil: no block.
/// </summary>
public readonly record struct Ballot(ulong ChainId, ulong Epoch, ulong Height, uint Round, Phase Phase, Hash256 BlockHash)
{
    /// <summary>Bytes of the signed message.</summary>
    public const int MessageSize = 77;

    /// <summary>Bytes of the encoding.</summary>
    public const int Size = 8 + 8 + 8 + 4 + 1 + Hash256.Size;

    /// <summary>Whether it is a vote for no block.</summary>
    public bool IsNil => BlockHash.IsZero;

    /// <summary>Writes the signed message (VOT-1), <see cref="MessageSize"/> bytes: domain, then the fields in order.</summary>
    public void WriteMessage(Span<byte> destination)
    {
        Domain.CopyTo(destination);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(destination[16..], ChainId);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(destination[24..], Epoch);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(destination[32..], Height);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(destination[40..], Round);
        destination[44] = (byte)Phase;
        BlockHash.CopyTo(destination[45..]);
    }

    /// <summary>Writes the canonical encoding, <see cref="Size"/> bytes.</summary>
    public WireWriter Write(WireWriter writer) =>
        writer.UInt64(ChainId).UInt64(Epoch).UInt64(Height).UInt32(Round).UInt8((byte)Phase).Hash(BlockHash);

    /// <summary>Reads a ballot; a phase other than the three signed ones, or a proposal of nil, is a fault.</summary>
    public static Ballot Read(ref WireReader reader)
    {
        var ballot = new Ballot(reader.UInt64(), reader.UInt64(), reader.UInt64(), reader.UInt32(), (Phase)reader.UInt8(), reader.Hash());
        if (ballot.Phase > Phase.Precommit || (ballot.Phase == Phase.Propose && ballot.IsNil))
        {
            reader.Fail(WireFault.UnknownTag);
        }

        return ballot;
    }

    private static ReadOnlySpan<byte> Domain => "LuxTensor/vote/1"u8;
}

/// <summary>One validator's signed ballot.</summary>
public sealed record Vote(Ballot Ballot, Address Validator, Signature Signature)
{
    /// <summary>Bytes of the encoding: the ballot, who signed it, and the signature.</summary>
    public const int Size = Ballot.Size + VoteRun.SignerSize;

    /// <summary>Writes the canonical encoding.</summary>
    public void Write(WireWriter writer) => Ballot.Write(writer).Address(Validator).Signature(Signature);

    /// <summary>Reads a vote; a ballot that nobody may sign is a fault.</summary>
    public static Vote Read(ref WireReader reader) => new(Ballot.Read(ref reader), reader.Address(), reader.Signature());
}
