using LuxTensor.Grains;
using GrainTypeOptions = Orleans.Configuration.GrainTypeOptions;

namespace LuxTensor.Tests.Cluster;

/// <summary>Silos of several roles in one process, which has loaded the assemblies of all roles: each offers only those of its own.</summary>
internal static class Roles
{
    /// <summary>Adds the node with the parts of its role, as the silo's executable does.</summary>
    public static void AddNode(this ISiloBuilder silo, ClusterOptions options)
    {
        silo.AddLuxTensor(options);
        if (options.Role.HasFlag(SiloRole.Validator))
        {
            silo.AddValidatorPart();
        }

        if (options.Role.HasFlag(SiloRole.Gateway))
        {
            silo.AddGatewayPart(options);
        }

        silo.Configure<GrainTypeOptions>(types => types.Classes.RemoveWhere(type =>
            (type.Assembly == typeof(ValidatorHosting).Assembly && !options.Role.HasFlag(SiloRole.Validator))
            || (type.Assembly == typeof(GatewayHosting).Assembly && !options.Role.HasFlag(SiloRole.Gateway))));
    }
}
