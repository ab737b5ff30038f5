using System.Collections.Immutable;
using LuxTensor.Core.Finality;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Consensus;

/// <summary>
/// The machine that decides one height after the other, as Tendermint does (arXiv 1807.04938), while blocks may be made
/// ahead of finality. Pure: the same state, input and time give the same next state and effects.
/// </summary>
/// <remarks>
/// Differences from the paper, each argued in SPEC.md: a proposal carries the certificate of prepares that permits it
/// instead of a round number (RND-3); quorums travel as certificates (RND-9); blocks above the height being decided are
/// kept as proposals made early and voted on when their height comes (FRK-6).
/// </remarks>
public static class Chain
{
    /// <summary>A node whose last final block is <paramref name="root"/>, about to begin the next height.</summary>
    public static ChainState At(
        BlockNode root, Certificate? certificate, ChainRules rules, Hash256 genesis, IEnumerable<Address> local) => new()
        {
            Rules = rules,
            Genesis = genesis,
            Local = [.. local.Order()],
            Tree = BlockTree.Of(root, ChainState.TreeCapacity(rules), rules.MaxReorganisation),
            FinalCertificate = certificate,
            Ahead = (root.Hash, 0),
        };

    /// <summary>Takes one input at a time, milliseconds since 1970 UTC.</summary>
    public static (ChainState Next, ImmutableArray<ChainEffect> Effects) Step(ChainState state, ChainInput input, ulong now)
    {
        var turn = new Turn(state, now);
        switch (input)
        {
            case ChainInput.Propose propose:
                Admission.Take(turn, propose.Proposal.Value, propose.From);
                break;
            case ChainInput.Fact fact:
                TakeFact(turn, fact);
                break;
            case ChainInput.Certify certify:
                TakeCertificate(turn, certify.Certificate.Value, certify.From, formedHere: false);
                break;
            case ChainInput.Block block:
                Admission.TakeBlock(turn, block.Arrived.Value, block.From);
                break;
            case ChainInput.FinalBlocks blocks:
                Decision.TakeFinalBlocks(turn, blocks.Items, blocks.From);
                break;
            case ChainInput.Status status:
                Decision.TakeStatus(turn, status.Said, status.From);
                break;
            case ChainInput.Timer timer:
                TakeTimer(turn, timer.Id);
                break;
            case ChainInput.Built built:
                Production.TakeBuilt(turn, built.Made);
                break;
            case ChainInput.Signed signed:
                Production.TakeSigned(turn, signed.Vote.Value);
                break;
            case ChainInput.SigningRefused refused:
                Production.TakeRefusal(turn, refused);
                break;
            case ChainInput.Resume:
                Resume(turn);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(input));
        }

        return (turn.State, turn.Effects());
    }

    /// <summary>Takes a certificate of either phase, formed here from votes or sent by a peer.</summary>
    internal static void TakeCertificate(Turn turn, Certificate certificate, PeerId from, bool formedHere)
    {
        if (certificate.Ballot.Phase == Phase.Prepare)
        {
            Rounds.TakePrepared(turn, certificate, from, formedHere);
        }
        else
        {
            Decision.TakeFinality(turn, certificate, from, formedHere);
        }
    }

    private static void TakeFact(Turn turn, ChainInput.Fact fact)
    {
        if (fact.Height != turn.State.Height)
        {
            return; // a fact before it in the same turn decided its height; rounds begin at 0 again in the next
        }

        var round = turn.State.Round;
        switch (fact.Established)
        {
            case FinalityFact.BlockQuorum quorum:
                TakeCertificate(turn, quorum.Certificate, PeerId.Self, formedHere: true);
                break;
            case FinalityFact.AnyQuorum any when any.Round == round:
                Rounds.Establish(turn, any.Phase == Phase.Prepare ? RoundFacts.AnyPrepares : RoundFacts.AnyPrecommits);
                break;
            case FinalityFact.NilQuorum nil when nil.Round == round:
                Rounds.Establish(turn, nil.Phase == Phase.Prepare ? RoundFacts.NilPrepares : RoundFacts.NilPrecommits);
                break;
            case FinalityFact.RoundSkip skip when skip.Round > round: // RND-8
                Rounds.Start(turn, skip.Round);
                break;
            default:
                break; // of another round, told again when that begins; or evidence, which the host keeps
        }
    }

    private static void TakeTimer(Turn turn, TimerId id)
    {
        if (id.Kind == TimerKind.Ahead)
        {
            Production.BuildAhead(turn, id);
            return;
        }

        if (id.Height != turn.State.Height)
        {
            return;
        }

        if (id.Kind == TimerKind.Resend)
        {
            Decision.Resend(turn);
        }
        else if (id.Round == turn.State.Round)
        {
            Rounds.TakeTimeout(turn, id.Kind);
        }
    }

    /// <summary>RND-10: after a start, asks again for what was asked, says again what was said, and times what was timed.</summary>
    private static void Resume(Turn turn)
    {
        var state = turn.State;
        turn.Emit(new ChainEffect.RoundMoved(state.Height, state.Round, state.Phase));
        Rounds.TimeAgain(turn);
        foreach (var asked in state.Asked)
        {
            turn.Emit(asked);
        }

        Production.Propose(turn);
        Production.TimeAhead(turn);
        Decision.Resend(turn);
    }
}
