using System.Collections.Concurrent;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Network;
using LuxTensor.Tests.Engine;

namespace LuxTensor.Tests.Network;

/// <summary>The contract of every host, over libp2p on loopback instead of a network within the process.</summary>
public sealed class Libp2pContract : NodeContract
{
    private protected override ITestNetwork Network(TestChain chain) => new Libp2pNetwork(chain);
}

/// <summary>Embedded nodes with journals in memory that reach each other over TCP.</summary>
internal sealed class Libp2pNetwork(TestChain chain) : ITestNetwork
{
    private readonly ConcurrentQueue<Vote> released = [];
    private readonly IJournal[] journals = [.. chain.Validators.Select(_ => new MemoryJournal(chain.Genesis))];
    private readonly ISigningGuard[] guards = [.. chain.Validators.Select(_ => new MemoryGuard())];
    private readonly SortedDictionary<int, (NodeHost Host, NetworkNode Network)> running = [];

    public TestChain Chain => chain;

    public IReadOnlyList<Vote> Released => [.. released];

    public INode Start(int index) => Task.Run(() => StartAsync(index)).GetAwaiter().GetResult();

    public async Task StopAsync(int index)
    {
        if (running.Remove(index, out var node))
        {
            await node.Host.DisposeAsync();
            await node.Network.DisposeAsync();
            await node.Host.Completion; // a node that failed is the reason of whatever went wrong
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var index in running.Keys.ToArray())
        {
            await StopAsync(index);
        }
    }

    private async Task<INode> StartAsync(int index)
    {
        var network = await NetworkNode.OpenAsync(
            chain.Genesis,
            PeerIdentity.FromSeed([.. Enumerable.Repeat((byte)(index + 1), 32)]),
            new NetworkSettings { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")], MostPerAddress = 64 },
            records: null,
            events: null,
            TimeProvider.System);
        var host = NodeHost.Open(new NodeOptions
        {
            Genesis = chain.Genesis,
            Journal = journals[index],
            Guard = new ObservedGuard(guards[index], released.Enqueue),
            Keys = [chain.Validators[index]],
            Transport = network.Transport,
        });
        host.Start();
        await network.StartAsync(CancellationToken.None);
        foreach (var other in running.Values)
        {
            await network.DialAsync(other.Network.Addresses[0], CancellationToken.None);
        }

        running.Add(index, (host, network));
        return host;
    }
}
