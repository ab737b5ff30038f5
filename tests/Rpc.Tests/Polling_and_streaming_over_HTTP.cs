using System.Net;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Rpc;

/// <summary>Filters, server-sent events, health and metrics.</summary>
public sealed class Polling_and_streaming_over_HTTP
{
    [Fact]
    public async Task A_filter_gives_what_came_since_the_last_poll()
    {
        await using var served = await Served.StartAsync();
        using var socket = await served.ConnectAsync();
        var heads = await socket.SubscribeAsync("[\"newHeads\"]"); // a note that is there tells that filters have it too
        var id = (await served.ResultAsync("eth_newBlockFilter")).GetRawText();
        Assert.Empty(await PollAsync(served, id));
        var first = served.Node.Extend();
        var second = served.Node.Extend();
        await socket.NoteAsync(heads);
        await socket.NoteAsync(heads);
        Assert.Equal([first.Hash.ToString(), second.Hash.ToString()], await PollAsync(served, id));
        Assert.Empty(await PollAsync(served, id));
        Assert.True((await served.ResultAsync("eth_uninstallFilter", $"[{id}]")).GetBoolean());
        Assert.False((await served.ResultAsync("eth_uninstallFilter", $"[{id}]")).GetBoolean());
        Assert.Equal(-32000, (await served.ErrorAsync("eth_getFilterChanges", $"[{id}]")).Code);
    }

    [Fact]
    public async Task A_filter_for_the_pool_gives_ids_and_one_that_fell_far_behind_is_gone()
    {
        await using var served = await Served.StartAsync();
        using var socket = await served.ConnectAsync();
        var heads = await socket.SubscribeAsync("[\"newHeads\"]");
        var id = (await served.ResultAsync("eth_newPendingTransactionFilter")).GetRawText();
        var transaction = served.Node.Transfer(0, 1);
        served.Node.Publish(new Notice.Pending(transaction));
        served.Node.Extend();
        await socket.NoteAsync(heads);
        Assert.Equal([transaction.Id.ToString()], await PollAsync(served, id));
        for (var i = 0; i < 4; i++)
        {
            for (var j = 0; j < 9_000; j++)
            {
                served.Node.Publish(new Notice.Pending(transaction));
            }

            served.Node.Extend();
            await socket.NoteAsync(heads);
        }

        Assert.Equal(-32000, (await served.ErrorAsync("eth_getFilterChanges", $"[{id}]")).Code);
    }

    [Fact]
    public async Task A_filter_that_nobody_polls_expires()
    {
        var clock = new ManualClock();
        await using var served = await Served.StartAsync(options => options with { Clock = clock, MaxCallsPerSecond = 0 });
        var id = (await served.ResultAsync("eth_newBlockFilter")).GetRawText();
        clock.Advance(TimeSpan.FromMinutes(4));
        Assert.Empty(await PollAsync(served, id));
        clock.Advance(TimeSpan.FromMinutes(4));
        Assert.Empty(await PollAsync(served, id));
        clock.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(-32000, (await served.ErrorAsync("eth_getFilterChanges", $"[{id}]")).Code);
    }

    [Fact]
    public async Task A_log_filter_gives_nothing_and_only_it_gives_logs()
    {
        await using var served = await Served.StartAsync();
        var logs = (await served.ResultAsync("eth_newFilter", "[{\"fromBlock\":\"latest\"}]")).GetRawText();
        var blocks = (await served.ResultAsync("eth_newBlockFilter")).GetRawText();
        Assert.Equal("[]", (await served.ResultAsync("eth_getFilterChanges", $"[{logs}]")).GetRawText());
        Assert.Equal("[]", (await served.ResultAsync("eth_getFilterLogs", $"[{logs}]")).GetRawText());
        Assert.Equal(-32000, (await served.ErrorAsync("eth_getFilterLogs", $"[{blocks}]")).Code);
    }

