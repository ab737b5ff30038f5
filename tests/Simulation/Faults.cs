namespace LuxTensor.Tests.Simulation;

/// <summary>Stops and restarts nodes, and cuts the network, until it heals.</summary>
internal sealed class Faults(World world, Prng random)
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
        foreach (var node in world.Nodes)
        {
            Restart(node);
        }

        world.Network.Heal();
        world.Trace.Say(world.Now, "", "the network heals");
    }

    private static void Restart(SimulatedNode node)
    {
        if (!node.IsUp)
        {
            node.Start();
        }
    }

    private void Tick()
    {
        if (world.Network.IsHealed)
        {
            return;
        }

        foreach (var node in world.Nodes)
        {
            if (node.IsUp && !node.IsByzantine && random.Chance(scenario.Crash))
            {
                Crash(node);
            }
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
                Cut();
            }
        }

        Start();
    }

    private void Cut()
    {
        world.Coverage.Add(Seen.Partitions);
        partitionedUntil = world.Now + random.Between(300, 5_000);
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
