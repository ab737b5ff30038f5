using LuxTensor.Core.Blocks;
using LuxTensor.Core.ForkChoice;

namespace LuxTensor.Core.Consensus;

/// <summary>How blocks enter the tree (FRK-6 to FRK-8): at the height being decided as proposals, above it as blocks that run ahead.</summary>
public static class Admission
{
    /// <summary>Takes a proposal whose signatures were verified.</summary>
    internal static void Take(Turn turn, Proposal proposal, PeerId from)
    {
        if (proposal.Block.Certificate is { } certificate && certificate.Height >= turn.State.Height)
        {
            Decision.TakeFinality(turn, certificate, from, formedHere: false); // the proposer knows more than this node
        }

        TakeBlock(turn, proposal.Block, from); // whatever its time and round are, where a quorum stands for it
        var state = turn.State;
        var height = proposal.Block.Height;
        if (height < state.Height || height > Horizon(state))
        {
            return;
        }

        if (BlockValidity.CheckClock(proposal.Block.Header, state.Rules, turn.Now) is { } early)
        {
            turn.Emit(new ChainEffect.Refused(from, early));
            return;
        }

        if (height == state.Height)
        {
            TakeCurrent(turn, proposal, from);
        }
        else
        {
            TakeAhead(turn, proposal, from);
        }
    }

    /// <summary>
    /// FRK-6: the highest block worth keeping. At least one above the height being decided, so that a node one
    /// certificate behind the proposer loses no proposal; and none of an epoch whose set no final block has fixed, because
    /// its proposer could not be known.
    /// </summary>
    public static ulong Horizon(ChainState state) =>
        ulong.Min(state.Tree.Root.Height + ulong.Max(state.Rules.RunAhead, 2), LastVerifiable(state));

    /// <summary>EPO-4: the last height of the last epoch whose set a final block has fixed: nothing above it can be verified.</summary>
    public static ulong LastVerifiable(ChainState state) => ((state.Epochs.Newest.Epoch + 1) * state.Rules.EpochLength) - 1;

    /// <summary>
    /// FRK-8: takes a block without its proposer's signature, because a certificate of it is here. Nothing else speaks for such a
    /// block: whoever asks for a block could else be given one that nobody proposed, of any time, in an honest proposer's name.
    /// </summary>
    internal static void TakeBlock(Turn turn, Block block, PeerId from)
    {
        var state = turn.State;
        var isWanted = (block.Hash == state.Awaited?.BlockHash || block.Hash == state.Prepared?.BlockHash) && state.Tree.Find(block.Hash) is null;
        if (isWanted && block.Height >= state.Height && Add(turn, block, from))
        {
            Production.Propose(turn); // a proposer may have waited for the prepared block
            Rounds.Evaluate(turn);
        }
    }

    /// <summary>FRK-7: asks once more for the lowest block that is missing below those that wait.</summary>
    internal static void SeekParent(Turn turn)
    {
        if (!turn.State.Orphans.IsEmpty)
        {
            var lowest = turn.State.Orphans.Values.MinBy(orphan => orphan.Block.Height)!;
            turn.Emit(new ChainEffect.FetchBlock(lowest.Block.Header.Parent, PeerId.Self));
        }
    }

    /// <summary>Replaces the tree; tells when the head moved and times the block that would run ahead of it.</summary>
    internal static void ChangeTree(Turn turn, BlockTree tree)
    {
        var before = turn.State.Tree;
        turn.State = turn.State with { Tree = tree };
        if (before.Head.Hash != tree.Head.Hash)
        {
            turn.Emit(new ChainEffect.HeadMoved(Reorganisation.Between(before, tree)));
            Production.TimeAhead(turn);
        }
    }

    private static void TakeCurrent(Turn turn, Proposal proposal, PeerId from)
    {
        var round = proposal.Round;
        if (!Rounds.IsNear(turn.State, round) || turn.State.Proposals.ContainsKey(round))
        {
            return;
        }

        if (!Add(turn, proposal.Block, from))
        {
            Rounds.Reject(turn, round);
            return;
        }

        if (turn.State.Height != proposal.Block.Height)
        {
            return; // the block was the one awaited, and is final now
        }

        turn.State = turn.State with { Proposals = turn.State.Proposals.Add(round, proposal.Vote) };
        if (proposal.Prepared is { } prepared)
        {
            Rounds.TakePrepared(turn, prepared, from, formedHere: false);
        }

        Rounds.Evaluate(turn);
    }

    /// <summary>
    /// FRK-6, FRK-7: a block ahead is kept when its parent is held, it is the first of its (height, round), and its time leaves
    /// all earlier rounds their timeouts, so their number is bounded by time.
    /// </summary>
    private static void TakeAhead(Turn turn, Proposal proposal, PeerId from)
    {
        var state = turn.State;
        var header = proposal.Block.Header;
        var slot = (header.Height, header.Round);
        if (state.AheadProposals.ContainsKey(slot) || proposal.Round != header.Round)
        {
            return;
        }

        if (state.Tree.Find(header.Parent) is not { } parent)
        {
            Hold(turn, proposal, from);
            return;
        }

        if (header.Time < Production.EarliestAhead(state.Rules, parent.Block.Header.Time, header.Round) || !Add(turn, proposal.Block, from))
        {
            return;
        }

        if (turn.State.Height < header.Height)
        {
            turn.State = turn.State with { AheadProposals = turn.State.AheadProposals.Add(slot, proposal.Vote) };
        }
    }

    /// <summary>FRK-7: keeps a block until its parent is here, and asks for that.</summary>
    private static void Hold(Turn turn, Proposal orphan, PeerId from)
    {
        var parent = orphan.Block.Header.Parent;
        if (turn.State.Orphans.Count < ChainState.MaxOrphans && !turn.State.Orphans.ContainsKey(parent))
        {
            turn.State = turn.State with { Orphans = turn.State.Orphans.Add(parent, orphan) };
            turn.Emit(new ChainEffect.FetchBlock(parent, from));
        }
    }

    /// <summary>Executes a block and adds it to the tree, then whatever waited for it. True where the tree held or holds it.</summary>
    private static bool Add(Turn turn, Block block, PeerId from)
    {
        var state = turn.State;
        if (state.Tree.Find(block.Hash) is null)
        {
            if (state.Tree.Find(block.Header.Parent) is not { } parent)
            {
                return false;
            }

            if (BlockValidity.Check(parent, block, state.Rules, out var node) is { } why)
            {
                turn.Emit(new ChainEffect.Refused(from, why));
                return false;
            }

            var tree = state.Tree.Add(node!);
            if (state.Prepared is { } prepared && prepared.BlockHash == block.Hash)
            {
                tree = tree.MarkPrepared(block.Hash, prepared.Ballot.Round);
            }

            if (tree.Find(block.Hash) is null)
            {
                return false;
            }

            ChangeTree(turn, tree);
        }

        if (turn.State.Awaited is { } awaited && awaited.BlockHash == block.Hash)
        {
            Decision.TakeFinality(turn, awaited, from, formedHere: false);
        }

        if (turn.State.Orphans.TryGetValue(block.Hash, out var orphan))
        {
            turn.State = turn.State with { Orphans = turn.State.Orphans.Remove(block.Hash) };
            Take(turn, orphan, from);
        }

        return true;
    }
}
