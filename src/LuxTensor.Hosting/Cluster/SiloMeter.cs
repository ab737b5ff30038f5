using System.Diagnostics.Metrics;

namespace LuxTensor.Hosting.Cluster;

/// <summary>A silo's own figures, under the meter LuxTensor.Silo, read when they are asked for.</summary>
internal sealed class SiloMeter : IDisposable
{
    private readonly Meter meter = new("LuxTensor.Silo");

    /// <summary>Figures of a silo: whether it is ready, and the last final height that it knows, where it knows one.</summary>
    internal SiloMeter(SiloDuty role, Func<bool> isReady, Func<ulong?> finalHeight)
    {
        var tag = KeyValuePair.Create("role", (object?)role.ToString().ToLowerInvariant());
        meter.CreateObservableGauge(
            "luxtensor_silo_ready", () => new Measurement<int>(isReady() ? 1 : 0, tag), description: "1 where the silo is ready, else 0");
        meter.CreateObservableGauge(
            "luxtensor_silo_final_height",
            () => finalHeight() is { } height ? [new Measurement<long>((long)height, tag)] : Array.Empty<Measurement<long>>(),
            description: "the last final height that this silo knows");
    }

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();
}
