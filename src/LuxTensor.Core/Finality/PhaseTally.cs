using System.Collections.Immutable;
using System.Runtime.InteropServices;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Finality;

/// <summary>
/// The counted votes of one (round, phase): one a validator. Immutable. Memory: a signature and a number a validator, because
/// what verified votes of one height, round and phase say differs in the block alone.
/// </summary>
public sealed class PhaseTally
{
    private readonly EpochSnapshot set;
    private readonly ChunkedArray<Entry> entries;
    private readonly Ballot form; // of the first vote; all others have its chain, epoch, height, round and phase

    private PhaseTally(EpochSnapshot set, ChunkedArray<Entry> entries, Ballot form, ImmutableArray<(Hash256 Block, UInt128 Stake)> stakes, UInt128 total)
    {
        (this.set, this.entries, this.form) = (set, entries, form);
        Stakes = stakes;
        Total = total;
    }

    /// <summary>Stake by value voted for, in order of first vote; nil is the zero hash.</summary>
    public ImmutableArray<(Hash256 Block, UInt128 Stake)> Stakes { get; }

    /// <summary>Stake that voted in this phase, for whatever value.</summary>
    public UInt128 Total { get; }

    /// <summary>The counted votes, by index.</summary>
    public IEnumerable<Vote> Votes => Enumerable.Range(0, set.Validators.Length).Select(index => this[index]).OfType<Vote>();

    /// <summary>A tally with no vote.</summary>
    public static PhaseTally Empty(EpochSnapshot set) => new(set, ChunkedArray<Entry>.Empty(set.Validators.Length), default, [], 0);

    /// <summary>The counted vote of the validator with this index, or null.</summary>
    public Vote? this[int index] => entries[index] is { Value: > 0 } entry
        ? new Vote(BallotFor(Stakes[entry.Value - 1].Block), set.Validators[index].Address, entry.Signature)
        : null;

    /// <summary>What the validator with this index voted for, or null.</summary>
    public Ballot? BallotOf(int index) => entries[index].Value is > 0 and var value ? BallotFor(Stakes[value - 1].Block) : null;

    /// <summary>What a vote for a block says; of a tally with votes.</summary>
    public Ballot BallotFor(Hash256 block) => form with { BlockHash = block };

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
    public PhaseTally Add(int index, Vote vote)
    {
        var draft = new Draft(this);
        var value = draft.ValueOf(vote.Ballot.BlockHash) is > 0 and var there ? there : draft.Begin(vote.Ballot);
        draft.Add(index, value, vote.Signature, set.Validators[index].Stake);
        return draft.Freeze();
    }

    /// <summary>The certificate of all votes for a block (CRT-1).</summary>
    public Certificate CertificateFor(Hash256 block)
    {
        var signatures = ImmutableArray.CreateBuilder<Signature>();
        var bitmap = new byte[(set.Validators.Length + 7) / 8];
        var last = 0;
        for (var index = 0; index < set.Validators.Length; index++)
        {
            if (entries[index] is { Value: > 0 } entry && Stakes[entry.Value - 1].Block == block)
            {
                bitmap[index / 8] |= (byte)(1 << (index % 8));
                signatures.Add(entry.Signature);
                last = index / 8;
            }
        }

        return new Certificate(BallotFor(block), [.. bitmap.AsSpan(0, last + 1)], signatures.ToImmutable());
    }

    private readonly record struct Entry(Signature Signature, int Value); // 1 + the value's place in Stakes; 0 where nothing was counted

    /// <summary>A tally being changed. Owned by one caller.</summary>
    internal sealed class Draft(PhaseTally from)
    {
        private readonly List<(Hash256 Block, UInt128 Stake)> stakes = [.. from.Stakes];
        private ChunkedArray<Entry>.Draft entries = new(from.entries);
        private Ballot form = from.form;

        internal UInt128 Total { get; private set; } = from.Total;

        internal bool IsChanged => Total != from.Total;

        /// <summary>The value that the validator voted for, as a number; 0 where nothing of it is counted.</summary>
        internal int this[int index] => entries[index].Value;

        /// <summary>A value's number; 0 where nobody voted for it.</summary>
        internal int ValueOf(Hash256 block) => stakes.FindIndex(entry => entry.Block == block) + 1;

        /// <summary>Has a further value voted for; gives its number.</summary>
        internal int Begin(in Ballot ballot)
        {
            form = stakes.Count == 0 ? ballot : form;
            stakes.Add((ballot.BlockHash, 0));
            return stakes.Count;
        }

        /// <summary>Adds the first vote of the validator with this index; gives the stake that its value has now, and that all have.</summary>
        internal (UInt128 ForValue, UInt128 Total) Add(int index, int value, in Signature signature, UInt128 stake)
        {
            ref var behind = ref CollectionsMarshal.AsSpan(stakes)[value - 1];
            behind.Stake += stake;
            entries.Set(index, new Entry(signature, value));
            Total += stake;
            return (behind.Stake, Total);
        }

        /// <summary>The tally as it is now; it may be changed further.</summary>
        internal PhaseTally Freeze() => new(from.set, entries.Freeze(), form, [.. stakes], Total);
    }
}
