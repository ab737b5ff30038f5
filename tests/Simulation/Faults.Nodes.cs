namespace LuxTensor.Tests.Simulation;

/// <content>What happens to single nodes.</content>
internal sealed partial class Faults
{
    /// <summary>A clock that is further off than this makes its node's blocks unacceptable, or all others unacceptable to it.</summary>
    private const long FarOff = 2_000;

    private void Strike(SimulatedNode node)
    {
        if (random.Chance(scenario.Jump))
        {
            Jump(node);
        }

        if (random.Chance(scenario.DiskFull))
        {
            node.Disk.Fill(random.Between(200, 2_500));
        }

        if (!node.IsUp || node.IsPaused)
        {
            return;
        }

        if (scenario.Restore > 0 && random.Chance(node.HasCopy ? 50 : 300))
        {
            node.Copy();
        }

        if (random.Chance(scenario.Pause))
        {
            node.Pause();
            var back = world.Now + random.Between(200, random.Chance(300) ? 6_000u : 1_500u);
            world.Schedule(back, 'r', node.Index, back, () =>
            {
                if (node.IsPaused)
                {
                    node.Resume();
                }
            });
        }
        else if (random.Chance(scenario.Restore))
        {
            Lose(node);
        }
        else if (random.Chance(scenario.Crash))
        {
            Crash(node);
        }
    }

    /// <summary>Sets a clock off, or right again. Far off are never so many that those left could not refuse what they make.</summary>
    private void Jump(SimulatedNode node)
    {
        var (to, far) = (0L, random.Chance(400));
        if (node.Off == 0)
        {
            to = (long)random.Between(100, far ? random.Pick([10_000UL, 600_000UL]) : FarOff) * (random.Chance(500) ? 1 : -1);
        }

        if (long.Abs(to) > FarOff && StakeOff(node) * 3 >= scenario.Stakes.Sum() * 2)
        {
            return;
        }

        world.Coverage.Add(Seen.ClockJumps);
        node.Jump(to);
    }

    private int StakeOff(SimulatedNode struck) => Enumerable.Range(0, scenario.Stakes.Length)
        .Where(index => index == struck.Index || long.Abs(world.Node(index).Off) > FarOff || world.MayEquivocate(world.Keys.AddressOf(index)))
        .Sum(index => scenario.Stakes[index]);

    /// <summary>Stops a node and puts older data, or none, where its own was, in a way that its validator is drawn for.</summary>
    private void Lose(SimulatedNode node)
    {
        if (scenario.Resets.Contains(node.Index))
        {
            Crash(node);
            node.RestoreJournal(toNothing: random.Chance(300), withGuard: true);
        }
        else if (scenario.Forgetful.Contains(node.Index) && node.HasCopy && !node.HasLostData && random.Chance(300))
        {
            Crash(node);
            node.RestoreGuard();
        }
        else if ((scenario.Forgetful.Contains(node.Index) && !node.HasOlderGuard) || !node.Validators.Any())
        {
            // Never both: who has lost the one and then loses the other has nothing left that knows what was signed.
            Crash(node);
            node.RestoreJournal(toNothing: random.Chance(300), withGuard: false);
        }
    }
}
