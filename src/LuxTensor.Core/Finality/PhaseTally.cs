using System.Collections.Immutable;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Finality;

/// <summary>
/// The counted votes of one (round, phase): one a validator. Votes sit in chunks so that adding one to the immutable
/// tally copies about 2·√n references. Memory: one vote a validator.
/// </summary>
public sealed class PhaseTally
{
    private const int ChunkSize = 64;

    private readonly Vote?[]?[] chunks;

    private PhaseTally(Vote?[]?[] chunks, ImmutableArray<(Hash256 Block, UInt128 Stake)> stakes, UInt128 total)
    {
        this.chunks = chunks;
        Stakes = stakes;
        Total = total;
    }

    /// <summary>Stake by value voted for, in order of first vote; nil is the zero hash.</summary>
    public ImmutableArray<(Hash256 Block, UInt128 Stake)> Stakes { get; }

    /// <summary>Stake that voted in this phase, for whatever value.</summary>
    public UInt128 Total { get; }

    /// <summary>The counted votes, by index.</summary>
    public IEnumerable<Vote> Votes => chunks.Where(static chunk => chunk is not null).SelectMany(static chunk => chunk!).OfType<Vote>();

    /// <summary>A tally with no vote, for a set of this size.</summary>
    public static PhaseTally Empty(int validators) => new(new Vote?[]?[(validators + ChunkSize - 1) / ChunkSize], [], 0);

    /// <summary>The counted vote of the validator with this index, or null.</summary>
    public Vote? this[int index] => chunks[index / ChunkSize]?[index % ChunkSize];

    /// <summary>The stake behind a value.</summary>
    public UInt128 StakeFor(Hash256 block)
    {
        foreach (var (value, stake) in Stakes)
        {
            if (value == block)
            {
                return stake;
            }
        }

        return 0;
    }

    /// <summary>Adds the first vote of the validator with this index.</summary>
    public PhaseTally Add(int index, Vote vote, UInt128 stake)
    {
        var copy = (Vote?[]?[])chunks.Clone();
        var chunk = copy[index / ChunkSize] is { } held ? (Vote?[])held.Clone() : new Vote?[ChunkSize];
        chunk[index % ChunkSize] = vote;
        copy[index / ChunkSize] = chunk;

        var at = 0;
        while (at < Stakes.Length && Stakes[at].Block != vote.Ballot.BlockHash)
        {
            at++;
        }

        var stakes = at == Stakes.Length
            ? Stakes.Add((vote.Ballot.BlockHash, stake))
            : Stakes.SetItem(at, (vote.Ballot.BlockHash, Stakes[at].Stake + stake));
        return new PhaseTally(copy, stakes, Total + stake);
    }

    /// <summary>The certificate of all votes for a block (CRT-1).</summary>
    public Certificate CertificateFor(Ballot ballot, EpochSnapshot set)
    {
        var signatures = ImmutableArray.CreateBuilder<Signature>();
        var bitmap = new byte[(set.Validators.Length + 7) / 8];
        var last = 0;
        for (var index = 0; index < set.Validators.Length; index++)
        {
            if (this[index] is { } vote && vote.Ballot == ballot)
            {
                bitmap[index / 8] |= (byte)(1 << (index % 8));
                signatures.Add(vote.Signature);
                last = index / 8;
            }
        }

        return new Certificate(ballot, [.. bitmap.AsSpan(0, last + 1)], signatures.ToImmutable());
    }
}
