using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Engine;

/// <summary>The contract on the embedded host, with journals in memory.</summary>
public sealed class EmbeddedContract : NodeContract
{
    private protected override ITestNetwork Network(TestChain chain) => new MemoryNetwork(chain);

    private sealed class MemoryNetwork(TestChain chain) : ITestNetwork
    {
        private readonly LocalNetwork wire = new();
        private readonly MemoryJournal[] journals = [.. chain.Validators.Select(_ => new MemoryJournal(chain.Genesis))];
        private readonly MemoryGuard[] guards = [.. chain.Validators.Select(_ => new MemoryGuard())];
        private readonly Dictionary<int, (NodeHost Host, ITransport Transport)> running = [];

        public TestChain Chain => chain;

        public IReadOnlyList<Vote> Released => [.. guards.SelectMany(guard => guard.Released)];

        public INode Start(int index)
        {
            var transport = wire.Join(new PeerId($"node-{index}"));
            var host = NodeHost.Open(new NodeOptions
            {
                Genesis = chain.Genesis,
                Journal = journals[index],
                Guard = guards[index],
                Keys = [chain.Validators[index]],
                Transport = transport,
            });
            running.Add(index, (host, transport));
            host.Start();
            return host;
        }

        public async Task StopAsync(int index)
        {
            if (running.Remove(index, out var node))
            {
                await node.Host.DisposeAsync();
                await node.Transport.DisposeAsync();
                await node.Host.Completion;
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
}
