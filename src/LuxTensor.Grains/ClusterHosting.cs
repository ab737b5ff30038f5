using System.Reflection;
using LuxTensor.Engine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace LuxTensor.Grains;

/// <summary>Puts a node's grains, and on gateways its replica, into a silo.</summary>
public static class ClusterHosting
{
    /// <summary>How long the memory stream's reader sleeps when it finds nothing.</summary>
    private static readonly TimeSpan StreamPoll = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Adds the node to a silo. Gateways then have an <see cref="INode"/>, a <see cref="GatewayNode"/>, which runs once the host
    /// has started.
    /// </summary>
    public static ISiloBuilder AddLuxTensor(this ISiloBuilder silo, ClusterOptions options)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(options);
        silo.Services.AddSingleton(options);
        silo.Services.AddSingleton<SiloShare>();
        silo.Services.AddSingleton<VoteWriter>();
        silo.Services.AddSingleton<ICommitFeed, StreamFeed>();
        silo.Services.TryAddSingleton(TimeProvider.System);
        silo.Services.Configure<GrainTypeOptions>(types => types.Classes.RemoveWhere(type => !Offers(options.Role, type)));
        if (options.Feed == CommitFeedKind.MemoryStream)
        {
            silo.AddMemoryGrainStorage("PubSubStore");
            silo.AddMemoryStreams(
                ClusterOptions.StreamProvider,
                stream => stream.ConfigurePullingAgent(agent => agent.Configure(pull => pull.GetQueueMsgsTimerPeriod = StreamPoll)));
        }

        silo.AddPeers(options);
        if (options.Role.HasFlag(SiloRole.Validator))
        {
            silo.Services.AddHostedService<ChainKeeper>();
        }

        if (options.Role.HasFlag(SiloRole.Gateway))
        {
            silo.Services.AddSingleton(services => new GatewayNode(
                options,
                services.GetRequiredService<IGrainFactory>(),
                services.GetRequiredService<ICommitFeed>(),
                services.GetRequiredService<TimeProvider>(),
                services.GetRequiredService<ILogger<GatewayNode>>()));
            silo.Services.AddSingleton<INode>(services => services.GetRequiredService<GatewayNode>());
            silo.Services.AddSingleton<IHostedService>(services => services.GetRequiredService<GatewayNode>());
        }

        return silo;
    }

    private static bool Offers(SiloRole role, Type grain) =>
        grain.GetCustomAttribute<OnSilosAttribute>() is not { Role: var needed } || (role & needed) != 0;
}

/// <summary>
/// Sees to it that some silo runs the chain, for a chain must run although nobody calls it. Reminders would do so once a
/// minute at best.
/// </summary>
internal sealed partial class ChainKeeper(ClusterOptions options, IGrainFactory grains, TimeProvider time, ILogger<ChainKeeper> log) : BackgroundService
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var chain = grains.GetGrain<IChainGrain>(options.ChainKey);
        using var timer = new PeriodicTimer(Beat, time);
        do
        {
            try
            {
                await chain.Ensure();
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                LogDown(failure.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "no silo runs the chain: {Reason}")]
    private partial void LogDown(string reason);
}
