using LuxTensor.Engine;
using LuxTensor.Network;
using LuxTensor.Rpc;
using LuxTensor.Storage;

namespace LuxTensor.Node.Hosting;

/// <summary>A node of this process and what it stands on: databases, keys, network, RPC. Everything opened is closed with it.</summary>
internal sealed class RunningNode : IAsyncDisposable
{
    private readonly NodeSetup setup;
    private readonly SqliteJournal journal;
    private readonly SqliteSigningGuard guard;
    private RpcServer? rpc;

    private RunningNode(NodeSetup setup, SqliteJournal journal, SqliteSigningGuard guard, NodeHost host)
    {
        this.setup = setup;
        this.journal = journal;
        this.guard = guard;
        Host = host;
    }

    /// <summary>The node.</summary>
    internal NodeHost Host { get; }

    /// <summary>Its name.</summary>
    internal string Name => setup.Name;

    /// <summary>The validators whose keys it holds.</summary>
    internal IEnumerable<Core.Address> Validators => setup.Keys.Select(static key => Core.Address.Of(key.PublicKey));

    /// <summary>Where its RPC answers over HTTP, once it is started; null for nowhere.</summary>
    internal Uri? Http => rpc?.HttpEndpoint is { } bound ? new Uri($"http://{bound}") : null;

    /// <summary>Where its RPC answers over WebSocket, once it is started; null for nowhere.</summary>
    internal Uri? WebSocket => rpc?.WebSocketEndpoint is { } bound ? new Uri($"ws://{bound}") : null;

    /// <summary>Where its peers reach it, once it is started; null for a node that is alone.</summary>
    internal NetworkNode? Network => setup.Network;

    /// <summary>Opens the databases and brings the node back from them. Nothing runs yet.</summary>
    /// <exception cref="JournalException">A database is damaged, of another chain, or open elsewhere.</exception>
    internal static async Task<RunningNode> OpenAsync(NodeSetup setup)
    {
        SqliteJournal? journal = null;
        SqliteSigningGuard? guard = null;
        try
        {
            Directory.CreateDirectory(setup.Folder);
            journal = SqliteJournal.Open(JournalIn(setup.Folder), setup.Genesis);
            guard = SqliteSigningGuard.Open(GuardIn(setup.Folder), GuardOptions.For(setup.Genesis));
            var options = new NodeOptions
            {
                Genesis = setup.Genesis,
                Journal = journal,
                Guard = guard,
                Keys = setup.Keys,
                Transport = setup.Transport ?? setup.Network?.Transport ?? new LocalNetwork().Join(new Core.Consensus.PeerId(setup.Name)),
                Time = setup.Time,
                Pool = setup.Pool,
                Sync = setup.Sync,
            };
            var host = NodeHost.Open(setup.VerifyWorkers is { } workers ? options with { VerifyWorkers = workers } : options);
            return new RunningNode(setup, journal, guard, host);
        }
        catch
        {
            guard?.Dispose();
            journal?.Dispose();
            await ReleaseAsync(setup);
            throw;
        }
    }

    /// <summary>Starts the RPC, then the node, so that nobody misses what it says first.</summary>
    /// <exception cref="CommandFailure">A port is taken.</exception>
    internal async Task StartAsync(CancellationToken cancellation)
    {
        if (setup.Http is not null || setup.WebSocket is not null)
        {
            setup.Http?.RequireFree();
            setup.WebSocket?.RequireFree();
            var options = new RpcOptions
            {
                HttpEndpoint = setup.Http?.Endpoint,
                WebSocketEndpoint = setup.WebSocket?.Endpoint,
                AllowedHosts = ["localhost", .. setup.AllowedHosts],
                AllowedOrigins = setup.AllowedOrigins,
            };
            rpc = await RpcServer.StartAsync(Host, options, cancellation);
        }

        Host.Start();
        if (setup.Network is { } network)
        {
            try
            {
                await network.StartAsync(cancellation);
            }
            catch (IOException taken)
            {
                throw new CommandFailure(ExitCode.InUse, taken.Message, taken);
            }
        }
    }

    /// <summary>Closes the RPC, stops the node, closes its files.</summary>
    public async ValueTask DisposeAsync()
    {
        if (rpc is not null)
        {
            await rpc.DisposeAsync();
        }

        await Host.DisposeAsync();
        guard.Dispose();
        journal.Dispose();
        await ReleaseAsync(setup);
    }

    /// <summary>The journal of a node's folder.</summary>
    internal static string JournalIn(string folder) => Path.Combine(folder, "journal.db");

    /// <summary>The signing guard of a node's folder.</summary>
    internal static string GuardIn(string folder) => Path.Combine(folder, "guard.db");

    private static async ValueTask ReleaseAsync(NodeSetup setup)
    {
        if (setup.Transport is { } other)
        {
            await other.DisposeAsync();
        }

        if (setup.Network is { } network)
        {
            await network.DisposeAsync();
        }

        setup.PeerRecords?.Dispose();
        foreach (var key in setup.Keys)
        {
            key.Dispose();
        }
    }
}