    [Fact]
    public async Task Events_come_in_the_shape_of_the_Beacon_API()
    {
        await using var served = await Served.StartAsync();
        using var answer = await served.Http.GetAsync(
            new Uri("/eth/v1/events?topics=head,block&topics=finalized_checkpoint,chain_reorg", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.ToString());
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        Assert.Equal(":", await lines.ReadLineAsync());
        Assert.Equal("", await lines.ReadLineAsync());
        var block = served.Node.Extend();
        Assert.Equal(
            [("block", "1"), ("head", "1")],
            new[] { await EventAsync(lines), await EventAsync(lines) }.Select(one => (one.Name, one.Data.GetProperty("slot").GetString()!)));
        served.Node.FinalizeNext();
        var (name, data) = await EventAsync(lines);
        Assert.Equal("finalized_checkpoint", name);
        Assert.Equal(block.Hash.ToString(), data.GetProperty("block").GetString());
        Assert.Equal("0", data.GetProperty("epoch").GetString());
        Assert.False(data.GetProperty("execution_optimistic").GetBoolean());
    }

    [Fact]
    public async Task A_reorganisation_is_an_event()
    {
        await using var served = await Served.StartAsync();
        using var answer = await served.Http.GetAsync(
            new Uri("/eth/v1/events?topics=chain_reorg", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        await lines.ReadLineAsync();
        await lines.ReadLineAsync();
        var old = served.Node.Extend();
        var fresh = served.Node.Extend(served.Node.Genesis.Block.Hash, round: 1);
        served.Node.Extend(fresh.Hash);
        var (name, data) = await EventAsync(lines);
        Assert.Equal("chain_reorg", name);
        Assert.Equal("1", data.GetProperty("depth").GetString());
        Assert.Equal(old.Hash.ToString(), data.GetProperty("old_head_block").GetString());
    }

    [Theory]
    [InlineData("/eth/v1/events?topics=head,weather_forecast")]
    [InlineData("/eth/v1/events?topics=")]
    [InlineData("/eth/v1/events")]
    public async Task An_unknown_topic_is_refused(string path)
    {
        await using var served = await Served.StartAsync();
        using var answer = await served.Http.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(400, JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task Readiness_follows_the_node()
    {
        await using var served = await Served.StartAsync();
        using var socket = await served.ConnectAsync();
        var id = await socket.SubscribeAsync("[\"syncing\"]");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(served, "/health/live"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(served, "/health/ready"));
        served.Node.Publish(new Notice.Syncing(Active: true, 0, 1, 9));
        await socket.NoteAsync(id);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(served, "/health/ready"));
        served.Node.Publish(new Notice.Syncing(Active: false, 0, 9, 9));
        await socket.NoteAsync(id);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(served, "/health/ready"));
        served.Node.Publish(new Notice.Stopped(null));
        await socket.CloseAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(served, "/health/ready"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(served, "/health/live"));
    }

    [Fact]
    public async Task Metrics_count_calls_by_method_and_bound_their_labels()
    {
        using var meter = new System.Diagnostics.Metrics.Meter("LuxTensor.Test." + Guid.NewGuid().ToString("N"));
        await using var served = await Served.StartAsync();
        var counter = meter.CreateCounter<long>("rpc.test.things", "By", "Things \\ of\nall kinds.");
        var histogram = meter.CreateHistogram<double>("rpc.test.time", "s");
        for (var i = 0; i < 1_000; i++)
        {
            counter.Add(2, new KeyValuePair<string, object?>("name", $"\"{i}\""));
        }

        using var second = new System.Diagnostics.Metrics.Meter(meter.Name); // of another node in this process
        counter.Add(1);
        second.CreateCounter<long>("rpc.test.things", "By").Add(5);
        histogram.Record(0.3);
        histogram.Record(3_000);
        await served.ErrorAsync("eth_nothing");
        var text = await served.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        Assert.Matches("(?m)^luxtensor_rpc_calls_total\\{method=\"other\"\\} 1$", text);
        Assert.Contains("# TYPE rpc_test_things_bytes_total counter\n", text, StringComparison.Ordinal);
        Assert.Contains("# HELP rpc_test_things_bytes_total Things \\\\ of\\nall kinds.\n", text, StringComparison.Ordinal);
        Assert.Contains("rpc_test_things_bytes_total{name=\"\\\"7\\\"\",node=\"1\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("rpc_test_things_bytes_total{overflow=\"true\",node=\"1\"} 1489\n", text, StringComparison.Ordinal);
        Assert.Contains("rpc_test_things_bytes_total{node=\"2\"} 5\n", text, StringComparison.Ordinal);
        var samples = text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line[..line.LastIndexOf(' ')]).ToArray();
        Assert.Equal(samples.Length, samples.Distinct(StringComparer.Ordinal).Count());
        Assert.Contains("rpc_test_time_seconds_bucket{le=\"0.5\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("rpc_test_time_seconds_bucket{le=\"+Inf\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("rpc_test_time_seconds_count 2\n", text, StringComparison.Ordinal);
    }

    private static async Task<string[]> PollAsync(Served served, string id) =>
        [.. (await served.ResultAsync("eth_getFilterChanges", $"[{id}]")).EnumerateArray().Select(hash => hash.GetString()!)];

    private static async Task<HttpStatusCode> StatusAsync(Served served, string path)
    {
        using var answer = await served.Http.GetAsync(new Uri(path, UriKind.Relative));
        return answer.StatusCode;
    }

    private static async Task<(string Name, JsonElement Data)> EventAsync(StreamReader lines)
    {
        var name = await lines.ReadLineAsync();
        var data = await lines.ReadLineAsync();
        Assert.Equal("", await lines.ReadLineAsync());
        return (name!["event: ".Length..], JsonDocument.Parse(data!["data: ".Length..]).RootElement);
    }
}
