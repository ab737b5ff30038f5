using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LuxTensor.Grains;

/// <summary>
/// Sees to it that some silo runs the chain, for a chain must run although nobody calls it. Reminders would do so once a
/// minute at best.
/// </summary>
internal sealed partial class ChainKeeper(ClusterOptions options, IGrainFactory grains, TimeProvider time, ILogger<ChainKeeper> log) : BackgroundService
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var chain = grains.GetGrain<IChainGrain>(options.ChainKey);
        using var timer = new PeriodicTimer(Beat, time);
        do
        {
            try
            {
                await chain.Ensure();
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                LogDown(failure.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "no silo runs the chain: {Reason}")]
    private partial void LogDown(string reason);
}
