
namespace LuxTensor.Tests.Node;

public sealed class Telemetry_over_OTLP
{
    [Fact]
    public async Task Spans_and_metrics_arrive_where_the_environment_says()
    {
        using var folder = new Folder();
        using var collector = new Collector();
        using var child = Child.Start(
            new()
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Endpoint,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                ["OTEL_RESOURCE_ATTRIBUTES"] = "deployment.environment=of-the-test",
            },
            "devnet", "--data", folder["d"], "--json", "--http", "0", "--ws", "0", "--validators", "1", "--interval", "20ms");
        var rpc = (string)(await child.EventAsync("listening"))!["http"]!;
        await child.EventAsync("final");
        Assert.Equal(ExitCode.Ok, (await Luxtensor.Run("status", "--rpc", rpc)).Code);

        child.Terminate(); // what is left is sent before it ends
        Assert.Equal((int)ExitCode.Ok, (await child.EndAsync()).Code);

        string[] traces = ["finality", "luxtensor.height", "commit", "lux_nodeStatus", "of-the-test"];
        string[] metrics = ["luxtensor_blocks_final", "luxtensor_commit_milliseconds", "of-the-test"];
        Assert.All(traces, text => Assert.True(collector.Has("/v1/traces", text), text));
        Assert.All(metrics, text => Assert.True(collector.Has("/v1/metrics", text), text));
    }
}
