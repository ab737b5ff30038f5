using System.Reflection;
using LuxTensor.Grains;

namespace LuxTensor.Tests.Cluster;

/// <summary>
/// During a rolling upgrade silos of two versions call each other. What they say is written down in contracts.txt: a line may be
/// added there with what is new; none may change or go as long as a silo of the version before may still run.
/// </summary>
public sealed class Grain_contracts
{
    [Fact]
    public void Are_what_is_written_down()
    {
        var actual = Lines().Order(StringComparer.Ordinal).ToArray();
        var written = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "contracts.txt")).Where(line => line.Length > 0).ToArray();

        Assert.Equal(written, actual);
    }

    [Fact]
    public void Name_everything_that_travels_by_an_alias()
    {
        var types = Types();
        var unnamed = types.Where(IsContract).Where(type => type.GetCustomAttribute<AliasAttribute>() is null).Select(type => type.Name)
            .Concat(types.Where(IsGrainInterface).SelectMany(type => type.GetMethods()).Where(method => method.GetCustomAttribute<AliasAttribute>() is null)
                .Select(method => $"{method.DeclaringType!.Name}.{method.Name}"))
            .Concat(types.Where(IsGrain).Where(type => type.GetCustomAttribute<GrainTypeAttribute>() is null).Select(type => type.Name));

        Assert.Empty(unnamed);
    }

    private static IEnumerable<string> Lines()
    {
        foreach (var type in Types())
        {
            if (IsGrain(type))
            {
                yield return $"grain {GrainTypeOf(type)}";
            }

            if (IsGrainInterface(type))
            {
                foreach (var method in type.GetMethods())
                {
                    var arguments = string.Join(", ", method.GetParameters().Select(parameter => NameOf(parameter.ParameterType)));
                    yield return $"call {AliasOf(type)}.{AliasOf(method)}({arguments}): {NameOf(method.ReturnType)}";
                }
            }
            else if (type.GetCustomAttribute<GenerateSerializerAttribute>() is not null)
            {
                foreach (var member in type.GetMembers().Where(member => member.GetCustomAttribute<IdAttribute>() is not null))
                {
                    var what = member is PropertyInfo property ? property.PropertyType : ((FieldInfo)member).FieldType;
                    yield return $"field {AliasOf(type)}[{member.GetCustomAttribute<IdAttribute>()!.Id}]: {NameOf(what)}";
                }
            }
        }
    }

    private static Type[] Types() =>
        [.. ((Type[])[typeof(IChainGrain), typeof(ValidatorHosting), typeof(GatewayHosting)]).SelectMany(static part => part.Assembly.GetTypes())];

    private static bool IsContract(Type type) => IsGrainInterface(type) || type.GetCustomAttribute<GenerateSerializerAttribute>() is not null;

    private static bool IsGrainInterface(Type type) => type.IsInterface && typeof(IAddressable).IsAssignableFrom(type);

    private static bool IsGrain(Type type) => type is { IsClass: true, IsAbstract: false } && typeof(Grain).IsAssignableFrom(type);

    private static string? GrainTypeOf(Type type) =>
        type.GetCustomAttributesData().Single(data => data.AttributeType == typeof(GrainTypeAttribute)).ConstructorArguments[0].Value as string;

    private static string? AliasOf(MemberInfo member) => member.GetCustomAttribute<AliasAttribute>()?.Alias;

    private static string NameOf(Type type) => type.IsGenericType
        ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>"
        : AliasOf(type) ?? type.Name;
}
