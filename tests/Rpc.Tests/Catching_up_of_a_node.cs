using System.Collections.Immutable;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Sync;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Rpc;

/// <summary>lux_sync.</summary>
public sealed class Catching_up_of_a_node
{
    [Fact]
    public async Task A_node_at_the_head_asks_nobody_for_anything()
    {
        await using var served = await Served.StartAsync();
        var sync = await served.ResultAsync("lux_sync");
        Assert.False(sync.GetProperty("active").GetBoolean());
        Assert.Equal(("0x0", "0x0", JsonValueKind.Null), (
            sync.GetProperty("currentBlock").GetString(), sync.GetProperty("claimedBlock").GetString(), sync.GetProperty("secondsLeft").ValueKind));
        Assert.Empty(sync.GetProperty("peers").EnumerateArray());
    }

    [Fact]
    public async Task A_node_that_is_behind_says_how_far_how_fast_and_of_whom()
    {
        await using var served = await Served.StartAsync();
        using var socket = await served.ConnectAsync();
        var told = await socket.SubscribeAsync("[\"syncing\"]");
        served.Node.Sync = new SyncState
        {
            Peers = ImmutableDictionary<PeerId, SyncPeer>.Empty
                .Add(new PeerId("busy"), new SyncPeer(1_000) { Request = new SyncRequest(SyncPart.Headers, 1, 128, 77) })
                .Add(new PeerId("late"), new SyncPeer(900) { Failures = 2, RestsUntil = 99 }),
            Requests = 7,
            Retried = 2,
            Downloaded = 300,
        };
        served.Node.Publish(new Notice.Syncing(Active: true, 0, 0, 128) { Claimed = 1_000, Rate = 400 });
        await socket.NoteAsync(told); // now whoever asks is answered by it, too
        var sync = await served.ResultAsync("lux_sync");
        Assert.Equal(
            """{"active":true,"startingBlock":"0x0","currentBlock":"0x0","provenBlock":"0x0","claimedBlock":"0x3e8","headers":"0x0","queued":"0x0","pending":"0x0","downloaded":"0x12c","waiting":"0x0","waitingBytes":"0x0","requests":"0x7","retried":"0x2","blocksPerSecond":400,"secondsLeft":2.5,"peers":[{"peerId":"busy","claimedBlock":"0x3e8","failures":"0x0","restsUntil":null,"asked":{"what":"headers","from":"0x1","count":"0x80","since":"0x4d"}},{"peerId":"late","claimedBlock":"0x384","failures":"0x2","restsUntil":"0x63","asked":null}]}""",
            sync.GetRawText());
    }
}
