using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Simulation;

/// <content>How a node starts, stops, stands still and comes back with other data than it had.</content>
internal sealed partial class SimulatedNode
{
    /// <summary>Frames that wait for a node which stands still; more are lost.</summary>
    private const int FramesHeld = 256;

    private readonly Queue<(char Kind, ulong What, Action Run)> held = new();
    private (SimulatedJournal.Snapshot Journal, NodeState State, IReadOnlyCollection<Vote> Guard)? copy;
    private int framesHeld;

    /// <summary>Whether the node stands still: what happens to it waits.</summary>
    public bool IsPaused { get; private set; }

    public bool HasCopy => copy is not null;

    /// <summary>Starts, or starts again, from what the journal holds. False where the disk does not allow it.</summary>
    public bool Start()
    {
        if (Journal.Reopen(Defect == Defect.TakesTornWrites))
        {
            world.Coverage.Add(Seen.TornWritesDropped);
        }

        var recovered = Replay();
        var batch = recovered.Turn.ToBatch();
        if (!batch.IsEmpty)
        {
            try
            {
                Journal.Commit(batch);
            }
            catch (JournalException)
            {
                world.Coverage.Add(Seen.StartsFailed);
                if (Journal.IsStored)
                {
                    world.Checkers.Stored(this, batch);
                }

                return false;
            }

            world.Checkers.Stored(this, batch);
        }

        View = recovered.Turn.State;
        if (life > 0)
        {
            world.Coverage.Add(Seen.Restarts);
            world.Checkers.Restarted(this, recovered.Signed);
        }

        Durable = View;
        Silence(recovered);
        IsUp = true;
        Post(new NodeInput.Chain(new ChainInput.Resume()));
        return true;
    }

    /// <summary>Stops at once. What was being stored is stored, torn or not there; everything else in memory is gone.</summary>
    public void Crash()
    {
        world.Coverage.Add(Seen.Crashes);
        world.Trace.Say(world.Now, Name, pending is null ? "crashes" : "crashes while storing");
        if (signing > 0)
        {
            world.Coverage.Add(Seen.CrashesWithSignerAtWork);
        }

        if (pending is { Turn: var turn })
        {
            if (random.Chance(500))
            {
                world.Coverage.Add(Seen.CrashesAfterCommit);
                Journal.Apply(turn.ToBatch());
                Stored(turn, turn.ToBatch());
            }
            else
            {
                world.Coverage.Add(Seen.CrashesBeforeCommit);
                if (random.Chance(500))
                {
                    Journal.Tear(turn.ToBatch());
                }
            }
        }

        Stop();
        switch (Defect)
        {
            case Defect.ForgetsJournal:
                Journal.Clear();
                break;
            case Defect.ForgetsInputs:
                Journal.ClearInputs();
                break;
            default:
                break;
        }
    }

    /// <summary>Stands still; what arrives and what is due waits, up to what an inbox holds.</summary>
    public void Pause()
    {
        world.Coverage.Add(Seen.Pauses);
        world.Trace.Say(world.Now, Name, "stands still");
        IsPaused = true;
    }

    /// <summary>Takes, in order, all that waited.</summary>
    public void Resume()
    {
        IsPaused = false;
        framesHeld = 0;
        world.Trace.Say(world.Now, Name, $"goes on, {held.Count} events late");
        while (held.TryDequeue(out var late))
        {
            world.Coverage.Add(Seen.EventsHeld);
            world.Schedule(world.Now, late.Kind, Index, late.What, late.Run);
        }
    }

    /// <summary>Keeps an event for later.</summary>
    public void Hold(char kind, ulong what, Action run)
    {
        if (kind == 'm' && ++framesHeld > FramesHeld)
        {
            world.Coverage.Add(Seen.FramesDropped);
            return;
        }

        held.Enqueue((kind, what, run));
    }

    /// <summary>Sets the clock off by so much.</summary>
    public void Jump(long milliseconds)
    {
        jump = milliseconds;
        world.Trace.Say(world.Now, Name, $"has its clock {milliseconds} ms off");
    }

    public long Off => jump;

    /// <summary>Copies journal and guard, as a backup does.</summary>
    public void Copy() => copy = (Journal.Copy(), Durable, guard.Copy());

    /// <summary>Puts the older journal in place; the node is down. Without a copy, or asked for it, an empty one.</summary>
    public void RestoreJournal(bool toNothing, bool withGuard)
    {
        var (journal, state, votes) = copy is { } older && !toNothing ? older : (null, null, []);
        world.Coverage.Add(withGuard ? Seen.MachinesRestored : journal is null ? Seen.Amnesias : Seen.JournalsRestored);
        world.Trace.Say(world.Now, Name, journal is null ? "loses its journal" : "gets an older journal");
        if (journal is null)
        {
            Journal.Clear();
        }
        else
        {
            Journal.Restore(journal);
        }

        if (withGuard)
        {
            guard.Restore(votes);
        }

        Durable = state ?? Replay().Turn.State;
        View = Durable;
        copy = null;
        HasLostData = true;
        var known = votes.Select(vote => vote.Ballot).Concat(Durable.Chain.Asked.Select(asked => asked.Ballot)).ToHashSet();
        world.Checkers.LostData(this, withGuard ? [] : guard.Copy().Where(vote => vote.Ballot.Phase != Phase.Propose && !known.Contains(vote.Ballot)));
    }

    /// <summary>Puts the older guard in place; the node is down.</summary>
    public void RestoreGuard()
    {
        world.Coverage.Add(Seen.GuardsRestored);
        world.Trace.Say(world.Now, Name, "gets an older guard");
        guard.Restore(copy!.Value.Guard);
        copy = null;
        HasOlderGuard = true;
    }

    /// <summary>Whether the journal was once replaced by an older one.</summary>
    public bool HasLostData { get; private set; }

    /// <summary>Whether the guard was once replaced by an older one.</summary>
    public bool HasOlderGuard { get; private set; }

    /// <summary>The operator says that the keys sign nowhere else.</summary>
    public void AcceptGuard()
    {
        foreach (var validator in keys.Keys)
        {
            guard.Accept(validator);
        }
    }

    private void Stop()
    {
        life++;
        IsUp = false;
        IsPaused = false;
        pending = null;
        isTurnDue = false;
        signing = 0;
        framesHeld = 0;
        held.Clear();
        mailbox.Clear();
        timers.Clear();
    }

    /// <summary>The journal or the guard reported failure: the node stops, says nothing more, and looks anew when it starts again.</summary>
    private void StopAfterFailure()
    {
        world.Coverage.Add(Seen.StopsAfterFailedWrites);
        world.Trace.Say(world.Now, Name, "stops, because a write failed");
        Stop();
        world.Faults.Revive(this);
    }
}
