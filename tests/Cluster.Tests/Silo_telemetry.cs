using LuxTensor.Tests.Node;
using LuxTensor.Tests.Postgres;

namespace LuxTensor.Tests.Cluster;

[Collection(PostgresCollection.Name)]
public sealed class Silo_telemetry(PostgresFixture postgres)
{
    [SkippableFact]
    public async Task Spans_of_blocks_and_of_grain_calls_and_the_metrics_of_both_arrive_where_the_settings_say()
    {
        await using var cluster = new Silo_cluster(postgres.Server);
        await cluster.MigrateAsync();
        using var collector = new Collector();
        var silo = cluster.Start(
            "local", "of-the-test", ("LUXTENSOR__TELEMETRY__OTLP", collector.Endpoint), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"));
        await silo.FinalAsync(3);

        Assert.Equal(0, await silo.StopAsync()); // what is left is sent before it ends

        string[] traces = ["commit", "luxtensor.height", "Microsoft.Orleans.Application", "IChainGrain/Ensure", "of-the-test"];
        string[] metrics = ["luxtensor_blocks_final", "luxtensor_silo_ready", "orleans-app-requests-latency", "of-the-test"];
        Assert.All(traces, text => Assert.True(collector.Has("/v1/traces", text), text));
        Assert.All(metrics, text => Assert.True(collector.Has("/v1/metrics", text), text));
    }
}
