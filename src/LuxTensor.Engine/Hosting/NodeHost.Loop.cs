using System.Runtime.ExceptionServices;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Transactions;

namespace LuxTensor.Engine;

/// <summary>The loop: the only writer of a node's state.</summary>
public sealed partial class NodeHost
{
    private const int InputsPerTurn = 2_048;
    private const int EffectsPerTurn = 2_048;
    private const int HoldMilliseconds = 5;

    // A turn stays open while its steps want nothing done: single votes are stored together with the vote that completes
    // a quorum, or when nothing has come for a while. What is not stored was not seen by anybody either.
    private NodeTurn? open;
    private uint asked; // requests to nobody in particular go round among the peers
    private readonly List<Notice> notices = [];
    private readonly List<(int Effect, TaskCompletionSource<SubmitOutcome> Reply)> replies = [];

    private void RunLoop()
    {
        try
        {
            var more = mailbox.Reader.WaitToReadAsync().AsTask();
            while (!completion.Task.IsFaulted)
            {
                if (open is not null && !more.Wait(HoldMilliseconds))
                {
                    Settle();
                }
                else if (more.GetAwaiter().GetResult())
                {
                    TakeMail();
                    more = mailbox.Reader.WaitToReadAsync().AsTask();
                }
                else
                {
                    Settle();
                    completion.TrySetResult();
                    break;
                }
            }
        }
        catch (Exception failure)
        {
            Fail(failure is AggregateException { InnerException: { } inner } ? ExceptionDispatchInfo.SetCurrentStackTrace(inner) : failure);
        }

        AnswerTheRest();
        Notify(new Notice.Stopped(completion.Task.Exception?.InnerException?.Message));
    }

    /// <summary>Steps the open turn through what is in the mailbox, and settles it once it wants anything done.</summary>
    private void TakeMail()
    {
        var turn = open ??= new NodeTurn(View);
        while (turn.InputCount < InputsPerTurn && mailbox.Reader.TryRead(out var mail))
        {
            if (mail.Input is { } input)
            {
                Routing.Step(turn, input, Now);
            }

            if (mail.Notice is { } notice)
            {
                notices.Add(notice);
            }

            if (mail.Reply is { } reply)
            {
                replies.Add((turn.Effects.Count - 1, reply)); // a submission's last effect is its outcome
            }

            if (turn.Effects.Count >= EffectsPerTurn)
            {
                break;
            }
        }

        if (turn.Effects.Count > 0 || notices.Count > 0 || turn.InputCount >= InputsPerTurn)
        {
            Settle();
        }
    }

    /// <summary>Stores the open turn, publishes its state, and lets its effects leave, in this order.</summary>
    private void Settle()
    {
        if (open is not { } turn)
        {
            return;
        }

        var batch = turn.ToBatch();
        if (!batch.IsEmpty)
        {
            var started = options.Time.GetTimestamp();
            options.Journal.Commit(batch); // durable before visible
            metrics.Committed(started, batch);
        }

        open = null;
        var (height, newest) = (View.Chain.Height, View.Chain.Epochs.Newest);
        Volatile.Write(ref view, turn.State);
        if (!ReferenceEquals(turn.State.Chain.Epochs.Newest, newest))
        {
            PrepareKeys(turn.State.Chain.Epochs.Newest); // before the epoch begins, and off this loop
        }

        if (turn.State.Chain.Height != height)
        {
            timers.Drop(turn.State.Chain.Height);
        }

        foreach (var (effect, reply) in replies)
        {
            reply.TrySetResult(OutcomeOf((NodeEffect.Pooled)turn.Effects[effect]));
        }

        replies.Clear();
        foreach (var effect in turn.Effects)
        {
            Carry(effect);
        }

        notices.ForEach(Tell);
        notices.Clear();
        sync.Look(turn.State);
    }

    /// <summary>Nobody waits for a node that has ended: what was being stored is unknown, what waited was not taken.</summary>
    private void AnswerTheRest()
    {
        foreach (var (_, reply) in replies)
        {
            reply.TrySetException(new JournalException("the node stopped while it stored this transaction: ask for its id when the node is back"));
        }

        while (mailbox.Reader.TryRead(out var mail))
        {
            mail.Reply?.TrySetResult(new SubmitOutcome.Busy());
        }
    }

