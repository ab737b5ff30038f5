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
        void To(OtlpExporterOptions exporter) => exporter.Endpoint = address;
        meters = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter("LuxTensor.*", "Microsoft.Orleans").AddOtlpExporter(To).Build();
        traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource)
            .AddSource("LuxTensor.*", "Microsoft.Orleans.Application", "Microsoft.Orleans.Runtime").AddOtlpExporter(To).Build();
    }

    /// <summary>Starts sending, or returns null where no address is set.</summary>
    internal static SiloTelemetry? Start(SiloSettings settings) =>
        settings.Otlp is { } address ? new SiloTelemetry(address, settings.Name, settings.Role.ToString().ToLowerInvariant()) : null;

    /// <summary>Sends what is left and ends.</summary>
    public void Dispose()
    {
        meters.Dispose();
        traces.Dispose();
    }
}
