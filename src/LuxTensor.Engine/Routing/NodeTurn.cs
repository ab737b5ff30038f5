using System.Collections.Immutable;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Engine;

/// <summary>
/// One turn of a node: the state as steps change it, what is to be stored, and the effects that may leave afterwards.
/// A host runs any number of steps in one turn and stores them in one transaction.
/// </summary>
/// <param name="state">The state before the turn.</param>
/// <param name="isReplay">Whether the inputs come from the journal: nothing is built anew, and what the journal holds is not stored again.</param>
public sealed class NodeTurn(NodeState state, bool isReplay = false)
{
    private readonly ImmutableArray<JournalInput>.Builder inputs = ImmutableArray.CreateBuilder<JournalInput>();
    private readonly ImmutableArray<Finalization>.Builder finalized = ImmutableArray.CreateBuilder<Finalization>();
    private readonly Dictionary<Hash256, PoolEntry> poolAdded = [];
    private readonly HashSet<Hash256> poolRemoved = []; // stored before this turn
    private readonly ImmutableArray<Evidence>.Builder evidence = ImmutableArray.CreateBuilder<Evidence>();
    private readonly ImmutableArray<MissedDuty>.Builder missed = ImmutableArray.CreateBuilder<MissedDuty>();
    private readonly List<NodeEffect> effects = [];
    private (ulong Height, ulong Now, List<Vote> Votes)? run; // counted one after the other: stored as one input, behind all others

    /// <summary>The state after the steps so far.</summary>
    public NodeState State { get; internal set; } = state;

    /// <summary>The effects so far, in order.</summary>
    public IReadOnlyList<NodeEffect> Effects => effects;

    /// <summary>What to store before any effect leaves.</summary>
    public JournalBatch ToBatch()
    {
        EndRun();
        return new JournalBatch
        {
            Inputs = inputs.ToImmutable(),
            Finalized = finalized.ToImmutable(),
            PoolAdded = [.. poolAdded.Values.OrderBy(entry => entry.Arrival)],
            PoolRemoved = [.. poolRemoved.Order()],
            Evidence = evidence.ToImmutable(),
            Missed = missed.ToImmutable(),
            KeepFrom = KeepFrom,
        };
    }

    internal ulong KeepFrom { get; set; }

    internal bool IsReplay => isReplay;

    /// <summary>Whether the current step takes final blocks from a peer.</summary>
    internal bool IsCatchingUp { get; set; }

    /// <summary>What the current step means for the machine that catches up.</summary>
    internal Queue<SyncInput> ForSync { get; } = new();

    /// <summary>Inputs that are to be stored, each vote of a run for itself.</summary>
    internal int InputCount { get; private set; }

    /// <summary>Where the next input will be stored.</summary>
    internal int Place => inputs.Count + (run is null ? 0 : 1);

    internal int FinalizedCount => finalized.Count;

    internal void Emit(NodeEffect effect) => effects.Add(effect);

    internal void Store(JournalInput input) => StoreAt(Place, input);

    internal void StoreAt(int place, JournalInput input)
    {
        if (!isReplay)
        {
            EndRun();
            inputs.Insert(place, input);
            InputCount++;
        }
    }

    /// <summary>Stores a vote that was counted: with those before it, where nothing came between them and nothing followed from it.</summary>
    internal void StoreAt(int place, Vote vote, ulong now)
    {
        if (isReplay)
        {
            return;
        }

        if (place < Place)
        {
            StoreAt(place, InputCodec.Encode([vote], now));
            return;
        }

        if (run is not var (height, at, _) || (height, at) != (vote.Ballot.Height, now))
        {
            EndRun();
            run = (vote.Ballot.Height, now, []);
        }

        run!.Value.Votes.Add(vote);
        InputCount++;
    }

    internal void Store(Finalization block) => finalized.Add(block);

    internal void Store(PoolEntry entry) => poolAdded.Add(entry.Transaction.Id, entry);

    internal void Remove(Hash256 pooled)
    {
        if (!poolAdded.Remove(pooled))
        {
            poolRemoved.Add(pooled);
        }
    }

    private void EndRun()
    {
        if (run is var (_, now, votes))
        {
            inputs.Add(InputCodec.Encode(votes, now));
            run = null;
        }
    }

    internal void Store(MissedDuty duty)
    {
        if (!isReplay)
        {
            missed.Add(duty);
        }
    }

    internal void Store(Evidence conflict)
    {
        if (!isReplay)
        {
            evidence.Add(conflict);
        }
    }
}
