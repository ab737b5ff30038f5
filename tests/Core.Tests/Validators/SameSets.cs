using LuxTensor.Core.Validators;

namespace LuxTensor.Tests.Core.Validators;

/// <summary>A set that never changes, for every epoch.</summary>
internal sealed class SameSets(EpochSnapshot set)
{
    public EpochSnapshot Of(ulong epoch) => set.For(epoch);
}
