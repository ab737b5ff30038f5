namespace LuxTensor.Grains;

/// <summary>A grain class that only silos of some roles offer; a class without it runs on all.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class OnSilosAttribute(SiloRole role) : Attribute
{
    public SiloRole Role => role;
}
