using Orleans.Concurrency;

namespace LuxTensor.Grains;

/// <summary>A peer of the node, by its id: its reputation and bans, over all gateways. Every call may be repeated.</summary>
[Alias("luxtensor.peer")]
public interface IPeerGrain : IGrainWithStringKey
{
    /// <summary>
    /// Takes what a gateway found out since its last report, which has a number of its own so that a repeated one counts once;
    /// gives what all reports come to.
    /// </summary>
    [Alias("Report"), ResponseTimeout("00:00:05")]
    Task<Immutable<byte[]>> Report(string gateway, ulong number, Immutable<byte[]> report);

    /// <summary>All that is known of the peer, as its record is stored; null where it is a stranger.</summary>
    [Alias("Get"), ResponseTimeout("00:00:05")]
    Task<Immutable<byte[]>?> Get();
}

/// <summary>The bans that hold now: one a node, keyed by the genesis hash, asked by every gateway every second.</summary>
[Alias("luxtensor.peer-bans")]
public interface IPeerBansGrain : IGrainWithStringKey
{
    /// <summary>A peer is banned until a time, in milliseconds since 1970, for a fault, and so many bans count for its next one.</summary>
    [Alias("Add"), ResponseTimeout("00:00:05")]
    Task Add(string peer, ulong until, uint bans, byte why);

    /// <summary>The bans after a number that was given before, packed, with the list's own number and the newest; all where the list is another one.</summary>
    [Alias("Since"), ResponseTimeout("00:00:05")]
    Task<Immutable<byte[]>> Since(ulong list, ulong number);
}
