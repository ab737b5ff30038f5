using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LuxTensor.Grains;

/// <summary>Puts into a silo what only validator silos have: the grains that decide, count and sign, and those of peers.</summary>
public static class ValidatorHosting
{
    /// <summary>Adds a validator silo's part to a silo that has the node (<see cref="ClusterHosting.AddLuxTensor"/>).</summary>
    public static ISiloBuilder AddValidatorPart(this ISiloBuilder silo)
    {
        ArgumentNullException.ThrowIfNull(silo);
        silo.AddGrainsOf(typeof(ValidatorHosting).Assembly);
        silo.Services.AddSingleton<VoteWriter>();
        silo.Services.AddSingleton<PeerRecordWriter>();
        silo.Services.AddSingleton<IHostedService>(static services => services.GetRequiredService<PeerRecordWriter>());
        silo.Services.AddHostedService<ChainKeeper>();
        return silo;
    }
}
