using LuxTensor.Grains;
using LuxTensor.Network;
using LuxTensor.Rpc;
using LuxTensor.Storage;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LuxTensor.Silo.Hosting;

/// <summary>One silo with everything around it: operations port, RPC where it is a gateway, metrics. Runs once.</summary>
internal sealed class SiloProcess : IAsyncDisposable
{
    private readonly Prepared prepared;
    private readonly EventLog log;
    private readonly PrometheusText metrics = new(static meter => meter.Name is "Microsoft.Orleans" or "System.Runtime"
        || meter.Name.StartsWith("LuxTensor.", StringComparison.Ordinal));
    private readonly IHost host;
    private readonly SiloMeter meter;

    internal SiloProcess(Prepared prepared, PostgresStore store, NetworkNode? network, string membershipConnection, EventLog log)
    {
        this.prepared = prepared;
        this.log = log;
        host = Build(prepared, store, network, membershipConnection, log, metrics);
        var readiness = host.Services.GetRequiredService<Readiness>();
        meter = new SiloMeter(prepared.Settings.Role, () => readiness.Reason is null, () => readiness.FinalHeight);
    }

    /// <summary>Starts the silo, and stops it when asked to.</summary>
    /// <exception cref="SiloFailure">It did not start, or it ended by itself.</exception>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        var settings = prepared.Settings;
        try
        {
            await host.StartAsync(cancellation);
        }
        catch (Exception e)
        {
            await AbandonAsync();
            cancellation.ThrowIfCancellationRequested();
            throw new SiloFailure($"the silo did not start: {e.GetBaseException().Message}", e);
        }

        var address = host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
        log.Write(new NodeEvent(
            "started",
            $"start   {settings.Name}: {settings.Role.ToString().ToLowerInvariant()} silo {address} of cluster {settings.Cluster.Id}, chain "
            + $"{prepared.Genesis.Rules.ChainId}, genesis {prepared.Genesis.Hash}; health at http://{settings.Operations.Listen}/health/ready",
            [("node", settings.Name), ("role", settings.Role.ToString().ToLowerInvariant()), ("silo", address.ToString()), ("cluster", settings.Cluster.Id),
                ("chainId", prepared.Genesis.Rules.ChainId), ("genesisHash", prepared.Genesis.Hash.ToString()), ("operations", settings.Operations.Listen.ToString())]));
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var byItself = host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(ended.SetResult);
        await Task.WhenAny(ended.Task, Task.Delay(Timeout.Infinite, cancellation));
        await StopAsync();
        if (!cancellation.IsCancellationRequested)
        {
            throw new SiloFailure("the silo ended by itself: the lines above say why");
        }

        log.Write(new NodeEvent("stopped", $"stopped {settings.Name}", [("node", settings.Name)]));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        meter.Dispose();
        await ((IAsyncDisposable)host).DisposeAsync();
        metrics.Dispose();
    }

    // What was started of a silo that did not start: it may be in no state to be stopped, and why it did not start is what matters.
    private async Task AbandonAsync()
    {
        try
        {
            await StopAsync();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            log.Write(new NodeEvent("warning", $"warning what had started did not stop: {e.Message}", [("text", e.Message)]));
        }
    }

    private async Task StopAsync()
    {
        using var patience = new CancellationTokenSource(prepared.Settings.Shutdown);
        try
        {
            await host.StopAsync(patience.Token);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            log.Write(new NodeEvent(
                "warning", "warning the stop took longer than \"shutdown\" and was cut short; what is stored is good, and other silos go on",
                [("node", prepared.Settings.Name)]));
        }
    }

    private static IHost Build(Prepared prepared, PostgresStore store, NetworkNode? network, string membershipConnection, EventLog log, PrometheusText metrics)
    {
        var settings = prepared.Settings;
        var port = new OperationsPort(settings.Operations, prepared.Access);
        return new HostBuilder()
            .ConfigureLogging(logging => logging.ClearProviders().AddProvider(new EventLoggerProvider(log, TimeProvider.System)))
            .ConfigureServices(services =>
            {
                services.Configure<HostOptions>(options => options.ShutdownTimeout = settings.Shutdown);
                services.AddSingleton<IHostLifetime, Unattended>();
                services.AddSingleton(TimeProvider.System);
                services.AddSingleton(store);
                services.AddSingleton(metrics);
                services.AddSingleton(log);
            })
            .ConfigureWebHost(port.Configure) // the first service to start and the last to stop
            .UseOrleans(silo =>
            {
                OrleansSetup.Apply(silo, settings, prepared.Tls, membershipConnection);
                silo.Services.AddSingleton(services => ActivatorUtilities.CreateInstance<Readiness>(services, prepared.Genesis, settings.Rpc is not null));
                silo.Services.AddHostedService(static services => services.GetRequiredService<Readiness>());
                Parts.Add(silo, new LuxTensor.Grains.ClusterOptions
                {
                    Genesis = prepared.Genesis,
                    Role = Enum.Parse<SiloRole>(settings.Role.ToString()),
                    Store = store,
                    Keys = prepared.Keys,
                    Pool = settings.Pool,
                    Sync = settings.Sync,
                    Judging = settings.Peers,
                    Feed = CommitFeedKind.Stream,
                    Transport = network?.Transport,
                    Peers = network?.Book,
                });
                if (network is not null)
                {
                    silo.Services.AddHostedService(services => new GatewayNetwork(network, settings.Name, log));
                }

                if (settings.Rpc is { } rpc)
                {
                    silo.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<GatewayRpc>(services, rpc));
                }
            })
            .Build();
    }

    // Signals are the program's, which has one way to be stopped.
    private sealed class Unattended : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
