using System.Runtime.CompilerServices;
using LuxTensor.Grains;
using Orleans.Configuration;
using Orleans.Dashboard;

namespace LuxTensor.Silo.Hosting;

/// <summary>
/// Loads what a silo's role needs, and no other role's assembly: what is not loaded, the silo cannot offer to the cluster. A method
/// loads the assemblies that it names when it is compiled, so each role has one of its own.
/// </summary>
internal static class Parts
{
    internal static void Add(ISiloBuilder silo, LuxTensor.Grains.ClusterOptions options)
    {
        silo.AddLuxTensor(options);
        silo.AddGrainsOf(typeof(DashboardOptions).Assembly);
        silo.AddGrainsOf(typeof(AdoNetStreamOptions).Assembly);
        if (options.Role.HasFlag(SiloRole.Validator))
        {
            AddValidator(silo);
        }

        if (options.Role.HasFlag(SiloRole.Gateway))
        {
            AddGateway(silo, options);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddValidator(ISiloBuilder silo) => silo.AddValidatorPart();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddGateway(ISiloBuilder silo, LuxTensor.Grains.ClusterOptions options) => silo.AddGatewayPart(options);
}
