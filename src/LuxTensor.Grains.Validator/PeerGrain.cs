using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Engine;
using LuxTensor.Engine.Cluster;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace LuxTensor.Grains;

/// <summary>
/// Hosts the peer machine for all gateways: load, step, and the record goes to the silo's writer. What a second activation of it
/// can do is judge milder for a moment; the gateways say a ban that they know of again with every report.
/// </summary>
[GrainType("luxtensor-peer")]
internal sealed partial class PeerGrain(ClusterOptions options, PeerRecordWriter writer, IGrainFactory grains, TimeProvider time, ILogger<PeerGrain> log) : Grain, IPeerGrain
{
    private const int MostGateways = 64;

    private readonly PeerSettings settings = options.Judging.For(options.Genesis.Rules);
    private readonly Dictionary<string, ulong> taken = new(StringComparer.Ordinal); // the number of the last report of each gateway
    private PeerRecord record = new(default, "", "", Peer.Begin(0));
    private PeerBan? untold;
    private bool isKnown;

    private ulong Now => (ulong)time.GetUtcNow().ToUnixTimeMilliseconds();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var id = new PeerId(this.GetPrimaryKeyString());
        var stored = await writer.FindAsync(id, cancellationToken);
        isKnown = stored is not null;
        record = stored ?? new PeerRecord(id, "", "", Peer.Begin(Now));
    }

    public async Task<Immutable<byte[]>> Report(string gateway, ulong number, Immutable<byte[]> report)
    {
        var told = PeerReport.Decode(report.Value) ?? throw new FormatException("these bytes are no report of a peer: do all silos run the same version?");
        if (taken.GetValueOrDefault(gateway) < number)
        {
            if (taken.Count >= MostGateways)
            {
                taken.Clear(); // gateways of long ago; at worst one report counts twice
            }

            taken[gateway] = number;
            Take(told);
        }

        if (untold is { } ban)
        {
            try
            {
                await grains.GetGrain<IPeerBansGrain>(options.ChainKey).Add(record.Id.Name, ban.Until, ban.Bans, (byte)ban.Why);
                untold = null;
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                LogUntold(record.Id.Name, failure.Message); // told again with the next report
            }
        }

        (record, _) = Step(new PeerInput.Look());
        return new Immutable<byte[]>(PeerVerdict.Of(record.State, Now).Encode());
    }

    public Task<Immutable<byte[]>?> Get()
    {
        (record, _) = Step(new PeerInput.Look());
        return Task.FromResult<Immutable<byte[]>?>(isKnown ? new Immutable<byte[]>(record.Encode()) : null);
    }

    private void Take(PeerReport report)
    {
        if (report.Address.Length > 0)
        {
            record = record with { Address = report.Address, Agent = report.Agent };
        }

        foreach (var input in report.ToInputs())
        {
            (record, var effects) = Step(input);
            if (effects.OfType<PeerEffect.Ban>().Any())
            {
                untold = new PeerBan(record.State.BannedUntil, record.State.Bans, record.State.BanReason);
            }
        }

        isKnown |= record.State.FirstContact != 0 || record.State.BannedUntil != 0;
        if (isKnown)
        {
            writer.Add(record, atOnce: untold is not null);
        }
    }

    private (PeerRecord Record, IEnumerable<PeerEffect> Effects) Step(PeerInput input)
    {
        var (next, effects) = Peer.Step(record.State, input, settings, Now);
        return (record with { State = next }, effects);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "the ban of {Peer} is not told to all gateways yet: {Reason}")]
    private partial void LogUntold(string peer, string reason);
}

/// <summary>Keeps the bans that hold; a new activation reads them from the store.</summary>
[GrainType("luxtensor-peer-bans")]
internal sealed class PeerBansGrain(ClusterOptions options, TimeProvider time) : Grain, IPeerBansGrain
{
    private readonly BanList bans = new((ulong)Random.Shared.NextInt64(1, long.MaxValue));

    private ulong Now => (ulong)time.GetUtcNow().ToUnixTimeMilliseconds();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        foreach (var record in await options.Store.Peers.LoadAsync(BanList.Most, cancellationToken))
        {
            bans.Add(record.Id, new PeerBan(record.State.BannedUntil, record.State.Bans, record.State.BanReason), Now);
        }
    }

    public Task Add(string peer, ulong until, uint bans, byte why)
    {
        if (why <= (byte)PeerFault.ProtocolViolation)
        {
            this.bans.Add(new PeerId(peer), new PeerBan(until, bans, (PeerFault)why), Now);
        }

        return Task.CompletedTask;
    }

    public Task<Immutable<byte[]>> Since(ulong list, ulong number) => Task.FromResult(new Immutable<byte[]>(bans.Since(list, number, Now)));
}
