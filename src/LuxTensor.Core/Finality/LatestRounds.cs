namespace LuxTensor.Core.Finality;

/// <summary>The latest round in which each validator of an epoch was seen, by index. Immutable; memory: 4 bytes a validator.</summary>
public sealed class LatestRounds
{
    private readonly ChunkedArray<uint> rounds;
    private readonly int validators;

    private LatestRounds(ChunkedArray<uint> rounds, int validators, int count) => (this.rounds, this.validators, Count) = (rounds, validators, count);

    /// <summary>How many were seen above round 0.</summary>
    public int Count { get; }

    /// <summary>Those seen above round 0, by index.</summary>
    public IEnumerable<(int Index, uint Round)> Seen => Enumerable.Range(0, validators).Select(index => (index, rounds[index])).Where(static entry => entry.Item2 > 0);

    /// <summary>The latest round of the validator with this index; 0 where it was not seen above it.</summary>
    public uint this[int index] => rounds[index];

    /// <summary>Nobody was seen above round 0.</summary>
    public static LatestRounds None(int validators) => new(ChunkedArray<uint>.Empty(validators), validators, 0);

    /// <summary>A copy being changed.</summary>
    internal struct Draft(LatestRounds from)
    {
        private ChunkedArray<uint>.Draft rounds = new(from.rounds);
        private int count = from.Count;

        internal readonly uint this[int index] => rounds[index];

        internal void Set(int index, uint round)
        {
            count += rounds[index] == 0 ? 1 : 0;
            rounds.Set(index, round);
        }

        internal LatestRounds Freeze() => new(rounds.Freeze(), from.validators, count);
    }
}
