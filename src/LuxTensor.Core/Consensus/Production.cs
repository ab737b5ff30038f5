using LuxTensor.Core.Blocks;
using LuxTensor.Core.Voting;

namespace LuxTensor.Core.Consensus;

/// <summary>How own blocks are made, signed and offered (PRO-1 to PRO-4).</summary>
internal static class Production
{
    /// <summary>The earliest time of a block at the height being decided.</summary>
    public static ulong EarliestTime(ChainState state) => state.Tree.Root.Block.Header.Time + ulong.Max(state.Rules.BlockInterval, 1);

    /// <summary>FRK-6: the earliest time of a block ahead: the interval, and the timeouts of all earlier rounds of its height.</summary>
    public static ulong EarliestAhead(ChainRules rules, ulong parentTime, uint round)
    {
        var rounds = ((UInt128)rules.RoundTimeout * round) + ((UInt128)rules.RoundTimeoutStep * round * (UInt128.Max(round, 1) - 1) / 2);
        var time = parentTime + ulong.Max(rules.BlockInterval, 1) + rounds;
        return time > long.MaxValue ? long.MaxValue : (ulong)time;
    }

    /// <summary>
    /// PRO-1: the round's proposer offers the block with the highest certificate of prepares; without one, that of the
    /// chosen branch; without that, a new one as soon as the block interval has passed.
    /// </summary>
    public static void Propose(Turn turn)
    {
        var state = turn.State;
        var proposer = state.Set.ProposerOf(state.Height, state.Round).Address;
        if (state.Phase != Phase.Propose || !state.IsLocal(proposer) || state.Proposals.ContainsKey(state.Round)
            || state.Asked.Any(asked => asked.Ballot.Phase == Phase.Propose && asked.Ballot.Height == state.Height && asked.Ballot.Round == state.Round)
            || state.Building.Any(own => own.Height == state.Height && own.Header.Round == state.Round))
        {
            return;
        }

        if (state.Prepared is { } prepared)
        {
            if (state.Tree.Find(prepared.BlockHash) is not null)
            {
                Ask(turn, new ChainEffect.Sign(proposer, state.BallotFor(Phase.Propose, prepared.BlockHash)));
            }

            return;
        }

        if (state.Tree.AncestorAt(state.Tree.Head, state.Height) is { } chosen && chosen.Block.Header.Round <= state.Round)
        {
            Ask(turn, new ChainEffect.Sign(proposer, state.BallotFor(Phase.Propose, chosen.Hash)));
            return; // a new block would take back all that runs ahead
        }

        var wait = turn.UntilNextBlock(EarliestTime(state));
        if (wait > 0)
        {
            turn.Time(TimerKind.Build, state.Round, wait);
        }
        else
        {
            turn.Emit(new ChainEffect.Build(state.Tree.Root.Hash, state.Round, proposer, turn.Now));
        }
    }

    /// <summary>Says the proposal of the current round again: a node that came late never heard those that were made ahead.</summary>
    public static void Repeat(Turn turn)
    {
        var state = turn.State;
        if (state.Proposals.TryGetValue(state.Round, out var vote) && state.Tree.Find(vote.Ballot.BlockHash) is { } node)
        {
            turn.Emit(new ChainEffect.Broadcast(new Message.Propose(state.Offer(node.Block, vote))));
        }
    }

    /// <summary>FRK-6: times the block after the head, where the head is above the last final block and may be built on.</summary>
    public static void TimeAhead(Turn turn)
    {
        var state = turn.State;
        var head = state.Tree.Head;
        if (state.Ahead.Head != head.Hash)
        {
            turn.State = state with { Ahead = (head.Hash, 0) };
        }

        if (MayRunAhead(turn.State))
        {
            var earliest = EarliestAhead(state.Rules, head.Block.Header.Time, turn.State.Ahead.Round);
            turn.Emit(new ChainEffect.StartTimer(
                new TimerId(TimerKind.Ahead, head.Height + 1, turn.State.Ahead.Round), turn.Until(earliest)));
        }
    }

