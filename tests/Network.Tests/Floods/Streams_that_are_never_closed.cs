using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>A stream that is done here and that the peer leaves open is kept for a while; a peer may not have as many of them as it likes.</summary>
public sealed class Streams_that_are_never_closed
{
    [Fact]
    public async Task They_are_counted_until_the_peer_closes_them()
    {
        await using var peer = RawYamux.Start(new() { MostUnclosed = 20 }, accept: static _ => Task.CompletedTask);
        for (uint i = 0; i < 30; i++)
        {
            await peer.SendAsync(Yamux.Kind.WindowUpdate, Yamux.Syn, 1 + (2 * i));
        }

        var answers = await peer.SettleAsync();
        Assert.Equal(10, answers.Count(static it => (it.Flags & Yamux.Rst) != 0));
        Assert.Equal(20, peer.Session.StreamCount);

        for (uint i = 0; i < 20; i++)
        {
            await peer.SendAsync(Yamux.Kind.Data, Yamux.Fin, 1 + (2 * i));
        }

        await TransportBench.UntilAsync(() => peer.Session.StreamCount == 0);
        await peer.SendAsync(Yamux.Kind.WindowUpdate, Yamux.Syn, 1001);
        Assert.DoesNotContain(await peer.SettleAsync(), static it => (it.Flags & Yamux.Rst) != 0);
    }

    [Fact]
    public async Task Whoever_opens_them_without_end_is_given_up()
    {
        await using var peer = RawYamux.Start(new() { MostUnclosed = 20, Refusals = (50, 0) }, accept: static _ => Task.CompletedTask);
        var pushing = Task.Run(async () =>
        {
            for (uint i = 0; i < 1_000; i++)
            {
                await peer.SendAsync(Yamux.Kind.WindowUpdate, Yamux.Syn, 1 + (2 * i));
            }
        });

        Assert.Equal(CloseCause.Flood, (await peer.EndAsync()).Cause);
        await pushing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }
}
