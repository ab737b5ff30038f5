using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Serialization;
using Orleans.Serialization.Internal;

namespace LuxTensor.Grains;

/// <summary>
/// Puts into a silo what silos of all roles have. What only one role has lies in an assembly of its own, LuxTensor.Grains.Validator
/// or LuxTensor.Grains.Gateway: a silo offers the grain classes of the assemblies that it has loaded.
/// </summary>
public static class ClusterHosting
{
    /// <summary>How long the memory stream's reader sleeps when it finds nothing.</summary>
    private static readonly TimeSpan StreamPoll = TimeSpan.FromMilliseconds(10);

    /// <summary>Adds the node to a silo. The roles' own parts are to be added, too.</summary>
    public static ISiloBuilder AddLuxTensor(this ISiloBuilder silo, ClusterOptions options)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(options);
        silo.Services.AddSingleton(options);
        silo.Services.AddSingleton<SiloShare>();
        silo.Services.AddSingleton<ICommitFeed, StreamFeed>();
        silo.Services.TryAddSingleton(TimeProvider.System);
        silo.AddGrainsOf(typeof(ClusterHosting).Assembly);
        if (options.Feed == CommitFeedKind.MemoryStream)
        {
            silo.AddMemoryGrainStorage("PubSubStore");
            silo.AddMemoryStreams(
                ClusterOptions.StreamProvider,
                stream => stream.ConfigurePullingAgent(agent => agent.Configure(pull => pull.GetQueueMsgsTimerPeriod = StreamPoll)));
        }

        return silo;
    }

    /// <summary>
    /// Offers the grain classes and serializers of an assembly. Orleans looks for them when its services are added, in what is
    /// loaded by then and in what the attributes generated for the executable name; a role's assembly is in neither.
    /// </summary>
    public static ISiloBuilder AddGrainsOf(this ISiloBuilder silo, Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(silo);
        var parts = new HashSet<Assembly>();
        ReferencedAssemblyProvider.AddAssembly(parts, assembly); // and those that it names
        silo.Services.AddSerializer(serializer =>
        {
            foreach (var part in parts)
            {
                serializer.AddAssembly(part);
            }
        });
        return silo;
    }
}
