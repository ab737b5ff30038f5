using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Transactions;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Simulation;

/// <summary>
/// One node: the real core behind a host that does what the embedded host does, one event at a time, so that it can be
/// stopped between any two of them.
/// </summary>
internal sealed partial class SimulatedNode
{
    private const int InputsPerTurn = 8;

    private readonly World world;
    private readonly Prng random;
    private readonly ImmutableDictionary<Address, SigningKey> keys;
    private readonly SimulatedGuard guard;
    private readonly Queue<(NodeInput Input, Transaction? Submitted)> mailbox = new();
    private readonly Dictionary<TimerId, ulong> timers = [];
    private (NodeTurn Turn, List<int> Replies)? pending;
    private int life;
    private long jump;
    private ulong timersStarted;
    private bool isTurnDue;

    public SimulatedNode(World world, int index, IEnumerable<SigningKey> keys, SimulatedGuard guard, bool isByzantine, Prng random)
    {
        this.world = world;
        this.random = random;
        this.keys = keys.ToImmutableDictionary(key => Address.Of(key.PublicKey));
        this.guard = guard;
        Index = index;
        IsByzantine = isByzantine;
        Skew = world.Scenario.Script is not null && index >= world.Scenario.Stakes.Length
            ? world.Scenario.Rules.BlockInterval + 3 // the second node's blocks differ from the first one's by their time
            : random.Between(0, world.Scenario.SkewMost);
        Disk = new SimulatedDisk(world, random.Split("disk"), isByzantine);
        Journal = new SimulatedJournal(world.Genesis, Disk);
        View = Durable = Replay().Turn.State;
    }

    public int Index { get; }

    public string Name => $"n{Index}";

    public bool IsByzantine { get; }

    public bool IsUp { get; private set; }

    public SimulatedDisk Disk { get; }

    public SimulatedJournal Journal { get; }

    public int MailCount => mailbox.Count;

    public int TimerCount => timers.Count;

    /// <summary>The state after the last published turn.</summary>
    public NodeState View { get; private set; }

    /// <summary>The state that the journal must bring back.</summary>
    public NodeState Durable { get; private set; }

    public IEnumerable<Address> Validators => keys.Keys;

    /// <summary>How far the node's clock is ahead of the world's, ms.</summary>
    public ulong Skew { get; }

    public ulong Clock => (ulong)((long)(world.Genesis.Time + world.Now + Skew) + jump);

    private Defect Defect => IsByzantine ? Defect.None : world.Defect;

    public SigningKey KeyOf(Address validator) => keys[validator];

    /// <summary>An application offers a transaction.</summary>
    public void Submit(Transaction transaction)
    {
        if (IsUp && View.Pool.Find(transaction.Id) is null && Journal.Locate(transaction.Id) is null
            && world.Verification.Of(transaction) is { } verified)
        {
            mailbox.Enqueue((new NodeInput.Submit(verified), transaction));
            Wake();
        }
    }

    /// <summary>What the journal holds, as a start would bring it back.</summary>
    public NodeState Recover() => Replay().Turn.State;

    private Recovered Replay() => Recovery.Replay(Journal.Load(), world.Genesis, keys.Keys.ToArray(), new MempoolLimits());

    private void Post(NodeInput input)
    {
        mailbox.Enqueue((input, null));
        Wake();
    }

    private void Wake()
    {
        if (!isTurnDue && pending is null && mailbox.Count > 0)
        {
            isTurnDue = true;
            var mine = life;
            world.Schedule(world.Now + random.Between(0, 1), 't', Index, (ulong)life, () =>
            {
                if (mine == life)
                {
                    TakeTurn();
                }
            });
        }
    }

    private void TakeTurn()
    {
        isTurnDue = false;
        var turn = new NodeTurn(View);
        var replies = new List<int>();
        for (var i = 1 + random.Below(InputsPerTurn); i > 0 && mailbox.TryDequeue(out var mail); i--)
        {
            if (world.Trace.HasText)
            {
                world.Trace.Say(world.Now, Name, Wording.Of(mail.Input));
            }

            var before = turn.State;
            Routing.Step(turn, mail.Input, Clock);
            if (!IsByzantine && mail.Input is NodeInput.CastVote { Vote.Value: var vote })
            {
                world.Checkers.Counted(this, before, turn.State, vote);
            }

            if (mail.Submitted is not null)
            {
                replies.Add(turn.Effects.Count - 1); // a submission's last effect is its outcome
            }
        }

        world.Coverage.Add(Seen.Turns);
        if (Defect == Defect.ActsBeforeCommit)
        {
            Act(turn, replies);
        }

        if (turn.ToBatch().IsEmpty)
        {
            Durable = turn.State;
            Publish(turn, replies);
            return;
        }

        pending = (turn, replies);
        var latency = random.Between(0, 4);
        if (!world.Network.IsHealed && random.Chance(world.Scenario.SlowDisk))
        {
            world.Coverage.Add(Seen.SlowCommits);
            latency += random.Between(20, 500);
        }

        var mine = life;
        if (world.Faults.StopsHere(this))
        {
            world.Schedule(world.Now + random.Between(0, latency), 'k', Index, (ulong)life, () =>
            {
                if (mine == life)
                {
                    world.Faults.Crash(this);
                }
            });
        }

        world.Schedule(world.Now + latency, 'c', Index, (ulong)turn.Effects.Count, () =>
        {
            if (mine == life)
            {
                pending = null;
                if (TryStore(turn))
                {
                    Publish(turn, replies);
                }
                else
                {
                    StopAfterFailure();
                }
            }
        });
    }

    /// <summary>Stores a turn. Where the disk reports failure nothing is known of it, so the node may only stop.</summary>
    private bool TryStore(NodeTurn turn)
    {
        var batch = turn.ToBatch();
        try
        {
            Journal.Commit(batch);
            Stored(turn, batch);
            return true;
        }
        catch (JournalException)
        {
            if (Journal.IsStored)
            {
                Stored(turn, batch);
            }

            if (Defect == Defect.RetriesInDoubt)
            {
                Journal.Reopen(takesTorn: false);
                Journal.Apply(batch);
                Stored(turn, batch);
                return true;
            }

            return Defect == Defect.IgnoresWriteErrors;
        }
    }

    private void Stored(NodeTurn turn, JournalBatch batch)
    {
        Durable = turn.State;
        world.Checkers.Stored(this, batch);
    }

    private void Publish(NodeTurn turn, List<int> replies)
    {
        var before = View;
        View = turn.State;
        if (before.Chain.Height != View.Chain.Height)
        {
            foreach (var id in timers.Keys.Where(id => id.Height < View.Chain.Height).ToArray())
            {
                timers.Remove(id);
            }
        }

        world.Checkers.Published(this, before);
        if (Defect != Defect.ActsBeforeCommit)
        {
            Act(turn, replies);
        }

        Wake();
    }
}
