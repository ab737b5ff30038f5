namespace LuxTensor.Tests.Simulation;

/// <summary>Stops, restarts, delays and damages nodes, and cuts the network, until it heals.</summary>
internal sealed partial class Faults(World world, Prng random)
{
    private const ulong TickEvery = 250;

    private readonly Scenario scenario = world.Scenario;
    private ulong partitionedUntil;

    public void Start() => world.Schedule(world.Now + TickEvery, 'F', 255, 0, Tick);

    /// <summary>Whether a node is to stop after the effect it is at.</summary>
    public bool StopsHere(SimulatedNode node) => !world.Network.IsHealed && !node.IsByzantine && random.Chance(scenario.CrashInEffects);

    public void Crash(SimulatedNode node)
    {
        node.Crash();
        Revive(node);
    }

    /// <summary>Has whoever watches the node start it again, sooner or later.</summary>
    public void Revive(SimulatedNode node)
    {
        var back = world.Now + random.Between(1, random.Chance(300) ? 6_000u : 500u);
        world.Schedule(back, 'r', node.Index, back, () => Restart(node));
    }

    /// <summary>Lets a node hear and not be heard.</summary>
    public void Mute(int node, ulong duration)
    {
        partitionedUntil = world.Now + duration;
        world.Network.Block([node], Enumerable.Range(0, scenario.Nodes).ToArray());
    }

    /// <summary>Ends every fault but those of Byzantine validators.</summary>
    public void End()
    {
        world.Network.Heal();
        foreach (var node in world.Nodes)
        {
            if (node.IsPaused)
            {
                node.Resume();
            }

            node.Jump(0);
            Restart(node);
            node.AcceptGuard();
        }

        world.Trace.Say(world.Now, "", "the network heals");
    }

    private void Restart(SimulatedNode node)
    {
        if (!node.IsUp && !node.Start())
        {
            Revive(node);
        }
    }

    private void Tick()
    {
        if (world.Network.IsHealed)
        {
            return;
        }

        foreach (var node in world.Nodes.Where(node => !node.IsByzantine))
        {
            Strike(node);
        }

        if (random.Chance(scenario.Crash / 12))
        {
            foreach (var node in world.Nodes.Where(node => node.IsUp && !node.IsByzantine))
            {
                Crash(node); // all at once, as when the power fails
            }
        }

        if (world.Now >= partitionedUntil)
        {
            world.Network.Unblock();
            if (random.Chance(scenario.Partition))
            {
                Cut(random.Between(300, 5_000));
            }
            else if (random.Chance(scenario.Flap))
            {
                world.Coverage.Add(Seen.Flaps);
                Cut(random.Between(20, 150));
                Flap(world.Now + random.Between(1_000, 3_000));
            }
        }

        Start();
    }

    /// <summary>Goes on cutting, another way each time, with a short while of peace between.</summary>
    private void Flap(ulong end) => world.Schedule(partitionedUntil, 'F', 255, end, () =>
    {
        if (world.Network.IsHealed)
        {
            return;
        }

        world.Network.Unblock();
        if (world.Now < end)
        {
            var peace = random.Between(5, 80);
            world.Schedule(world.Now + peace, 'F', 255, peace, () =>
            {
                if (!world.Network.IsHealed)
                {
                    Cut(random.Between(20, 150));
                    Flap(end);
                }
            });
        }
    });

    private void Cut(ulong duration)
    {
        world.Coverage.Add(Seen.Partitions);
        partitionedUntil = world.Now + duration;
        var order = Enumerable.Range(0, scenario.Nodes).ToArray();
        random.Shuffle(order);
        var size = random.Chance(500) ? 1 : 1 + random.Below(order.Length - 1);
        var left = order[..size];
        var right = order[size..];
        world.Network.Block(left, right);
        if (random.Chance(500))
        {
            world.Network.Block(right, left); // otherwise one way only
        }

        world.Trace.Say(world.Now, "", $"partition: {string.Join(' ', left)} | {string.Join(' ', right)}");
    }
}
