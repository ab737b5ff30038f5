using System.Collections.Immutable;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Tests.Simulation;

/// <summary>Carries frames between nodes, and does to them what the scenario says until the network heals.</summary>
internal sealed class Network
{
    private const int Memory = 128;

    private readonly World world;
    private readonly Scenario scenario;
    private readonly Prng random;
    private readonly bool[,] blocked;
    private readonly ulong[,] lastArrival;
    private readonly List<(int From, Frame Frame)> remembered = [];

    public Network(World world, Prng random)
    {
        this.world = world;
        this.random = random;
        scenario = world.Scenario;
        blocked = new bool[scenario.Nodes, scenario.Nodes];
        lastArrival = new ulong[scenario.Nodes, scenario.Nodes];
        Names = [.. Enumerable.Range(0, scenario.Nodes).Select(index => new PeerId($"n{index}"))];
    }

    public ImmutableArray<PeerId> Names { get; }

    public bool IsHealed { get; private set; }

    public int IndexOf(PeerId peer) => Names.IndexOf(peer);

    public void Broadcast(int from, Message message)
    {
        var frame = Encode(message);
        for (var to = 0; to < scenario.Nodes; to++)
        {
            if (to != from)
            {
                Send(from, to, frame);
            }
        }
    }

    public void Send(int from, int to, Message message) => Send(from, to, Encode(message));

    public void Send(int from, int to, Frame frame)
    {
        if (blocked[from, to] || scenario.Script?.Connects(world, from, to, frame.Decode(scenario.Rules)) == false)
        {
            world.Coverage.Add(Seen.BlockedByPartition);
            return;
        }

        if (!IsHealed && random.Chance(scenario.Loss))
        {
            world.Coverage.Add(Seen.Lost);
            return;
        }

        Remember(from, frame);
        Dispatch(from, to, frame);
        if (!IsHealed && random.Chance(scenario.Replay))
        {
            world.Coverage.Add(Seen.FramesReplayed);
            var (sender, old) = random.Pick(remembered);
            Dispatch(sender, to, old);
        }

        if (!IsHealed && random.Chance(scenario.Duplication))
        {
            world.Coverage.Add(Seen.Duplicated);
            Dispatch(from, to, frame);
        }
    }

    /// <summary>Cuts every way from one group to another.</summary>
    public void Block(IEnumerable<int> from, IReadOnlyCollection<int> to)
    {
        foreach (var source in from)
        {
            foreach (var target in to.Where(target => target != source))
            {
                blocked[source, target] = true;
            }
        }
    }

    public void Unblock() => Array.Clear(blocked);

    public void Heal()
    {
        Unblock();
        IsHealed = true;
    }

    /// <summary>Keeps a sample of all frames so far for <see cref="FaultKind.Replay"/>.</summary>
    private void Remember(int from, Frame frame)
    {
        if (scenario.Replay == 0 || IsHealed)
        {
            return;
        }

        if (remembered.Count < Memory)
        {
            remembered.Add((from, frame));
        }
        else if (random.Chance(100))
        {
            remembered[random.Below(Memory)] = (from, frame);
        }
    }

    private Frame Encode(Message message) => new(MessageCodec.Encode(scenario.Rules.ChainId, message));

    private void Dispatch(int from, int to, Frame frame)
    {
        var arrival = world.Now + random.Between(scenario.Latency.Least, scenario.Latency.Most);
        if (!IsHealed && random.Chance(scenario.Delay))
        {
            world.Coverage.Add(Seen.Delayed);
            arrival += random.Between(50, scenario.DelayMost);
        }

        if (!IsHealed && random.Chance(scenario.Corruption))
        {
            world.Coverage.Add(Seen.Corrupted);
            frame = Corrupt(frame);
        }

        if (!scenario.Reordering)
        {
            arrival = ulong.Max(arrival, lastArrival[from, to]);
            lastArrival[from, to] = arrival;
        }

        world.Schedule(arrival, 'm', to, frame.Print, () => world.Node(to).Receive(from, frame));
    }

    private Frame Corrupt(Frame frame)
    {
        var bytes = frame.Bytes.ToArray();
        switch (random.Below(4))
        {
            case 0:
                Array.Resize(ref bytes, random.Below(bytes.Length));
                break;
            case 1:
                Array.Resize(ref bytes, bytes.Length + 1 + random.Below(8));
                break;
            default:
                bytes[random.Below(bytes.Length)] ^= (byte)(1 << random.Below(8));
                break;
        }

        return new Frame(bytes);
    }
}