    /// <summary>The time of a block ahead has come: builds it where its proposer is local, and times the next round's.</summary>
    public static void BuildAhead(Turn turn, TimerId id)
    {
        var state = turn.State;
        var head = state.Tree.Head;
        if (!MayRunAhead(state) || id.Height != head.Height + 1 || state.Ahead != (head.Hash, id.Round))
        {
            return;
        }

        var proposer = state.Epochs.Of(state.Rules.EpochOf(id.Height)).ProposerOf(id.Height, id.Round).Address;
        if (state.IsLocal(proposer) && !state.Building.Any(own => own.Height > state.Height) && !state.AheadProposals.ContainsKey((id.Height, id.Round)))
        {
            var time = ulong.Max(turn.Now, EarliestAhead(state.Rules, head.Block.Header.Time, id.Round));
            turn.Emit(new ChainEffect.Build(head.Hash, id.Round, proposer, time));
        }

        turn.State = state with { Ahead = (head.Hash, id.Round + 1) };
        TimeAhead(turn);
    }

    /// <summary>PRO-2: an own block was built; it is offered once its proposer's signature is safe to give.</summary>
    public static void TakeBuilt(Turn turn, Block block)
    {
        var state = turn.State;
        var header = block.Header;
        // A later round: in a replay, a block made ahead may come at its own height.
        var isCurrent = header.Height == state.Height && header.Round >= state.Round && header.Parent == state.Tree.Root.Hash;
        if (!isCurrent && header.Height <= state.Height)
        {
            return; // the chain moved on while it was built
        }

        turn.State = state with { Building = state.Building.Add(block) };
        var ballot = new Ballot(header.ChainId, header.Epoch, header.Height, header.Round, Phase.Propose, block.Hash);
        Ask(turn, new ChainEffect.Sign(header.Proposer, ballot));
    }

    /// <summary>PRO-3: an own vote was released by the signing guard: it is said to all, and a proposal with its block.</summary>
    public static void TakeSigned(Turn turn, Vote vote)
    {
        var state = turn.State;
        var ballot = vote.Ballot;
        turn.State = state with { Asked = state.Asked.RemoveAll(asked => asked.Validator == vote.Validator && asked.Ballot == ballot) };
        if (ballot.Phase != Phase.Propose)
        {
            if (ballot.Phase == Phase.Precommit && !ballot.IsNil && ballot.Height == state.Height
                && !(state.Locked is { } held && held.Round >= ballot.Round))
            {
                // RND-4: whoever precommitted is locked, in whatever order a replay brings the inputs that led there.
                turn.State = turn.State with { Locked = new LockedBlock(ballot.Round, ballot.BlockHash) };
            }

            if (ballot.Height == state.Height && ballot.Round == state.Round)
            {
                turn.State = turn.State with { Standing = turn.State.Standing.Add(vote) };
            }

            turn.Emit(new ChainEffect.Broadcast(new Message.CastVote(vote)));
            return;
        }

        var own = state.Building.FirstOrDefault(block => block.Hash == ballot.BlockHash);
        turn.State = turn.State with { Building = state.Building.RemoveAll(block => block.Hash == ballot.BlockHash) };
        if ((own ?? state.Tree.Find(ballot.BlockHash)?.Block) is { } block)
        {
            var proposal = state.Offer(block, vote);
            turn.Emit(new ChainEffect.Broadcast(new Message.Propose(proposal)));
            Admission.Take(turn, proposal, PeerId.Self);
        }
    }

    /// <summary>PRO-4: the signing guard refused: the round goes on without this vote.</summary>
    public static void TakeRefusal(Turn turn, ChainInput.SigningRefused refused)
    {
        var state = turn.State;
        turn.State = state with
        {
            Asked = state.Asked.RemoveAll(asked => asked.Validator == refused.Validator && asked.Ballot == refused.Ballot),
            Building = refused.Ballot.Phase == Phase.Propose
                ? state.Building.RemoveAll(block => block.Hash == refused.Ballot.BlockHash)
                : state.Building,
        };
    }

    private static bool MayRunAhead(ChainState state)
    {
        var head = state.Tree.Head;
        return head.Height >= state.Height && head.Height + 1 <= ulong.Min(state.Tree.Root.Height + state.Rules.RunAhead, Admission.Horizon(state));
    }

    private static void Ask(Turn turn, ChainEffect.Sign sign)
    {
        turn.State = turn.State with { Asked = turn.State.Asked.Add(sign) };
        turn.Emit(sign);
    }
}
