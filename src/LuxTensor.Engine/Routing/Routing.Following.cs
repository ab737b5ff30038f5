using System.Collections.Immutable;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Voting;

namespace LuxTensor.Engine;

/// <content>What follows within the node from an effect of the chain.</content>
public static partial class Routing
{
    /// <summary>Builds from the pool. The block itself is stored as an input, so that a replay needs no pool.</summary>
    private static void Build(NodeTurn turn, ChainEffect.Build build, Queue<ChainInput> queue, ulong now)
    {
        var chain = turn.State.Chain;
        if (turn.IsReplay || chain.Tree.Find(build.Parent) is not { } parent)
        {
            return; // in a replay the block built then is the next input
        }

        // The parent's proposer may have known a later one, and no block carries an older one than its parent (BLK-7).
        var certificate = parent.Block.Certificate is { } newer && newer.Height > (chain.FinalCertificate?.Height ?? 0)
            ? newer
            : DutyWatch.WholeCertificate(turn.State);
        var room = chain.Rules.MaxBlockBytes - Block.OverheadBytes(chain.Rules.MaxActiveValidators);
        var transactions = turn.State.Pool.Select(parent.After, chain.Rules, room);
        var made = BlockValidity.Make(parent, build.Round, build.Time, build.Proposer, certificate, transactions, chain.Rules);
        var input = new ChainInput.Built(made.Block);
        turn.Store(InputCodec.Encode(new NodeInput.Chain(input), chain.Rules.ChainId, now)!.Value);
        queue.Enqueue(input);
    }

    private static void Repeat(NodeTurn turn, ChainEffect.RepeatVotes repeat)
    {
        if (!turn.State.CountsVotes)
        {
            turn.Emit(new NodeEffect.Repeat(repeat.Height, repeat.Round, repeat.Phase));
        }
        else if (turn.State.Heights.TryGetValue(repeat.Height, out var height)
            && height.Tallies.TryGetValue((repeat.Round, repeat.Phase), out var tally))
        {
            foreach (var vote in tally.Votes)
            {
                turn.Emit(new NodeEffect.Chain(new ChainEffect.Broadcast(new Message.CastVote(vote))));
            }
        }
    }

    private static void Finalize(NodeTurn turn, ChainEffect.Finalized final, ulong now)
    {
        var block = final.Node.Block;
        var votes = turn.State.Heights.GetValueOrDefault(block.Height);
        if (!turn.State.CountsVotes && !turn.IsCatchingUp)
        {
            // Those who counted them tell afterwards whose vote came and is not in the certificate.
            votes = BlockFinality.Begin(block.Height, turn.State.Chain.Epochs.Of(turn.State.Chain.Rules.EpochOf(block.Height)), turn.State.Chain.Rules.QuorumPercent);
        }

        var (pool, removed) = turn.State.Pool.AfterFinal(final.Node.After, turn.State.Chain.Rules, block.Transactions);
        turn.State = turn.State with
        {
            Pool = pool,
            Heights = turn.State.Heights.RemoveRange(turn.State.Heights.Keys.Where(height => height <= block.Height)),
        };
        var isFixed = turn.State.Chain.Rules.EndsEpoch(block.Height);
        turn.Store(new Finalization(block, final.Certificate, final.Node.Changes, isFixed ? final.Node.After.Epochs.Newest : null));
        foreach (var id in removed)
        {
            turn.Remove(id);
        }

        turn.Emit(new NodeEffect.Notify(new Notice.Finalized(block, final.Certificate)));
        DutyWatch.AfterFinal(turn, final.Node, final.Certificate, votes, now);
        Reporting.AfterFinal(turn);
    }

    /// <summary>The chain entered a round or phase: the height forgets old rounds, and tells again what it knows of this one.</summary>
    private static void EnterRound(NodeTurn turn, ChainEffect.RoundMoved moved, Queue<ChainInput> queue)
    {
        turn.Emit(new NodeEffect.Notify(new Notice.RoundMoved(moved.Height, moved.Round, moved.Phase)));
        if (!turn.State.CountsVotes)
        {
            turn.Emit(new NodeEffect.Recount(moved.Height, moved.Round));
            return;
        }

        if (moved.Phase != Phase.Propose || moved.Height != turn.State.Chain.Height
            || !turn.State.Heights.TryGetValue(moved.Height, out var height))
        {
            return;
        }

        var advanced = BlockFinality.Advance(height, moved.Round);
        turn.State = turn.State with { Heights = turn.State.Heights.SetItem(moved.Height, advanced) };
        foreach (var fact in BlockFinality.Facts(advanced))
        {
            queue.Enqueue(new ChainInput.Fact(moved.Height, fact));
        }
    }
}
