using System.Globalization;
using LuxTensor.Core;
using LuxTensor.Engine;
using LuxTensor.Engine.Cluster;
using Orleans.Concurrency;

namespace LuxTensor.Grains;

/// <summary>Signs for one validator, on some silo that has its key. That it may be activated twice is the guard's to answer.</summary>
[GrainType("luxtensor-validator"), Reentrant]
internal sealed class ValidatorGrain(ClusterOptions options, SiloShare share, IGrainFactory grains) : Grain, IValidatorGrain
{
    public async Task<Immutable<byte[]>> Sign(ulong generation, Immutable<byte[]> ballot)
    {
        if (Pack.ReadVote(ballot.Value) is not { } asked || !Address.TryParse(this.GetPrimaryKeyString(), out var address) || asked.Validator != address)
        {
            throw new FormatException("these bytes are no ballot of this validator: do all silos run the same version?");
        }

        if (share.KeyOf(address) is not { } key)
        {
            return new Immutable<byte[]>(GuardCodec.Encode(new GuardDecision.Blocked(
                $"this silo has no key of {address}: give every validator silo the same keystores")));
        }

        var decision = await Task.Run(() => GuardedSigning.Sign(key, share.GuardOf(generation), asked.Ballot));
        return new Immutable<byte[]>(GuardCodec.Encode(decision));
    }

    public Task<ValidatorStatus?> Get() => grains.GetGrain<IChainGrain>(options.ChainKey).Describe(this.GetPrimaryKeyString());
}

/// <summary>An epoch's frozen set, in numbers.</summary>
[GrainType("luxtensor-epoch")]
internal sealed class EpochGrain(SiloShare share) : Grain, IEpochGrain
{
    public async Task<EpochStatus?> Get() => await share.SetOfAsync((ulong)this.GetPrimaryKeyLong(out _)) is { } set
        ? new EpochStatus(set.Validators.Length, set.TotalStake.ToString(CultureInfo.InvariantCulture), set.Hash.ToString())
        : null;
}
