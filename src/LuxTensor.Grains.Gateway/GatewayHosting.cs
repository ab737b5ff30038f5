using LuxTensor.Engine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LuxTensor.Grains;

/// <summary>Puts into a silo what only gateways have: the replica, the way in and out, and the grains that verify.</summary>
public static class GatewayHosting
{
    /// <summary>
    /// Adds a gateway's part to a silo that has the node (<see cref="ClusterHosting.AddLuxTensor"/>): then it has an
    /// <see cref="INode"/>, a <see cref="GatewayNode"/>, which runs once the host has started.
    /// </summary>
    public static ISiloBuilder AddGatewayPart(this ISiloBuilder silo, ClusterOptions options)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(options);
        silo.AddGrainsOf(typeof(GatewayHosting).Assembly);
        if (options.Peers is { } book)
        {
            silo.Services.AddSingleton(services => new PeerSharing(
                options, book, services.GetRequiredService<IGrainFactory>(), services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<PeerSharing>>()));
            silo.Services.AddSingleton<IHostedService>(static services => services.GetRequiredService<PeerSharing>());
        }

        silo.Services.AddSingleton(services => new GatewayNode(
            options,
            services.GetRequiredService<IGrainFactory>(),
            services.GetRequiredService<ICommitFeed>(),
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<IHostApplicationLifetime>(),
            services.GetRequiredService<ILogger<GatewayNode>>()));
        silo.Services.AddSingleton<INode>(services => services.GetRequiredService<GatewayNode>());
        silo.Services.AddSingleton<IHostedService>(services => services.GetRequiredService<GatewayNode>());
        return silo;
    }
}
