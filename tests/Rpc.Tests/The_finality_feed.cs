namespace LuxTensor.Tests.Rpc;

/// <summary>Sequence number = height: from any number on, each event once and in order, or a gap that is told.</summary>
public sealed class The_finality_feed
{
    [Fact]
    public async Task Replay_and_live_meet_without_gap_or_repetition()
    {
        await using var served = await Served.StartAsync();
        served.Node.Finalize(60);
        using var socket = await served.ConnectAsync();
        var making = Task.Run(() => served.Node.Finalize(140));
        var id = await socket.SubscribeAsync("[\"lux_finality\",{\"fromSequence\":\"0x1\"}]");
        for (var expected = 1; expected <= 200; expected++)
        {
            var note = await socket.NoteAsync(id);
            Assert.Equal($"0x{expected:x}", note.GetProperty("sequence").GetString());
            Assert.Equal(served.Node.BlockAt((ulong)expected)!.Block.Hash.ToString(), note.GetProperty("blockHash").GetString());
        }

        await making;
    }

    [Fact]
    public async Task Two_readers_of_one_connection_go_their_own_ways()
    {
        await using var served = await Served.StartAsync();
        served.Node.Finalize(5);
        using var socket = await served.ConnectAsync();
        var live = await socket.SubscribeAsync("[\"lux_finality\"]");
        var answer = await socket.CallAsync("eth_subscribe", "[\"lux_finality\",{\"fromSequence\":4}]");
        var replay = answer.GetProperty("result").GetString()!;
        Assert.Equal("0x4", (await socket.NoteAsync(replay)).GetProperty("sequence").GetString());
        Assert.Equal("0x5", (await socket.NoteAsync(replay)).GetProperty("sequence").GetString());
        served.Node.Finalize(1);
        var ids = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 2; i++)
        {
            var note = (await socket.ReceiveAsync())!.Value.GetProperty("params");
            Assert.Equal("0x6", note.GetProperty("result").GetProperty("sequence").GetString());
            ids.Add(note.GetProperty("subscription").GetString()!);
        }

        Assert.Equal([.. new[] { live, replay }.Order(StringComparer.Ordinal)], ids.Order(StringComparer.Ordinal).ToArray());
    }

    [Fact]
    public async Task Events_that_are_no_longer_kept_are_told_as_a_gap()
    {
        await using var served = await Served.StartAsync();
        served.Node.Finalize(30);
        served.Node.PrunedBelow = 20;
        using var socket = await served.ConnectAsync();
        var id = await socket.SubscribeAsync("[\"lux_finality\",{\"fromSequence\":5}]");
        Assert.Equal("""{"gap":{"from":"0x5","to":"0x13"}}""", (await socket.NoteAsync(id)).GetRawText());
        Assert.Equal("0x14", (await socket.NoteAsync(id)).GetProperty("sequence").GetString());
        Assert.Equal("0x15", (await socket.NoteAsync(id)).GetProperty("sequence").GetString());
        var page = await served.ResultAsync("lux_finalityFeed", "[5,1]");
        Assert.Equal("""{"from":"0x5","to":"0x13"}""", page.GetProperty("gap").GetRawText());
        Assert.Equal("0x14", page.GetProperty("events")[0].GetProperty("sequence").GetString());
    }

    [Fact]
    public async Task The_next_event_can_be_waited_for_and_those_after_it_not()
    {
        await using var served = await Served.StartAsync();
        served.Node.Finalize(3);
        using var socket = await served.ConnectAsync();
        Assert.Equal("GapAhead", (await socket.CallAsync("eth_subscribe", "[\"lux_finality\",{\"fromSequence\":5}]"))
            .GetProperty("error").GetProperty("data").GetProperty("reason").GetString());
        Assert.Equal(-32000, (await served.ErrorAsync("lux_finalityFeed", "[5]")).Code);
        var id = await socket.SubscribeAsync("[\"lux_finality\",{\"fromSequence\":4}]");
        served.Node.Finalize(1);
        Assert.Equal("0x4", (await socket.NoteAsync(id)).GetProperty("sequence").GetString());
    }

    [Fact]
    public async Task Pages_follow_each_other()
    {
        await using var served = await Served.StartAsync();
        served.Node.Finalize(10);
        var seen = new List<string>();
        var next = "0x1";
        for (var pages = 0; pages < 4; pages++)
        {
            var page = await served.ResultAsync("lux_finalityFeed", $"[\"{next}\",\"0x4\"]");
            seen.AddRange(page.GetProperty("events").EnumerateArray().Select(one => one.GetProperty("sequence").GetString()!));
            next = page.GetProperty("next").GetString()!;
            Assert.Equal("0xa", page.GetProperty("newest").GetString());
        }

        Assert.Equal(Enumerable.Range(1, 10).Select(number => $"0x{number:x}"), seen);
        Assert.Equal("0xb", next);
    }

    [Fact]
    public async Task Progress_names_who_has_not_signed()
    {
        await using var served = await Served.StartAsync();
        served.Node.Finalize(2);
        served.Node.Extend();
        var missing = served.Node.Genesis.EpochZero.Validators[3].Address.ToString();
        var final = await served.ResultAsync("lux_finality", "[2]");
        Assert.True(final.GetProperty("final").GetBoolean());
        Assert.Equal(75, final.GetProperty("percent").GetInt32());
        Assert.Equal(missing, final.GetProperty("missing").EnumerateArray().Single().GetString());
        var deciding = await served.ResultAsync("lux_finality");
        Assert.Equal("0x3", deciding.GetProperty("height").GetString());
        Assert.False(deciding.GetProperty("final").GetBoolean());
        Assert.Equal(4, deciding.GetProperty("missing").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, (await served.ResultAsync("lux_finality", "[4]")).ValueKind);
    }
}
