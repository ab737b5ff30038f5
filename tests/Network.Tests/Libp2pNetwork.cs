using System.Collections.Concurrent;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Network;
using LuxTensor.Tests.Engine;

namespace LuxTensor.Tests.Network;

/// <summary>Embedded nodes with journals in memory that reach each other over TCP.</summary>
internal sealed class Libp2pNetwork(TestChain chain) : ITestNetwork
{
    private readonly ConcurrentQueue<Vote> released = [];
    private readonly IJournal[] journals = [.. chain.Validators.Select(_ => new MemoryJournal(chain.Genesis))];
    private readonly ISigningGuard[] guards = [.. chain.Validators.Select(_ => new MemoryGuard())];
    private readonly SortedDictionary<int, (NodeHost Host, NetworkNode Network)> running = [];

    public TestChain Chain => chain;

    public IReadOnlyList<Vote> Released => [.. released];

    public INode this[int index] => running[index].Host;

    /// <summary>A place in the network for validator <paramref name="index"/>; nothing listens yet.</summary>
    public static Task<NetworkNode> OpenAsync(TestChain chain, int index) => NetworkNode.OpenAsync(
        chain.Genesis,
        PeerIdentity.FromSeed([.. Enumerable.Repeat((byte)(index + 1), 32)]),
        new NetworkSettings { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")], MostPerAddress = 64 },
        records: null,
        events: null,
        TimeProvider.System);

    public Multiaddr AddressOf(int index) => running[index].Network.Addresses[0];

    public INode Start(int index) => Task.Run(() => StartAsync(index)).GetAwaiter().GetResult();

    /// <summary>Starts a node, which calls those that run already, or only these.</summary>
    public async Task<INode> StartAsync(int index, params Multiaddr[] only)
    {
        var network = await OpenAsync(chain, index);
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
        foreach (var other in only.Length > 0 ? only : [.. running.Values.Select(static node => node.Network.Addresses[0])])
        {
            await network.DialAsync(other, CancellationToken.None);
        }

        running.Add(index, (host, network));
        return host;
    }

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
}
