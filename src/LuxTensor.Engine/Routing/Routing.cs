using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;

namespace LuxTensor.Engine;

/// <summary>
/// Moves inputs between a node's machines: votes are counted, what they establish goes to the chain, what the chain makes
/// final leaves the pool. Pure, and the same for every host.
/// </summary>
public static class Routing
{
    /// <summary>Heights above the one being decided whose votes are counted already.</summary>
    private const ulong VoteWindow = 2;

    /// <summary>A node that begins above a final block, with an empty pool.</summary>
    public static NodeState Begin(
        Genesis genesis, BlockNode final, Certificate? certificate, IEnumerable<Address> local, MempoolLimits limits, bool countsVotes = true) => new()
        {
            CountsVotes = countsVotes,
            Chain = Chain.At(final, certificate, genesis.Rules, genesis.Block.Hash, local),
            Pool = Mempool.Empty(limits),
        };

    /// <summary>Whether a vote is worth verifying: its height is near, and it is not counted yet. A hint; counting decides.</summary>
    public static bool IsUseful(NodeState state, Vote vote)
    {
        var height = vote.Ballot.Height;
        if (height < state.Chain.Height)
        {
            return DutyWatch.IsNews(state, vote);
        }

        if (height > state.Chain.Height + VoteWindow)
        {
            return false;
        }

        return state.Chain.Epochs.Find(state.Chain.Rules.EpochOf(height))?.IndexOf(vote.Validator) is >= 0 and var index
            && !(state.Heights.TryGetValue(height, out var counted)
                && counted.Tallies.TryGetValue((vote.Ballot.Round, vote.Ballot.Phase), out var tally)
                && tally[index]?.Ballot == vote.Ballot);
    }

    /// <summary>SYN-1: what a certificate says to a node that knows no set to verify it by: that its sender may be so far, which is a reason to ask.</summary>
    public static ChainInput Claim(NodeState state, Certificate certificate, PeerId from) =>
        new ChainInput.Status(new Message.Status(state.Chain.Genesis, certificate.Height, certificate.BlockHash, certificate.Ballot.Round), from);

    /// <summary>Takes one input at a time, milliseconds since 1970 UTC.</summary>
    public static void Step(NodeTurn turn, NodeInput input, ulong now)
    {
        var before = turn.State;
        var place = turn.InputCount;
        var finals = turn.FinalizedCount;
        var effects = turn.Effects.Count;
        turn.IsCatchingUp = input is NodeInput.Chain { Input: ChainInput.FinalBlocks };
        Reporting.Compare(turn, input);
        switch (input)
        {
            case NodeInput.Submit submit:
                TakeTransaction(turn, submit.Transaction);
                return; // the pool has its own table
            case NodeInput.BadVote bad:
                DutyWatch.Note(turn, bad.Height, bad.Validator, new DutyView(MissReason.BadVote));
                return;
            case NodeInput.CastVote { Vote: var late } when late.Value.Ballot.Height < before.Chain.Height:
                DutyWatch.TakeLate(turn, late.Value, now);
                return; // soft state, but for evidence, which has its own table
            case NodeInput.CastVote vote:
                Feed(turn, Count(turn, vote.Vote, out var isKept), now);
                if (!isKept && ReferenceEquals(before.Chain, turn.State.Chain))
                {
                    return; // a round number seen from afar is soft state: storing it would let one voter fill the journal
                }

                break;
            case NodeInput.Told { Fact: FinalityFact.Conflict conflict } told:
                if (before.Chain.Epochs.Find(before.Chain.Rules.EpochOf(told.Height)) is { } set)
                {
                    Reporting.Take(turn, set, [conflict]);
                }

                return; // evidence has its own table
            case NodeInput.Told told:
                Feed(turn, [new ChainInput.Fact(told.Height, told.Fact)], now);
                break;
            case NodeInput.Chain { Input: ChainInput.Propose propose }:
                var facts = Count(turn, Verifier.VoteOf(propose.Proposal), out _);
                Feed(turn, [propose, .. facts], now);
                break;
            case NodeInput.Chain { Input: ChainInput.Signed signed }:
                Feed(turn, [signed, .. Count(turn, signed.Vote, out _)], now);
                break;
            case NodeInput.Chain { Input: ChainInput.Certify { Certificate: var certificate } far } when certificate.Value.Height > before.Chain.Height:
                Feed(turn, [far], now);
                return; // it says only how far others are, and will say so again
            case NodeInput.Chain chain:
                if (chain.Input is ChainInput.SigningRefused { Ballot.Phase: Phase.Precommit } refused)
                {
                    DutyWatch.Note(turn, refused.Ballot.Height, refused.Validator, new DutyView(MissReason.Refused, (ulong)refused.Why));
                }

                Feed(turn, [chain.Input], now);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(input));
        }

        if (!ReferenceEquals(before, turn.State) && InputCodec.Encode(input, turn.State.Chain.Rules.ChainId, now) is { } stored)
        {
            turn.StoreAt(place, stored); // before what followed from it
        }

