using System.Diagnostics.Metrics;

namespace LuxTensor.Rpc;

/// <summary>The server's own figures, under the meter LuxTensor.Rpc. All are read when asked for: nothing is measured on the way of a call.</summary>
internal sealed class RpcMeter : IDisposable
{
    private readonly Meter meter;

    /// <summary>The scope keeps the servers of one process apart: each shows its own.</summary>
    public RpcMeter(MethodTable methods, Hub hub, Filters filters, PrometheusText scope)
    {
        meter = new Meter(new MeterOptions("LuxTensor.Rpc") { Scope = scope });
        var all = methods.All.Append(methods.Other).ToArray();
        meter.CreateObservableCounter("luxtensor.rpc.calls", () => Of(all, method => method.Calls), description: "Calls, by method.");
        meter.CreateObservableCounter(
            "luxtensor.rpc.errors", () => Of(all, method => method.Errors), description: "Calls answered with an error, by method.");
        meter.CreateObservableGauge("luxtensor.rpc.connections", () => hub.Connections, description: "WebSockets and event streams.");
        meter.CreateObservableGauge("luxtensor.rpc.subscriptions", () => hub.Subscriptions, description: "Subscriptions of all kinds.");
        meter.CreateObservableGauge("luxtensor.rpc.filters", () => filters.Count, description: "Polling filters.");
    }

    public void Dispose() => meter.Dispose();

    private static IEnumerable<Measurement<long>> Of(Method[] methods, Func<Method, long> count) => methods
        .Where(method => method.Calls > 0)
        .Select(method => new Measurement<long>(count(method), new KeyValuePair<string, object?>("method", method.Name)));
}
