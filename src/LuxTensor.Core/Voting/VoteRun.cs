using System.Collections.Immutable;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Voting;

/// <summary>
/// Votes that came one after the other and say the same: the ballot once, and its signers, in the order in which they came. Most votes
/// that travel or are stored together are of few ballots, so this is what they travel, are counted and are stored as. The signers stay
/// as they are encoded: a vote is decoded where it is counted, and nothing is encoded again.
/// </summary>
public sealed class VoteRun
{
    /// <summary>Bytes of who signed and the signature.</summary>
    public const int SignerSize = Address.Size + Signature.Size;

    /// <summary>Bytes before the signers: the ballot and how many there are.</summary>
    public const int HeaderSize = Ballot.Size + 4;

    private readonly ReadOnlyMemory<byte> signers;

    private VoteRun(Ballot ballot, ReadOnlyMemory<byte> signers) => (Ballot, this.signers) = (ballot, signers);

    /// <summary>What all of them say.</summary>
    public Ballot Ballot { get; }

    /// <summary>How many say it.</summary>
    public int Count => signers.Length / SignerSize;

    /// <summary>The votes, one by one.</summary>
    public IEnumerable<Vote> Votes => Enumerable.Range(0, Count).Select(index => new Vote(Ballot, ValidatorAt(index), SignatureAt(index)));

    /// <summary>Bytes of the encoding.</summary>
    public int EncodedSize => HeaderSize + signers.Length;

    /// <summary>Votes in runs; their order stays.</summary>
    public static ImmutableArray<VoteRun> Of(IEnumerable<Vote> votes)
    {
        var runs = ImmutableArray.CreateBuilder<VoteRun>();
        var signers = new WireWriter(SignerSize);
        Ballot ballot = default;
        foreach (var vote in votes)
        {
            if (signers.Length > 0 && vote.Ballot != ballot)
            {
                runs.Add(new VoteRun(ballot, signers.ToArray()));
                signers = new WireWriter(SignerSize);
            }

            ballot = vote.Ballot;
            signers.Address(vote.Validator).Signature(vote.Signature);
        }

        if (signers.Length > 0)
        {
            runs.Add(new VoteRun(ballot, signers.ToArray()));
        }

        return runs.ToImmutable();
    }

    /// <summary>Several runs, one after the other.</summary>
    public static byte[] Encode(IReadOnlyCollection<VoteRun> runs)
    {
        var writer = new WireWriter(runs.Sum(static run => run.EncodedSize));
        WriteAll(runs, writer);
        return writer.ToArray();
    }

    /// <summary>Writes several runs, one after the other.</summary>
    public static void WriteAll(IReadOnlyCollection<VoteRun> runs, WireWriter writer)
    {
        foreach (var run in runs)
        {
            run.Write(writer);
        }
    }

    /// <summary>
    /// Reads what <see cref="Encode"/> wrote; false where the bytes are something else: a ballot that nobody may sign, or more signers than
    /// bytes. The runs keep parts of the bytes, which must not change any more.
    /// </summary>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, out ImmutableArray<VoteRun> runs)
    {
        var reader = new WireReader(bytes.Span);
        var read = ImmutableArray.CreateBuilder<VoteRun>();
        while (reader.Remaining > 0)
        {
            var ballot = Ballot.Read(ref reader);
            var size = reader.Count(int.MaxValue / SignerSize, SignerSize) * SignerSize;
            read.Add(new VoteRun(ballot, bytes.Slice(bytes.Length - reader.Remaining, size)));
            reader.Bytes(size);
        }

        runs = read.ToImmutable();
        return reader.End();
    }

    /// <summary>The votes from one place up to, and without, another.</summary>
    public VoteRun Slice(int from, int to) => new(Ballot, signers[(from * SignerSize)..(to * SignerSize)]);

    /// <summary>Who is the signer with this place.</summary>
    internal Address ValidatorAt(int index) => new(signers.Span.Slice(index * SignerSize, Address.Size));

    /// <summary>The signature of the signer with this place.</summary>
    internal Signature SignatureAt(int index) => new(signers.Span.Slice((index * SignerSize) + Address.Size, Signature.Size));

    /// <summary>Writes the encoding: the ballot, the number of signers, and each.</summary>
    public void Write(WireWriter writer) => Ballot.Write(writer).UInt32((uint)Count).Bytes(signers.Span);
}
