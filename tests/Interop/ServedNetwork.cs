using System.Net;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Rpc;
using LuxTensor.Storage;

namespace LuxTensor.Tests.Interop;

/// <summary>Four validators with their own databases and signing guards, one of which serves applications on loopback.</summary>
internal sealed class ServedNetwork : IAsyncDisposable
{
    private const int Validators = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("luxtensor-interop-");
    private readonly LocalNetwork wire = new();
    private readonly Stack<IAsyncDisposable> parts = new();
    private readonly Genesis genesis;
    private NodeHost served = null!;
    private RpcServer server = null!;
    private IPEndPoint http = new(IPAddress.Loopback, 0);
    private IPEndPoint webSocket = new(IPAddress.Loopback, 0);

    private ServedNetwork() => genesis = CreateGenesis();

    /// <summary>The seed of an account that has tokens.</summary>
    public static string SeedOfSender => Convert.ToHexStringLower(SeedOf(200));

    public string HttpUrl => $"http://{http}";

    public string WebSocketUrl => $"ws://{webSocket}";

    /// <summary>Starts the nodes and the server, and waits until blocks are final.</summary>
    public static async Task<ServedNetwork> StartAsync()
    {
        var network = new ServedNetwork();
        try
        {
            var hosts = Enumerable.Range(0, Validators).Select(network.Open).ToArray();
            network.served = hosts[0];
            var final = new HeightReached(2);
            using var subscription = network.served.Subscribe(final);
            foreach (var host in hosts)
            {
                host.Start();
            }

            await network.ServeAsync();
            await final.Reached.WaitAsync(Patience);
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops the server, and starts one at the same addresses. The chain goes on.</summary>
    public async Task RestartServerAsync()
    {
        await server.DisposeAsync();
        await ServeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
        {
            await server.DisposeAsync();
        }

        while (parts.TryPop(out var part))
        {
            await part.DisposeAsync();
        }

        folder.Delete(recursive: true);
    }

    private async Task ServeAsync()
    {
        server = await RpcServer.StartAsync(served, new RpcOptions { HttpEndpoint = http, WebSocketEndpoint = webSocket });
        http = server.HttpEndpoint!;
        webSocket = server.WebSocketEndpoint!;
    }

    private NodeHost Open(int index)
    {
        var name = $"node-{index}";
        var journal = SqliteJournal.Open(Path.Combine(folder.FullName, $"{name}.db"), genesis);
        parts.Push(new Closing(journal));
        var guard = SqliteSigningGuard.Open(Path.Combine(folder.FullName, $"{name}-guard.db"), GuardOptions.For(genesis));
        parts.Push(new Closing(guard));
        var transport = wire.Join(new PeerId(name));
        parts.Push(transport);
        var host = NodeHost.Open(new NodeOptions
        {
            Genesis = genesis,
            Journal = journal,
            Guard = guard,
            Keys = [SigningKey.FromSeed(SeedOf(index + 1))],
            Transport = transport,
        });
        parts.Push(host);
        return host;
    }

    private static Genesis CreateGenesis()
    {
        // Blocks come quickly, and a busy machine does not make the nodes give up a round: that would reorganise what clients read.
        var rules = new ChainRules { ChainId = 1337, BlockInterval = 200, RoundTimeout = 5_000, RoundTimeoutStep = 1_000 };
        var created = Genesis.TryCreate(
            rules,
            1_700_000_000_000,
            [.. Enumerable.Range(1, Validators).Select(i => new GenesisValidator(SigningKey.FromSeed(SeedOf(i)).PublicKey, 100 * ChainRules.Token))],
            [new GenesisAccount(Address.Of(SigningKey.FromSeed(SeedOf(200)).PublicKey), 1_000 * ChainRules.Token)],
            out var genesis,
            out var why);
        return created ? genesis! : throw new InvalidOperationException(why!.ToString());
    }

    private static byte[] SeedOf(int number) => [(byte)number, .. new byte[31]];

    private sealed class Closing(IDisposable part) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            part.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class HeightReached(ulong height) : INoticeSink
    {
        private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reached => reached.Task;

        public void Publish(Notice notice)
        {
            switch (notice)
            {
                case Notice.Finalized final when final.Sequence >= height:
                    reached.TrySetResult();
                    break;
                case Notice.Stopped stopped:
                    reached.TrySetException(new InvalidOperationException($"the node stopped: {stopped.Failure}"));
                    break;
            }
        }
    }
}
