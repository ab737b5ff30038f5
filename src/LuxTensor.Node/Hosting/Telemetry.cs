using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace LuxTensor.Node.Hosting;

/// <summary>
/// Exports the meters and traces named LuxTensor.* over OTLP where the environment says so, by OpenTelemetry's own
/// variables: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_EXPORTER_OTLP_HEADERS, OTEL_SERVICE_NAME.
/// </summary>
internal sealed class Telemetry : IDisposable
{
    private readonly MeterProvider meters;
    private readonly TracerProvider traces;

    private Telemetry(string name)
    {
        var resource = ResourceBuilder.CreateDefault().AddService("luxtensor", serviceInstanceId: name).AddEnvironmentVariableDetector();
        meters = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter("LuxTensor.*").AddOtlpExporter().Build();
        traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource("LuxTensor.*").AddOtlpExporter().Build();
    }

    /// <summary>Starts exporting, or returns null where no endpoint is set.</summary>
    internal static Telemetry? Start(Terminal terminal, string name) =>
        string.IsNullOrEmpty(terminal.Variable("OTEL_EXPORTER_OTLP_ENDPOINT")) ? null : new Telemetry(name);

    /// <summary>Exports what is left and ends.</summary>
    public void Dispose()
    {
        meters.Dispose();
        traces.Dispose();
    }
}
