using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using GrainCollectionOptions = Orleans.Configuration.GrainCollectionOptions;

namespace LuxTensor.Grains;

/// <summary>Puts into a silo what only validator silos have: the grains that decide, count and sign, and those of peers.</summary>
public static class ValidatorHosting
{
    /// <summary>
    /// How long taking the node over may take. A takeover that is cut off fences the one before it and begins anew, so a limit
    /// that reading the store exceeds (Orleans' own is 30 s) would keep the chain from running at all.
    /// </summary>
    internal static readonly TimeSpan Takeover = TimeSpan.FromMinutes(10);

    /// <summary>Adds a validator silo's part to a silo that has the node (<see cref="ClusterHosting.AddLuxTensor"/>).</summary>
    public static ISiloBuilder AddValidatorPart(this ISiloBuilder silo)
    {
        ArgumentNullException.ThrowIfNull(silo);
        silo.AddGrainsOf(typeof(ValidatorHosting).Assembly);
        silo.Configure<GrainCollectionOptions>(static options => options.ActivationTimeout = Takeover);
        silo.Services.AddSingleton<VoteWriter>();
        silo.Services.AddSingleton<PeerRecordWriter>();
        silo.Services.AddSingleton<IHostedService>(static services => services.GetRequiredService<PeerRecordWriter>());
        silo.Services.AddHostedService<ChainKeeper>();
        return silo;
    }
}