    private static SubmitOutcome OutcomeOf(NodeEffect.Pooled pooled) => pooled.Outcome switch
    {
        MempoolOutcome.Added => new SubmitOutcome.Accepted(pooled.Transaction.Id, Known: false),
        MempoolOutcome.Known => new SubmitOutcome.Accepted(pooled.Transaction.Id, Known: true),
        MempoolOutcome.Rejected rejected => new SubmitOutcome.Rejected(pooled.Transaction.Id, rejected.Why),
        _ => throw new InvalidOperationException("a pool has three outcomes"),
    };

    private void Carry(NodeEffect effect)
    {
        switch (effect)
        {
            case NodeEffect.Notify { Notice: var notice }:
                if (notice is Notice.Finalized final)
                {
                    options.Counter?.Decided(final.Certificate);
                }

                Tell(notice);
                break;
            case NodeEffect.Count { Vote: var vote }:
                options.Counter?.Count(vote);
                break;
            case NodeEffect.Recount { Height: var height, Round: var round }:
                options.Counter?.Recount(height, round);
                break;
            case NodeEffect.Repeat repeat:
                options.Counter?.Repeat(repeat.Height, repeat.Round, repeat.Phase);
                break;
            case NodeEffect.Gossip { Transaction: var transaction }:
                Broadcast(new Message.Submit(transaction));
                break;
            case NodeEffect.Report report:
                Report(report);
                break;
            case NodeEffect.Chain { Effect: ChainEffect.Broadcast { Message: var message } }:
                Broadcast(message);
                break;
            case NodeEffect.Chain { Effect: ChainEffect.Sign sign }:
                signer.Ask(sign);
                break;
            case NodeEffect.Chain { Effect: ChainEffect.StartTimer timer }:
                timers.Start(timer.Id, timer.Delay);
                break;
            case NodeEffect.Chain { Effect: ChainEffect.FetchBlock fetch }:
                Send(fetch.From, new Message.GetBlock(fetch.Hash));
                break;
            case NodeEffect.Sync { Effect: SyncEffect.Ask ask }:
                options.Transport.Send(ask.Peer, MessageCodec.Encode(options.Genesis.Rules.ChainId, ask.Request));
                break;
            case NodeEffect.Sync { Effect: SyncEffect.WakeAfter wake }:
                timers.Start(new TimerId(TimerKind.Sync, ulong.MaxValue, 0), wake.Delay);
                break;
            case NodeEffect.Sync { Effect: SyncEffect.Blame blame }:
                metrics.Failed(blame);
                options.Transport.Blame(blame.Peer, blame.Fault);
                break;
            case NodeEffect.Chain { Effect: ChainEffect.Refused refused }:
                metrics.Refused(refused);
                break;
            default:
                break;
        }
    }

    /// <summary>Evidence costs no fee (TXN-5), so an empty account can report. Where its nonce is taken meanwhile, it is asked for again.</summary>
    private void Report(NodeEffect.Report report)
    {
        var key = options.Keys.First(key => Address.Of(key.PublicKey) == report.Reporter);
        var nonce = View.Pool.NextNonce(report.Reporter, View.FinalLedger);
        var transaction = Transaction.Sign(options.Genesis.Rules.ChainId, key, nonce, 0, new TransactionBody.Report(report.Offence));
        if (Core.Voting.Verifier.Check(transaction, options.Genesis.Rules, out var verified) is null)
        {
            Post(new NodeInput.Submit(verified));
        }
    }

    private void Tell(Notice notice)
    {
        metrics.See(notice);
        Notify(notice);
    }

    private void Broadcast(Message message) =>
        options.Transport.Broadcast(Topics.Of(message), MessageCodec.Encode(options.Genesis.Rules.ChainId, message));

    /// <summary>Asks a peer; where none is named or it is gone, two of those that are here, each time the next two.</summary>
    private void Send(PeerId peer, Message request)
    {
        var frame = MessageCodec.Encode(options.Genesis.Rules.ChainId, request);
        var peers = options.Transport.Peers;
        IEnumerable<PeerId> targets = [peer];
        if (!peers.Contains(peer))
        {
            var known = peers.OrderBy(known => known.Name, StringComparer.Ordinal).ToArray();
            targets = known.Concat(known).Skip(known.Length == 0 ? 0 : (int)(asked % (uint)known.Length)).Take(int.Min(2, known.Length));
            asked += 2;
        }

        foreach (var target in targets)
        {
            options.Transport.Send(target, frame);
        }
    }
}
