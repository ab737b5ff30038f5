using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Consensus;

/// <summary>The rounds of the height being decided: who votes what, and when a round gives up (RND-1 to RND-9).</summary>
internal static class Rounds
{
    /// <summary>Rounds around the current one whose proposals are kept.</summary>
    private const uint Window = Finality.FinalityState.Ahead;

    /// <summary>RND-1: enters a round: its proposer proposes, everybody times the proposal.</summary>
    public static void Start(Turn turn, uint round)
    {
        var state = turn.State;
        turn.State = state with
        {
            Round = round,
            Phase = Phase.Propose,
            Facts = RoundFacts.None,
            PrepareTimed = false,
            PrecommitTimed = false,
            Standing = [],
            Asked = state.Asked.RemoveAll(
                asked => asked.Ballot.Height < state.Height || (asked.Ballot.Height == state.Height && asked.Ballot.Round < round)),
            Building = state.Building.RemoveAll(own => own.Height == state.Height && own.Header.Round < round),
            Proposals = state.Proposals.RemoveRange(state.Proposals.Keys.Where(old => old + (ulong)Window < round)),
        };
        Moved(turn);
        if (turn.State.Proposals.TryGetValue(round, out var ahead) && turn.State.IsLocal(ahead.Validator))
        {
            Production.Repeat(turn);
        }

        Production.Propose(turn);
        TimeAgain(turn);
        Evaluate(turn);
    }

    /// <summary>Whether a proposal of this round is worth keeping now.</summary>
    public static bool IsNear(ChainState state, uint round) => round <= state.Round + (ulong)Window && round + (ulong)Window >= state.Round;

    /// <summary>Notes what the votes of the current round established.</summary>
    public static void Establish(Turn turn, RoundFacts fact)
    {
        if (!turn.State.Facts.HasFlag(fact))
        {
            turn.State = turn.State with { Facts = turn.State.Facts | fact };
            Evaluate(turn);
        }
    }

    /// <summary>RND-3: a certificate of prepares permits locking in its round, and proposing and unlocking in later ones.</summary>
    public static void TakePrepared(Turn turn, Certificate certificate, PeerId from, bool formedHere)
    {
        var state = turn.State;
        if (certificate.Height != state.Height || state.Prepared?.Ballot.Round >= certificate.Ballot.Round)
        {
            return;
        }

        turn.State = state with { Prepared = certificate };
        if (formedHere)
        {
            turn.Emit(new ChainEffect.Broadcast(new Message.Certify(certificate)));
        }

        if (state.Tree.Find(certificate.BlockHash) is null)
        {
            turn.Emit(new ChainEffect.FetchBlock(certificate.BlockHash, from));
        }
        else
        {
            Admission.ChangeTree(turn, state.Tree.MarkPrepared(certificate.BlockHash, certificate.Ballot.Round));
        }

        if (certificate.Ballot.Round > state.Round)
        {
            Start(turn, certificate.Ballot.Round); // RND-8: more than two thirds of the stake is there
        }
        else
        {
            Evaluate(turn);
        }
    }

    /// <summary>RND-2: the proposal of a round cannot be accepted whatever comes, so nobody waits for its timeout.</summary>
    public static void Reject(Turn turn, uint round)
    {
        if (turn.State.Phase == Phase.Propose && turn.State.Round == round)
        {
            Vote(turn, Phase.Prepare, Hash256.Zero);
            Evaluate(turn);
        }
    }

    /// <summary>A phase of the current round has waited long enough.</summary>
    public static void TakeTimeout(Turn turn, TimerKind kind)
    {
        var state = turn.State;
        switch (kind)
        {
            case TimerKind.Build:
                Production.Propose(turn);
                break;
            case TimerKind.Propose when state.Phase == Phase.Propose: // RND-2: no acceptable proposal in time
                Vote(turn, Phase.Prepare, Hash256.Zero);
                Evaluate(turn);
                break;
            case TimerKind.Prepare when state.Phase == Phase.Prepare: // RND-5: no quorum for one value in time
                Vote(turn, Phase.Precommit, Hash256.Zero);
                Evaluate(turn);
                break;
            case TimerKind.Precommit: // RND-6: the round did not decide in time
                Start(turn, state.Round + 1);
                break;
            default:
                break;
        }
    }

