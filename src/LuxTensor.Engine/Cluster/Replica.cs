using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;

namespace LuxTensor.Engine.Cluster;

/// <summary>
/// A node's state in another process, kept up by replaying what the node stored: the same inputs in the same order give the
/// same state. Soft state that no journal keeps (round numbers seen from afar, peers asked in vain) stays behind. Immutable.
/// </summary>
/// <param name="State">The node's state after the commit.</param>
/// <param name="Generation">The writer whose commits these are.</param>
/// <param name="Sequence">The last commit's number.</param>
public sealed record Replica(NodeState State, ulong Generation, ulong Sequence)
{
    /// <summary>A replica that starts from what is stored.</summary>
    /// <exception cref="JournalException">The stored data is damaged.</exception>
    public static Replica From(JournalSnapshot stored, ulong generation, Genesis genesis, IReadOnlyCollection<Address> local, MempoolLimits limits)
    {
        var recovered = Recovery.Replay(stored.Contents, genesis, local, limits, countsVotes: false);
        return new Replica(recovered.Turn.State, generation, stored.Sequence);
    }

    /// <summary>
    /// Takes the next commit; gives the replica after it and what applications are told of it. The replica itself where the
    /// commit is older; null where one between is missing or another writer took over: the store has what is to be read then.
    /// </summary>
    /// <exception cref="JournalException">The commit does not fit on the state.</exception>
    public (Replica Next, ImmutableArray<Notice> Notices)? Apply(Commit commit)
    {
        if (commit.Generation < Generation || (commit.Generation == Generation && commit.Sequence <= Sequence))
        {
            return (this, []);
        }

        if (commit.Generation != Generation || commit.Sequence != Sequence + 1)
        {
            return null;
        }

        var turn = new NodeTurn(State, isReplay: true);
        var finals = new Queue<Finalization>(commit.Batch.Finalized);
        foreach (var stored in commit.Batch.Inputs)
        {
            if (InputCodec.ReadFinal(stored) is var (blocks, at))
            {
                Finalize(turn, finals, blocks, at);
            }
            else if (!InputCodec.IsCheckpoint(stored) && InputCodec.ReadAsked(stored) is null)
            {
                var (inputs, now) = InputCodec.Decode(stored, State.Chain.Rules, turn.State.Chain.Epochs, isAttested: true);
                foreach (var input in inputs)
                {
                    Routing.Step(turn, input, now);
                }
            }
        }

        if (finals.Any(final => final.Block.Height > turn.State.Final.Height))
        {
            throw new JournalException($"commit {commit.Sequence} makes block {finals.Last().Block.Height} final, its inputs only block {turn.State.Final.Height}", JournalFault.Damaged);
        }

        turn.State = turn.State with { Pool = Refill(turn.State, commit.Batch) };
        IEnumerable<Notice> notices =
        [
            .. turn.Effects.OfType<NodeEffect.Notify>().Select(effect => effect.Notice),
            .. commit.Batch.PoolAdded.Select(entry => new Notice.Pending(entry.Transaction)),
            .. commit.Batch.Evidence.Select(evidence => new Notice.Conflict(evidence)),
        ];
        return (new Replica(turn.State, Generation, commit.Sequence).Proving(commit.Proven), [.. notices]);
    }

    /// <summary>The same where a height is known to be proven: the store does not keep what is ahead of it.</summary>
    public Replica Proving(ulong height) =>
        this with { State = State with { Chain = State.Chain with { ProvenHeight = ulong.Max(height, State.Chain.ProvenHeight) } } };

    /// <summary>Final blocks that a peer sent: the next so many above the last final one.</summary>
    private static void Finalize(NodeTurn turn, Queue<Finalization> finals, int count, ulong now)
    {
        var blocks = ImmutableArray.CreateBuilder<Verified<CertifiedBlock>>();
        while (blocks.Count < count && finals.TryDequeue(out var next))
        {
            if (next.Block.Height >= turn.State.Chain.Height)
            {
                blocks.Add(Verifier.Attested(new CertifiedBlock(next.Block, next.Certificate)));
            }
        }

        Routing.Step(turn, new NodeInput.Chain(new ChainInput.FinalBlocks(blocks.ToImmutable(), PeerId.Self)), now);
    }

    private static Mempool Refill(NodeState state, JournalBatch batch)
    {
        var pool = state.Pool;
        foreach (var id in batch.PoolRemoved)
        {
            pool = pool.Without(id);
        }

        foreach (var (arrival, transaction) in batch.PoolAdded)
        {
            pool = pool.AddStored(Verifier.Attested(transaction), arrival, state.FinalLedger, state.Chain.Rules);
        }

        return pool;
    }
}
