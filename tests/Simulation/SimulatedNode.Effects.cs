using LuxTensor.Core.Consensus;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Transactions;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Simulation;

/// <content>The way out: what the embedded host does with effects, once they may leave.</content>
internal sealed partial class SimulatedNode
{
    /// <summary>Answers and carries the effects out; the node may stop after any of them.</summary>
    private void Act(NodeTurn turn, List<int> replies)
    {
        var mine = life;
        foreach (var reply in replies)
        {
            var pooled = (NodeEffect.Pooled)turn.Effects[reply];
            var isRefused = pooled.Outcome is MempoolOutcome.Rejected;
            world.Coverage.Add(isRefused ? Seen.TransactionsRefused : Seen.TransactionsAccepted);
            if (!isRefused)
            {
                world.Checkers.Accepted(this, pooled.Transaction);
            }
        }

        foreach (var effect in turn.Effects)
        {
            if (world.Faults.StopsHere(this))
            {
                world.Coverage.Add(Seen.CrashesInEffects);
                world.Faults.Crash(this);
            }

            if (mine != life)
            {
                return;
            }

            Carry(effect);
        }
    }

    private void Carry(NodeEffect effect)
    {
        switch (effect)
        {
            case NodeEffect.Notify { Notice: var notice }:
                world.Checkers.Told(this, notice);
                break;
            case NodeEffect.Gossip { Transaction: var transaction }:
                Say(new Message.Submit(transaction));
                break;
            case NodeEffect.Report report:
                Report(report);
                break;
            case NodeEffect.Chain { Effect: ChainEffect.Broadcast { Message: var message } }:
                Say(message);
                break;
            case NodeEffect.Chain { Effect: ChainEffect.Sign sign }:
                AskToSign(sign);
                break;
            case NodeEffect.Chain { Effect: ChainEffect.StartTimer timer }:
                StartTimer(timer.Id, timer.Delay);
                break;
            case NodeEffect.Chain { Effect: ChainEffect.FetchBlock fetch }:
                Request(fetch.From, new Message.GetBlock(fetch.Hash));
                break;
            case NodeEffect.Sync { Effect: SyncEffect.Ask ask }:
                world.Network.Send(Index, world.Network.IndexOf(ask.Peer), ask.Request);
                break;
            case NodeEffect.Sync { Effect: SyncEffect.WakeAfter wake }:
                StartTimer(new TimerId(TimerKind.Sync, ulong.MaxValue, 0), wake.Delay);
                break;
            default:
                break;
        }
    }

    private void Report(NodeEffect.Report report)
    {
        var nonce = View.Pool.NextNonce(report.Reporter, View.FinalLedger);
        var transaction = Transaction.Sign(world.Scenario.Rules.ChainId, keys[report.Reporter], nonce, 0, new TransactionBody.Report(report.Offence));
        if (!IsByzantine && world.Verification.Of(transaction) is { } verified)
        {
            Post(new NodeInput.Submit(verified));
        }
    }

    private void Say(Message message)
    {
        if (IsByzantine)
        {
            world.Adversary.Speak(this, message);
            return;
        }

        if (world.Trace.HasText)
        {
            world.Trace.Say(world.Now, Name, "says " + Wording.Of(message));
        }

        world.Checkers.Said(this, message);
        world.Network.Broadcast(Index, message);
    }

    private void Request(PeerId peer, Message request)
    {
        var named = world.Network.IndexOf(peer);
        var targets = named >= 0 && named != Index ? [named] : Enumerable.Range(0, world.Scenario.Nodes).Where(other => other != Index).Take(2);
        foreach (var target in targets)
        {
            world.Network.Send(Index, target, request);
        }
    }

    private void StartTimer(TimerId id, ulong delay)
    {
        var number = ++timersStarted;
        var mine = life;
        timers[id] = number;
        world.Schedule(world.Now + delay, 'f', Index, number, () =>
        {
            if (mine == life && timers.GetValueOrDefault(id) == number)
            {
                timers.Remove(id);
                Post(id.Kind == TimerKind.Sync ? new NodeInput.Sync(new SyncInput.Wake([])) : new NodeInput.Chain(new ChainInput.Timer(id)));
            }
        });
    }
}