    /// <summary>Starts the timers that the state calls for.</summary>
    public static void TimeAgain(Turn turn)
    {
        var state = turn.State;
        var timeout = state.Rules.TimeoutOf(state.Round);
        if (state.Phase == Phase.Propose)
        {
            turn.Time(TimerKind.Propose, state.Round, turn.UntilNextBlock(Production.EarliestTime(state)) + timeout);
        }

        if (state.PrepareTimed && state.Phase == Phase.Prepare)
        {
            turn.Time(TimerKind.Prepare, state.Round, timeout);
        }

        if (state.PrecommitTimed)
        {
            turn.Time(TimerKind.Precommit, state.Round, timeout);
        }
    }

    /// <summary>Applies every rule that the state now permits, in the order of the phases.</summary>
    public static void Evaluate(Turn turn)
    {
        if (turn.State.Phase == Phase.Propose && turn.State.Proposals.TryGetValue(turn.State.Round, out var proposal))
        {
            var block = proposal.Ballot.BlockHash;
            Vote(turn, Phase.Prepare, IsAcceptable(turn.State, block) ? block : Hash256.Zero);
        }

        var state = turn.State;
        if (state.Phase <= Phase.Prepare && state.Prepared is { } prepared && prepared.Ballot.Round == state.Round
            && state.Tree.Find(prepared.BlockHash) is not null)
        {
            turn.State = state with { Locked = new LockedBlock(state.Round, prepared.BlockHash) }; // RND-4
            Vote(turn, Phase.Precommit, prepared.BlockHash);
        }
        else if (state.Phase == Phase.Prepare && state.Facts.HasFlag(RoundFacts.NilPrepares))
        {
            Vote(turn, Phase.Precommit, Hash256.Zero);
        }
        else if (state.Phase == Phase.Prepare && state.Facts.HasFlag(RoundFacts.AnyPrepares) && !state.PrepareTimed)
        {
            turn.State = state with { PrepareTimed = true };
            turn.Time(TimerKind.Prepare, state.Round, state.Rules.TimeoutOf(state.Round));
        }

        state = turn.State;
        if (state.Facts.HasFlag(RoundFacts.NilPrecommits))
        {
            Start(turn, state.Round + 1);
        }
        else if (state.Facts.HasFlag(RoundFacts.AnyPrecommits) && !state.PrecommitTimed)
        {
            turn.State = state with { PrecommitTimed = true };
            turn.Time(TimerKind.Precommit, state.Round, state.Rules.TimeoutOf(state.Round));
        }
    }

    /// <summary>
    /// RND-4: without a lock any valid block; with one only the locked block, or one that a quorum prepared in a later
    /// round than that of the lock.
    /// </summary>
    private static bool IsAcceptable(ChainState state, Hash256 block) =>
        state.Locked is not { } locked
        || locked.Block == block
        || (state.Prepared is { } prepared && prepared.BlockHash == block && prepared.Ballot.Round > locked.Round);

    private static void Vote(Turn turn, Phase phase, Hash256 block)
    {
        var state = turn.State;
        var asked = state.Asked.ToBuilder();
        foreach (var validator in state.Local.Where(validator => state.Set.IndexOf(validator) >= 0))
        {
            var sign = new ChainEffect.Sign(validator, state.BallotFor(phase, block));
            asked.Add(sign);
            turn.Emit(sign);
        }

        turn.State = state with { Phase = phase, Asked = asked.ToImmutable() };
        Moved(turn);
    }

    private static void Moved(Turn turn) => turn.Emit(new ChainEffect.RoundMoved(turn.State.Height, turn.State.Round, turn.State.Phase));
}
