using System.Collections.Immutable;
using System.Runtime.InteropServices;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Voting;

/// <summary>Who signed a ballot, and the signature.</summary>
public readonly record struct SignedBy(Address Validator, Signature Signature)
{
    /// <summary>Bytes of the encoding.</summary>
    public const int Size = Address.Size + Signature.Size;
}

/// <summary>
/// Votes that came one after the other and say the same: the ballot once, and its signers. Most votes that travel or are stored
/// together are of few ballots, so this is what they are counted and stored as.
/// </summary>
public sealed class VoteRun(Ballot ballot, ImmutableArray<SignedBy> signers)
{
    /// <summary>What all of them say.</summary>
    public Ballot Ballot { get; } = ballot;

    /// <summary>Who says it, in the order in which they came.</summary>
    public ImmutableArray<SignedBy> Signers { get; } = signers;

    /// <summary>The votes, one by one.</summary>
    public IEnumerable<Vote> Votes => Signers.Select(signer => new Vote(Ballot, signer.Validator, signer.Signature));

    /// <summary>Bytes of the encoding.</summary>
    public int EncodedSize => Ballot.Size + 4 + (Signers.Length * SignedBy.Size);

    /// <summary>Votes in runs; their order stays.</summary>
    public static ImmutableArray<VoteRun> Of(IEnumerable<Vote> votes)
    {
        var runs = ImmutableArray.CreateBuilder<VoteRun>();
        var signers = ImmutableArray.CreateBuilder<SignedBy>();
        Ballot ballot = default;
        foreach (var vote in votes)
        {
            if (signers.Count > 0 && vote.Ballot != ballot)
            {
                runs.Add(new VoteRun(ballot, signers.ToImmutable()));
                signers.Clear();
            }

            ballot = vote.Ballot;
            signers.Add(new SignedBy(vote.Validator, vote.Signature));
        }

        if (signers.Count > 0)
        {
            runs.Add(new VoteRun(ballot, signers.ToImmutable()));
        }

        return runs.ToImmutable();
    }

    /// <summary>Writes the encoding: the ballot, the number of signers, and each.</summary>
    public void Write(WireWriter writer)
    {
        Ballot.Write(writer).UInt32((uint)Signers.Length);
        foreach (ref readonly var signer in Signers.AsSpan())
        {
            writer.Address(signer.Validator).Signature(signer.Signature);
        }
    }

    /// <summary>Reads a run; a ballot that nobody may sign is a fault, and so are more signers than there are bytes.</summary>
    public static VoteRun Read(ref WireReader reader)
    {
        var ballot = Ballot.Read(ref reader);
        var signers = new SignedBy[reader.Count(int.MaxValue, SignedBy.Size)];
        for (var i = 0; i < signers.Length; i++)
        {
            signers[i] = new SignedBy(reader.Address(), reader.Signature());
        }

        return new VoteRun(ballot, ImmutableCollectionsMarshal.AsImmutableArray(signers));
    }
}
