using LuxTensor.Core;
using LuxTensor.Engine;
using LuxTensor.Grains;
using LuxTensor.Storage;
using Microsoft.Extensions.Hosting;

namespace LuxTensor.Silo.Hosting;

/// <summary>
/// Whether the silo can do its work: it is an active member of the cluster, PostgreSQL and the chain's grain answer, and a
/// gateway has a copy of the node's state that is not far behind. Looked at every second, so that asking costs nothing.
/// </summary>
internal sealed class Readiness(
    Genesis genesis, bool isGateway, PostgresStore store, IGrainFactory grains, ISiloStatusOracle membership, IHostApplicationLifetime lifetime, TimeProvider time)
    : BackgroundService
{
    /// <summary>Final blocks that a gateway may be behind.</summary>
    internal const ulong MaxLag = 16;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Stale = TimeSpan.FromSeconds(15);

    private Finding latest = new("the silo is starting", null, null);
    private INode? node;

    /// <summary>Why the silo is not ready, or null where it is.</summary>
    internal string? Reason
    {
        get
        {
            var (reason, _, at) = Volatile.Read(ref latest);
            return lifetime.ApplicationStopping.IsCancellationRequested ? "the silo is stopping"
                : at is { } looked && time.GetElapsedTime(looked) is var age && age > Stale ? $"nothing is known since {age.TotalSeconds:F0} s"
                : reason;
        }
    }

    /// <summary>The last final height that the silo knows.</summary>
    internal ulong? FinalHeight => Volatile.Read(ref node)?.View.Final.Height ?? Volatile.Read(ref latest).Height;

    /// <summary>The gateway's node is there, and applications reach it.</summary>
    internal void Serves(INode served) => Volatile.Write(ref node, served);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            try
            {
                var (reason, height) = await LookAsync(stoppingToken);
                Volatile.Write(ref latest, new Finding(reason, height ?? latest.Height, time.GetTimestamp()));
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task<(string? Reason, ulong? Height)> LookAsync(CancellationToken cancellation)
    {
        if (membership.CurrentStatus != SiloStatus.Active)
        {
            return ($"the silo is {membership.CurrentStatus} in the cluster, not Active", null);
        }

        try
        {
            await Task.Run(store.Refresh, cancellation).WaitAsync(Patience, time, cancellation);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            return ($"{store.Where} does not answer: {e.Message}", null);
        }

        ulong height;
        try
        {
            height = (await grains.GetGrain<IChainGrain>(genesis.Block.Hash.ToString()).Ensure().WaitAsync(Patience, time, cancellation)).FinalHeight;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            return ($"the chain does not answer: {e.Message}", null);
        }

        var view = Volatile.Read(ref node)?.View;
        var proven = ulong.Max(height, view?.ProvenHeight ?? 0); // the chain itself may be behind its peers
        return (!isGateway ? null
            : view is null ? "the node's state is not here yet"
            : view.Final.Height + MaxLag < proven ? $"the node's state here is catching up: height {view.Final.Height} of {proven}"
            : null, height);
    }

    private sealed record Finding(string? Reason, ulong? Height, long? At);
}
