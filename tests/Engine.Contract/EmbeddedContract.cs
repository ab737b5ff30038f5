using System.Collections.Concurrent;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Storage;

namespace LuxTensor.Tests.Engine;

/// <summary>The contract on the embedded host, with journals in memory.</summary>
public sealed class EmbeddedContract : NodeContract
{
    private protected override ITestNetwork Network(TestChain chain)
    {
        var journals = chain.Validators.Select(_ => new MemoryJournal(chain.Genesis)).ToArray();
        var guards = chain.Validators.Select(_ => new MemoryGuard()).ToArray();
        return new EmbeddedNetwork(chain, index => journals[index], index => guards[index]);
    }
}

/// <summary>The contract on the embedded host as an operator runs it: SQLite, a file for the journal and one for the guard.</summary>
public sealed class SqliteContract : NodeContract, IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("luxtensor-");

    public void Dispose() => folder.Delete(recursive: true);

    private protected override ITestNetwork Network(TestChain chain) => new EmbeddedNetwork(
        chain,
        index => SqliteJournal.Open(Path.Combine(folder.FullName, $"{index}.db"), chain.Genesis),
        index => SqliteSigningGuard.Open(Path.Combine(folder.FullName, $"{index}-guard.db"), GuardOptions.For(chain.Genesis)));
}

/// <summary>Embedded nodes on a network within this process.</summary>
internal sealed class EmbeddedNetwork(TestChain chain, Func<int, IJournal> openJournal, Func<int, ISigningGuard> openGuard) : ITestNetwork
{
    private readonly LocalNetwork wire = new();
    private readonly ConcurrentQueue<Vote> released = [];
    private readonly Dictionary<int, (NodeHost Host, IReadOnlyList<IDisposable> Parts, ITransport Transport)> running = [];

    public TestChain Chain => chain;

    /// <summary>Changes what a node runs on.</summary>
    public Func<int, NodeOptions, NodeOptions> Arrange { get; init; } = static (_, options) => options;

    /// <summary>Is told of a node before it runs.</summary>
    public Action<int, NodeHost> Started { get; init; } = static (_, _) => { };

    public IReadOnlyList<Vote> Released => [.. released];

    public INode Start(int index)
    {
        var transport = wire.Join(new PeerId($"node-{index}"));
        var journal = openJournal(index);
        var guard = openGuard(index);
        var host = NodeHost.Open(Arrange(index, new NodeOptions
        {
            Genesis = chain.Genesis,
            Journal = journal,
            Guard = new ObservedGuard(guard, released.Enqueue),
            Keys = [chain.Validators[index]],
            Transport = transport,
        }));
        Started(index, host);
        running.Add(index, (host, [journal, guard], transport));
        host.Start();
        return host;
    }

    public async Task StopAsync(int index)
    {
        if (running.Remove(index, out var node))
        {
            await node.Host.DisposeAsync();
            await node.Transport.DisposeAsync();
            foreach (var part in node.Parts)
            {
                part.Dispose();
            }

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
