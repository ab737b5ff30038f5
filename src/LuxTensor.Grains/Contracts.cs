using Orleans.Concurrency;

namespace LuxTensor.Grains;

/// <summary>Where a node's chain is, for its gateways.</summary>
/// <param name="Generation">The number of the writer that runs the chain.</param>
/// <param name="Sequence">The number of its last commit.</param>
/// <param name="FinalHeight">The last final block's height.</param>
/// <param name="Local">Addresses of the operator's validators, one after the other: replaying needs to know them.</param>
[GenerateSerializer, Immutable, Alias("luxtensor.chain-status")]
public readonly record struct ChainStatus(
    [property: Id(0)] ulong Generation, [property: Id(1)] ulong Sequence, [property: Id(2)] ulong FinalHeight, [property: Id(3)] byte[] Local);

/// <summary>A validator as the last final block has it.</summary>
/// <param name="Stake">Active stake in base units, as a decimal number.</param>
/// <param name="Standing">Its standing's name.</param>
/// <param name="Missed">Duties missed in this epoch so far.</param>
/// <param name="IsLocal">Whether the operator holds its key.</param>
[GenerateSerializer, Immutable, Alias("luxtensor.validator-status")]
public readonly record struct ValidatorStatus(
    [property: Id(0)] string Stake, [property: Id(1)] string Standing, [property: Id(2)] ulong Missed, [property: Id(3)] bool IsLocal);

/// <summary>
/// Drives the height being decided: one a node, keyed by the genesis hash. Every call may be repeated: a timeout says nothing
/// about what was done.
/// </summary>
[Alias("luxtensor.chain")]
public interface IChainGrain : IGrainWithStringKey
{
    /// <summary>Brings the chain up where it is not, and says where it is.</summary>
    [Alias("Ensure"), ResponseTimeout("00:00:10")]
    Task<ChainStatus> Ensure();

    /// <summary>Takes inputs that other silos verified, packed.</summary>
    [Alias("Take"), ResponseTimeout("00:00:05"), AlwaysInterleave]
    Task Take(Immutable<byte[]> inputs);

    /// <summary>Takes verified transactions, packed; gives the commit after which they are stored (8 bytes) and one <see cref="SubmitCode"/> each.</summary>
    [Alias("Submit"), ResponseTimeout("00:00:10"), AlwaysInterleave]
    Task<Immutable<byte[]>> Submit(Immutable<byte[]> transactions);

    /// <summary>A gateway is here, with these peers (UTF-8 names, packed); it says so again within <see cref="ClusterOptions.GatewayLease"/>.</summary>
    [Alias("Attach"), ResponseTimeout("00:00:05"), AlwaysInterleave]
    Task<ChainStatus> Attach(IGatewayObserver gateway, string name, Immutable<byte[]> peers);

    /// <summary>A validator in the last final state, by its address in hex; null where it is not registered.</summary>
    [Alias("Describe"), ResponseTimeout("00:00:05"), AlwaysInterleave]
    Task<ValidatorStatus?> Describe(string address);
}

/// <summary>What became of a submitted transaction.</summary>
public enum SubmitCode : byte
{
    /// <summary>It is in the pool, durably.</summary>
    Added = 0,

    /// <summary>It was there, or is final, already.</summary>
    Known = 1,

    /// <summary>It cannot enter; a replica that has reached the commit can tell why.</summary>
    Refused = 2,

    /// <summary>Try again later.</summary>
    Busy = 3,
}

/// <summary>A gateway, for the chain: carries frames to the network. Losing a call loses a frame, as a network may.</summary>
[Alias("luxtensor.gateway")]
public interface IGatewayObserver : IGrainObserver
{
    /// <summary>Sends frames, packed.</summary>
    [Alias("Carry"), OneWay]
    Task Carry(Immutable<byte[]> frames);
}

/// <summary>Collects the votes of one height: every round, phase and competing block. Keyed by height and genesis hash.</summary>
[Alias("luxtensor.block-finality")]
public interface IBlockFinalityGrain : IGrainWithIntegerCompoundKey
{
    /// <summary>Counts verified votes, packed; <paramref name="round"/> is the chain's if it decides this height, <paramref name="deciding"/> the height it decides.</summary>
    [Alias("Take"), ResponseTimeout("00:00:05")]
    Task Take(ulong deciding, uint round, Immutable<byte[]> votes);

    /// <summary>The chain is in this round of this height: tells it all that the votes establish.</summary>
    [Alias("Enter"), ResponseTimeout("00:00:05")]
    Task Enter(uint round);

    /// <summary>The height is final by this certificate: tells the chain whose votes are not in it.</summary>
    [Alias("Decide"), ResponseTimeout("00:00:05")]
    Task Decide(Immutable<byte[]> certificate);

    /// <summary>The counted votes of a round and phase, packed.</summary>
    [Alias("VotesOf"), ResponseTimeout("00:00:05")]
    Task<Immutable<byte[]>> VotesOf(uint round, byte phase);
}

/// <summary>A validator, by its address in hex.</summary>
[Alias("luxtensor.validator")]
public interface IValidatorGrain : IGrainWithStringKey
{
    /// <summary>Signs a ballot through the guard, for the chain's writer of a generation; gives the guard's answer.</summary>
    [Alias("Sign"), ResponseTimeout("00:00:05")]
    Task<Immutable<byte[]>> Sign(ulong generation, Immutable<byte[]> ballot);

    /// <summary>Its stake, standing and missed duties; null where it is not registered.</summary>
    [Alias("Get"), ResponseTimeout("00:00:05")]
    Task<ValidatorStatus?> Get();
}

/// <summary>An epoch's frozen set, in numbers. Keyed by epoch and genesis hash.</summary>
[Alias("luxtensor.epoch")]
public interface IEpochGrain : IGrainWithIntegerCompoundKey
{
    /// <summary>The set, or null where no final block has fixed it.</summary>
    [Alias("Get"), ResponseTimeout("00:00:05")]
    Task<EpochStatus?> Get();
}

/// <summary>An epoch's frozen set, in numbers.</summary>
/// <param name="Validators">Active validators.</param>
/// <param name="TotalStake">Their stake in base units, as a decimal number.</param>
/// <param name="Hash">The set's hash, as headers carry it.</param>
[GenerateSerializer, Immutable, Alias("luxtensor.epoch-status")]
public readonly record struct EpochStatus([property: Id(0)] int Validators, [property: Id(1)] string TotalStake, [property: Id(2)] string Hash);

/// <summary>Verifies signatures on the silo that asks, as many at once as it has cores.</summary>
[Alias("luxtensor.vote-verifier")]
public interface IVoteVerifierGrain : IGrainWithStringKey
{
    /// <summary>Verifies votes, packed; gives one byte each, 1 where it holds.</summary>
    [Alias("Verify"), ResponseTimeout("00:00:10")]
    Task<Immutable<byte[]>> Verify(Immutable<byte[]> votes);
}
