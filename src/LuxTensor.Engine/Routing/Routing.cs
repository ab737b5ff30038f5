using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;

namespace LuxTensor.Engine;

/// <summary>
/// Moves inputs between a node's machines: votes are counted, what they establish goes to the chain, what the chain makes
/// final leaves the pool. Pure, and the same for every host.
/// </summary>
public static partial class Routing
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
            Sync = new SyncState { Rules = SyncRules.For(genesis.Rules) },
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
                && tally.BallotOf(index) == vote.Ballot);
    }

    /// <summary>SYN-1: what a certificate says to a node that knows no set to verify it by: that its sender may be so far, which is a reason to ask.</summary>
    public static ChainInput Claim(NodeState state, Certificate certificate, PeerId from) =>
        new ChainInput.Status(new Message.Status(state.Chain.Genesis, certificate.Height, certificate.BlockHash, certificate.Ballot.Round), from);

    /// <summary>Takes one input at a time, milliseconds since 1970 UTC.</summary>
    public static void Step(NodeTurn turn, NodeInput input, ulong now)
    {
        var height = turn.State.Chain.Height;
        if (input is not NodeInput.Sync sync)
        {
            StepMachines(turn, input, now);
        }
        else
        {
            turn.ForSync.Enqueue(sync.Input);
        }

        if (turn.State.Chain.Height != height)
        {
            turn.ForSync.Enqueue(new SyncInput.Advanced());
        }

        CatchUpBy(turn, now);
    }

    /// <summary>Steps the machine that catches up through what this input meant for it; what it downloaded goes to the chain.</summary>
    private static void CatchUpBy(NodeTurn turn, ulong now)
    {
        while (turn.ForSync.TryDequeue(out var input) && !turn.IsReplay)
        {
            var (sync, effects) = CatchUp.Step(turn.State.Sync, turn.State.Chain, input, now);
            turn.State = turn.State with { Sync = sync };
            foreach (var effect in effects)
            {
                if (effect is SyncEffect.Take take)
                {
                    StepMachines(turn, new NodeInput.Chain(new ChainInput.FinalBlocks(take.Items, take.From)), now);
                    turn.ForSync.Enqueue(new SyncInput.Advanced());
                }
                else
                {
                    turn.Emit(new NodeEffect.Sync(effect));
                }
            }
        }
    }

    private static void StepMachines(NodeTurn turn, NodeInput input, ulong now)
    {
        var before = turn.State;
        var place = turn.Place;
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

                turn.StoreAt(place, vote.Vote.Value, now);
                break;
            case NodeInput.Told { Fact: FinalityFact.Conflict conflict } told:
                if (before.Chain.Epochs.Find(before.Chain.Rules.EpochOf(told.Height)) is { } set)
                {
                    Reporting.Take(turn, set, [conflict]);
                }

                return; // evidence has its own table
            case NodeInput.Accuse { Offence: var offence }:
                Reporting.Take(turn, offence);
                return; // evidence has its own table
            case NodeInput.Told told:
                Feed(turn, [new ChainInput.Fact(told.Height, told.Fact)], now);
                break;
            case NodeInput.Chain { Input: ChainInput.Propose propose }:
                var facts = Count(turn, Verifier.VoteOf(propose.Proposal), out _);
                Feed(turn, [propose, .. facts], now);
                break;
            case NodeInput.Chain { Input: ChainInput.Signed signed }:
                Feed(turn, [signed, .. CountOwn(turn, signed.Vote)], now);
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

    /// <summary>An own vote. Where others count, it is counted when it is said, which taking it does; a proposal is said in another message.</summary>
    private static ImmutableArray<ChainInput> CountOwn(NodeTurn turn, Verified<Vote> vote) =>
        turn.State.CountsVotes || vote.Value.Ballot.Phase == Phase.Propose ? Count(turn, vote, out _) : [];

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
            case ChainEffect.HeardAhead ahead:
                if (ahead.From == PeerId.Self)
                {
                    break; // nobody to ask: another life of this node, or its twin, knew more
                }

                turn.ForSync.Enqueue(new SyncInput.Heard(ahead.From, ahead.Height));
                break;
            default:
                turn.Emit(new NodeEffect.Chain(effect));
                break;
        }
    }
}
