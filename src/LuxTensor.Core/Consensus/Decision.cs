using System.Collections.Immutable;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Voting;

namespace LuxTensor.Core.Consensus;

/// <summary>How a height ends (FIN-9, FRK-3), and how a node that is behind learns it (SYN-1) and takes final blocks (SYN-2).</summary>
internal static class Decision
{
    /// <summary>FIN-9: a quorum of precommits makes its block final, at whatever round, once the block is here.</summary>
    public static void TakeFinality(Turn turn, Certificate certificate, PeerId from, bool formedHere)
    {
        if (certificate.Height > turn.State.ProvenHeight)
        {
            turn.State = turn.State with { ProvenHeight = certificate.Height };
        }

        var state = turn.State;
        if (certificate.Height > state.Height)
        {
            turn.Emit(new ChainEffect.HeardAhead(certificate.Height - 1, from)); // whoever has only the certificate has the block below
        }

        if (certificate.Height != state.Height)
        {
            return;
        }

        if (formedHere)
        {
            turn.Emit(new ChainEffect.Broadcast(new Message.Certify(certificate)));
        }

        if (state.Tree.Find(certificate.BlockHash) is { } node)
        {
            Decide(turn, node, certificate);
            Rounds.Start(turn, 0);
        }
        else if (state.Awaited is null)
        {
            turn.State = state with { Awaited = certificate };
            turn.Emit(new ChainEffect.FetchBlock(certificate.BlockHash, from));
        }
    }

    /// <summary>SYN-2: final blocks from a peer, each with its certificate, applied while they follow on from the last final block.</summary>
    public static void TakeFinalBlocks(Turn turn, ImmutableArray<Verified<CertifiedBlock>> items, PeerId from)
    {
        var start = turn.State.Height;
        foreach (var item in items)
        {
            var state = turn.State;
            var (block, certificate) = item.Value;
            if (block.Height < state.Height)
            {
                continue;
            }

            var node = block.Height == state.Height ? state.Tree.Find(block.Hash) : null;
            if (node is null && BlockValidity.Check(state.Tree.Root, block, state.Rules, out node) is { } why)
            {
                turn.Emit(new ChainEffect.Refused(from, why));
                break;
            }

            Decide(turn, node!, certificate);
        }

        if (turn.State.Height == start)
        {
            return;
        }

        Rounds.Start(turn, 0);
    }

    /// <summary>SYN-1: a peer that says it is ahead is asked for the blocks between; what it says is believed no further.</summary>
    public static void TakeStatus(Turn turn, Message.Status said, PeerId from)
    {
        if (said.Genesis == turn.State.Genesis && said.FinalHeight >= turn.State.Height)
        {
            turn.Emit(new ChainEffect.HeardAhead(said.FinalHeight, from));
        }
    }

    /// <summary>RND-9: says again all that a node which lost messages needs to go on from where this one is.</summary>
    public static void Resend(Turn turn)
    {
        var state = turn.State;
        turn.Emit(new ChainEffect.Broadcast(
            new Message.Status(state.Genesis, state.Tree.Root.Height, state.Tree.Root.Hash, state.Round)));
        Production.Repeat(turn);
        if (state.Prepared is { } prepared)
        {
            turn.Emit(new ChainEffect.Broadcast(new Message.Certify(prepared)));
            if (state.Tree.Find(prepared.BlockHash) is null)
            {
                turn.Emit(new ChainEffect.FetchBlock(prepared.BlockHash, PeerId.Self));
            }
        }

        if (state.Round > 0)
        {
            // Whoever missed the precommits that ended the last round could neither follow nor be followed.
            turn.Emit(new ChainEffect.RepeatVotes(state.Height, state.Round - 1, Phase.Precommit));
        }

        foreach (var standing in state.Standing)
        {
            turn.Emit(new ChainEffect.Broadcast(new Message.CastVote(standing)));
        }

        if (state.Awaited is { } awaited)
        {
            turn.Emit(new ChainEffect.FetchBlock(awaited.BlockHash, PeerId.Self));
        }

        Admission.SeekParent(turn);
        turn.Time(TimerKind.Resend, 0, state.Rules.RoundTimeout);
    }

    /// <summary>FRK-3, FIN-9: the block is final; the machine is at the start of the next height, before its first round.</summary>
    private static void Decide(Turn turn, BlockNode node, Certificate certificate)
    {
        var before = turn.State;
        var tree = before.Tree.Finalize(node);
        var height = node.Height + 1;
        var voted = before.AheadProposals.Where(ahead => ahead.Key.Height == height && tree.Find(ahead.Value.Ballot.BlockHash) is not null);
        turn.State = before with
        {
            Tree = tree,
            FinalCertificate = certificate,
            Round = 0,
            Phase = Phase.Propose,
            Locked = null,
            Prepared = null,
            Awaited = null,
            Proposals = voted.ToImmutableSortedDictionary(ahead => ahead.Key.Round, ahead => ahead.Value),
            AheadProposals = before.AheadProposals.RemoveRange(before.AheadProposals.Keys.Where(slot => slot.Height <= height)),
            Orphans = before.Orphans.RemoveRange(before.Orphans.Where(orphan => orphan.Value.Block.Height <= height).Select(orphan => orphan.Key)),
            Building = before.Building.RemoveAll(own => own.Height < height || tree.Find(own.Header.Parent) is null),
        };
        turn.Emit(new ChainEffect.Finalized(node, certificate));
        if (before.Tree.Head.Hash != tree.Head.Hash)
        {
            turn.Emit(new ChainEffect.HeadMoved(Reorganisation.Between(before.Tree, tree)));
        }

        Production.TimeAhead(turn);
        turn.Time(TimerKind.Resend, 0, turn.State.Rules.RoundTimeout);
    }
}
