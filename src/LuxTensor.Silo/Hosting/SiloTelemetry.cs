using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace LuxTensor.Silo.Hosting;

/// <summary>Sends traces (blocks, commits, calls between grains, across silos) and metrics over OTLP, where the settings say so.</summary>
internal sealed class SiloTelemetry : IDisposable
{
    private readonly MeterProvider meters;
    private readonly TracerProvider traces;

    private SiloTelemetry(Uri address, string name, string role)
    {
        var resource = ResourceBuilder.CreateDefault()
            .AddService("luxtensor-silo", serviceInstanceId: name)
            .AddAttributes([new("luxtensor.role", role)])
            .AddEnvironmentVariableDetector();

        // The protocol is the environment's (OTEL_EXPORTER_OTLP_PROTOCOL). Over plain HTTP each signal has a path, which the exporter
        // adds only to an address of the environment's.
        void To(OtlpExporterOptions exporter, string signal) => exporter.Endpoint = exporter.Protocol == OtlpExportProtocol.HttpProtobuf
            ? new Uri($"{address.ToString().TrimEnd('/')}/v1/{signal}")
            : address;
        meters = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter("LuxTensor.*", "Microsoft.Orleans").AddOtlpExporter(exporter => To(exporter, "metrics")).Build();
        traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource)
            .AddSource("LuxTensor.*", "Microsoft.Orleans.Application", "Microsoft.Orleans.Runtime").AddOtlpExporter(exporter => To(exporter, "traces")).Build();
    }

    /// <summary>Starts sending, or returns null where no address is set.</summary>
    internal static SiloTelemetry? Start(SiloSettings settings) =>
        settings.Otlp is { } address ? new SiloTelemetry(address, settings.Name, settings.Role.ToString().ToLowerInvariant()) : null;

    /// <summary>Sends the last figures of a silo that stopped, while its meters are still there.</summary>
    internal void Flush() => meters.ForceFlush(5_000);

    /// <summary>Sends what is left and ends.</summary>
    public void Dispose()
    {
        meters.Dispose();
        traces.Dispose();
    }
}
