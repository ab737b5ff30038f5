using LuxTensor.Core.Finality;
using LuxTensor.Core.State;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Slashing;

/// <summary>
/// Two votes of one key for one (height, round, phase) of the chain that are for different blocks, the lower hash first
/// (EVI-1). The key comes along, so that anybody can verify both signatures without knowing any validator set.
/// </summary>
public sealed record DoubleVote
{
    /// <summary>Bytes of the encoding.</summary>
    public const int Size = PublicKey.Size + 8 + 8 + 4 + 1 + (2 * (Hash256.Size + Signature.Size));

    private DoubleVote(PublicKey key, Vote first, Vote second)
    {
        Key = key;
        First = first;
        Second = second;
    }

    /// <summary>The offender's key.</summary>
    public PublicKey Key { get; }

    /// <summary>The vote for the lower hash.</summary>
    public Vote First { get; }

    /// <summary>The vote for the higher hash.</summary>
    public Vote Second { get; }

    /// <summary>The offender.</summary>
    public Address Offender => First.Validator;

    /// <summary>What was voted on twice; its block is that of <see cref="First"/>.</summary>
    public Ballot Ballot => First.Ballot;

    /// <summary>Makes one from the votes that were counted and refused; null where they are no double vote of that key.</summary>
    public static DoubleVote? Of(Evidence evidence, PublicKey key)
    {
        var (first, second) = evidence.First.Ballot.BlockHash.CompareTo(evidence.Second.Ballot.BlockHash) < 0
            ? (evidence.First, evidence.Second)
            : (evidence.Second, evidence.First);
        var isOne = first.Validator == second.Validator && first.Validator == Address.Of(key)
            && first.Ballot != second.Ballot && first.Ballot with { BlockHash = second.Ballot.BlockHash } == second.Ballot;
        return isOne ? new DoubleVote(key, first, second) : null;
    }

    /// <summary>Why no block of a height may punish it, whoever the offender is, or null (EVI-2, EVI-3).</summary>
    public TransactionRejection? CheckPlace(ulong height, ChainRules rules)
    {
        var ballot = Ballot;
        var expected = rules.EpochOf(ballot.Height);
        if (ballot.Epoch != expected)
        {
            return new TransactionRejection.WrongEvidenceEpoch(ballot.Height, expected, ballot.Epoch);
        }

        var oldest = rules.OldestPunishable(height);
        if (ballot.Epoch < oldest)
        {
            return new TransactionRejection.EvidenceTooOld(oldest, ballot.Epoch);
        }

        var limit = height + rules.RunAhead;
        return ballot.Height > limit ? new TransactionRejection.EvidenceTooEarly(limit, ballot.Height) : null;
    }

    /// <summary>Whether both signatures are the key's (EVI-1). Costs three curve operations.</summary>
    public bool Verify()
    {
        Span<byte> message = stackalloc byte[Ballot.MessageSize];
        First.Ballot.WriteMessage(message);
        if (!Ed25519.IsAdmissible(Key) || !Ed25519.Verify(Key, message, First.Signature))
        {
            return false;
        }

        Second.Ballot.WriteMessage(message);
        return Ed25519.Verify(Key, message, Second.Signature);
    }

    /// <summary>Writes the canonical encoding; the chain id is the transaction's.</summary>
    internal WireWriter Write(WireWriter writer) =>
        writer.Key(Key).UInt64(Ballot.Epoch).UInt64(Ballot.Height).UInt32(Ballot.Round).UInt8((byte)Ballot.Phase)
            .Hash(First.Ballot.BlockHash).Signature(First.Signature).Hash(Second.Ballot.BlockHash).Signature(Second.Signature);

    /// <summary>Reads one; hashes that are not in order, an unsigned phase or a proposal of nil is a fault.</summary>
    internal static DoubleVote? Read(ref WireReader reader, ulong chainId)
    {
        var key = reader.Key();
        var ballot = new Ballot(chainId, reader.UInt64(), reader.UInt64(), reader.UInt32(), (Phase)reader.UInt8(), reader.Hash());
        var validator = Address.Of(key);
        var first = new Vote(ballot, validator, reader.Signature());
        var second = new Vote(ballot with { BlockHash = reader.Hash() }, validator, reader.Signature());
        if (ballot.Phase > Phase.Precommit || (ballot.Phase == Phase.Propose && ballot.IsNil))
        {
            reader.Fail(WireFault.UnknownTag);
        }

        if (first.Ballot.BlockHash.CompareTo(second.Ballot.BlockHash) >= 0)
        {
            reader.Fail(WireFault.NotCanonical);
        }

        return reader.Fault == WireFault.None ? new DoubleVote(key, first, second) : null;
    }
}
