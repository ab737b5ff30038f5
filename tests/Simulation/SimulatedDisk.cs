using LuxTensor.Engine;

namespace LuxTensor.Tests.Simulation;

/// <summary>How a write ends.</summary>
internal enum WriteResult
{
    Done,

    /// <summary>Nothing was written, and that is what is reported.</summary>
    Failed,

    /// <summary>A part was written, and failure is reported.</summary>
    Torn,

    /// <summary>All was written, and failure is reported: the answer did not come in time.</summary>
    InDoubt,
}

/// <summary>What a node's journal and guard lie on. Decides how each write ends.</summary>
internal sealed class SimulatedDisk(World world, Prng random, bool isReliable)
{
    private ulong fullUntil;

    public bool IsFull => world.Now < fullUntil && !world.Network.IsHealed;

    public void Fill(ulong duration)
    {
        world.Coverage.Add(Seen.DisksFull);
        fullUntil = world.Now + duration;
    }

    public WriteResult Next()
    {
        if (IsFull)
        {
            world.Coverage.Add(Seen.WritesWithoutRoom);
            return WriteResult.Failed;
        }

        if (isReliable || world.Network.IsHealed || !random.Chance(world.Scenario.WriteError))
        {
            return WriteResult.Done;
        }

        var result = random.Pick([WriteResult.Failed, WriteResult.Torn, WriteResult.InDoubt]);
        world.Coverage.Add(result switch
        {
            WriteResult.Failed => Seen.WritesFailed,
            WriteResult.Torn => Seen.WritesTorn,
            _ => Seen.WritesInDoubt,
        });
        return result;
    }

    public static JournalException Failure(WriteResult result) =>
        new(result == WriteResult.InDoubt ? "the disk did not answer in time" : "the disk reported an error");
}