        if (turn.FinalizedCount > finals)
        {
            if (turn.IsCatchingUp)
            {
                turn.StoreAt(place, InputCodec.EncodeFinal(turn.FinalizedCount - finals, turn.State.Final.Height, now));
            }

            turn.Store(InputCodec.Encode(turn.State, now));
            var chain = turn.State.Chain;
            ChainEffect.Sign[] unwanted =
            [
                .. turn.Effects.Skip(effects).OfType<NodeEffect.Chain>().Select(effect => effect.Effect).OfType<ChainEffect.Sign>()
                    .Where(sign => sign.Ballot.Height >= chain.Height && !chain.Asked.Contains(sign)),
            ];
            if (unwanted.Length > 0)
            {
                turn.Store(InputCodec.Encode(unwanted, chain.Height, now));
            }
        }
    }

    private static void TakeTransaction(NodeTurn turn, Verified<Transaction> transaction)
    {
        var (pool, outcome) = turn.State.Pool.Add(transaction, turn.State.FinalLedger, turn.State.Chain.Rules);
        if (outcome is MempoolOutcome.Added added)
        {
            turn.State = turn.State with { Pool = pool };
            turn.Store(new PoolEntry(added.Arrival, transaction.Value));
            foreach (var left in added.Evicted)
            {
                turn.Remove(left.Id);
            }

            turn.Emit(new NodeEffect.Gossip(transaction.Value));
            turn.Emit(new NodeEffect.Notify(new Notice.Pending(transaction.Value)));
        }

        turn.Emit(new NodeEffect.Pooled(transaction.Value, outcome));
    }

    /// <summary>Counts a vote at its height and gives what it established, where that is the height being decided.</summary>
    private static ImmutableArray<ChainInput> Count(NodeTurn turn, Verified<Vote> verified, out bool isKept)
    {
        isKept = false;
        var state = turn.State;
        if (!state.CountsVotes)
        {
            turn.Emit(new NodeEffect.Count(verified.Value));
            return [];
        }

        var ballot = verified.Value.Ballot;
        var limit = state.Chain.Height + (ballot.Phase == Phase.Propose ? ulong.Max(state.Chain.Rules.RunAhead, VoteWindow) : VoteWindow);
        if (ballot.Height < state.Chain.Height || ballot.Height > limit
            || state.Chain.Epochs.Find(state.Chain.Rules.EpochOf(ballot.Height)) is not { } set)
        {
            return [];
        }

        var height = state.Heights.GetValueOrDefault(ballot.Height) ?? BlockFinality.Begin(ballot.Height, set, state.Chain.Rules.QuorumPercent);
        if (ballot.Height == state.Chain.Height)
        {
            height = BlockFinality.Advance(height, state.Chain.Round);
        }

        var (next, refusal, facts) = BlockFinality.Count(height, verified);
        isKept = refusal == CountRefusal.None || facts.OfType<FinalityFact.Conflict>().Any();
        if (!ReferenceEquals(next, height))
        {
            turn.State = state with { Heights = state.Heights.SetItem(ballot.Height, next) };
        }

        Reporting.Take(turn, next.Set, facts.OfType<FinalityFact.Conflict>());
        return ballot.Height == state.Chain.Height ? [.. facts.Select(fact => new ChainInput.Fact(ballot.Height, fact))] : [];
    }

    /// <summary>Steps the chain through inputs and through what follows from them within the node.</summary>
    private static void Feed(NodeTurn turn, ImmutableArray<ChainInput> inputs, ulong now)
    {
        var queue = new Queue<ChainInput>(inputs);
        while (queue.TryDequeue(out var input))
        {
            var (chain, effects) = Chain.Step(turn.State.Chain, input, now);
            if (!ReferenceEquals(chain, turn.State.Chain))
            {
                if (input is ChainInput.Fact { Established: FinalityFact.RoundSkip skip } fact)
                {
                    turn.Store(InputCodec.EncodeSkip(fact.Height, skip.Round, now));
                }

                turn.State = turn.State with { Chain = chain };
            }

            foreach (var effect in effects)
            {
                Follow(turn, effect, queue, now);
            }
        }
    }

    private static void Follow(NodeTurn turn, ChainEffect effect, Queue<ChainInput> queue, ulong now)
    {
        switch (effect)
        {
            case ChainEffect.Build build:
                Build(turn, build, queue, now);
                break;
            case ChainEffect.Finalized final:
                Finalize(turn, final, now);
                break;
            case ChainEffect.RoundMoved moved:
                EnterRound(turn, moved, queue);
                break;
            case ChainEffect.RepeatVotes repeat:
                Repeat(turn, repeat);
                break;
            case ChainEffect.HeadMoved { Change: var change }:
                turn.Emit(new NodeEffect.Notify(new Notice.HeadMoved(
                    change.Ancestor.Hash, change.Ancestor.Height, [.. change.Left.Select(node => node.Block)], [.. change.Joined.Select(node => node.Block)])));
                break;
            case ChainEffect.Broadcast { Message: Message.CastVote { Vote: var own } } when !turn.State.CountsVotes:
                turn.Emit(new NodeEffect.Count(own)); // each time it is said: whoever counts may have lost it, as a peer may
                turn.Emit(new NodeEffect.Chain(effect));
                break;
            default:
                turn.Emit(new NodeEffect.Chain(effect));
                break;
        }
    }

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
