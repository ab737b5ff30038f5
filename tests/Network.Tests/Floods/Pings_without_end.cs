using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>A ping costs its sender as little as anything can; its answers must not keep the node from its work.</summary>
public sealed class Pings_without_end
{
    [Fact]
    public async Task Some_are_answered_at_once_and_the_rest_as_time_goes_by()
    {
        var time = new ManualTime();
        await using var node = await Host.StartAsync(options => options with { Time = time });
        await using var peer = await Host.StartAsync();
        await peer.Swarm.DialAsync(node.Address, Host.Soon);
        await using var stream = await peer.Swarm.OpenAsync(node.Id, [PingProtocol.Name], Host.Soon);
        await stream.WriteAsync(new byte[32 * 1_000], Host.Soon);
        var answers = new byte[32 * 65];

        for (var read = 0; read < answers.Length;)
        {
            read += await stream.ReadAsync(answers.AsMemory(read), Host.Soon);
        }

        var next = stream.ReadAsync(answers.AsMemory(0, 32), Host.Soon).AsTask();
        for (var i = 0; i < 20; i++)
        {
            await using var other = await peer.Swarm.OpenAsync(node.Id, [IdentifyMessage.Protocol], Host.Soon); // it is there for others meanwhile
            Assert.True(await other.ReadAsync(answers, Host.Soon) > 0);
        }

        Assert.False(next.IsCompleted);
        await TransportBench.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            return next.IsCompleted;
        });
        Assert.Equal(32, await next);
    }
}
