using System.Security.Cryptography;
using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

public sealed class Swarms_on_loopback
{
    private const string Echo = "/test/echo/1";

    [Theory]
    [InlineData("/noise")]
    [InlineData("/tls/1.0.0")]
    public async Task Two_nodes_connect_identify_each_other_and_carry_streams(string security)
    {
        await using var listener = await Host.StartAsync(before: ServeEcho);
        await using var dialer = await Host.StartAsync(it => it with { Security = [security] });

        await dialer.Swarm.DialAsync(listener.Address, Host.Soon);

        Assert.Contains(Echo, (await dialer.JoinedAsync(listener.Id)).Protocols);
        Assert.DoesNotContain(Echo, (await listener.JoinedAsync(dialer.Id)).Protocols);
        Assert.Equal(security, (await dialer.EventAsync<SwarmEvent.Connected>()).Security);
        var sent = RandomNumberGenerator.GetBytes(3_000_000);
        Assert.Equal(sent, await EchoAsync(dialer.Swarm, listener, sent));
    }

    internal static void ServeEcho(Swarm swarm) => swarm.Serve(Echo, 64, async (stream, cancellation) =>
    {
        var buffer = new byte[65536];
        for (int read; (read = await stream.ReadAsync(buffer, cancellation)) > 0;)
        {
            await stream.WriteAsync(buffer.AsMemory(0, read), cancellation);
        }
    });

    internal static async Task<byte[]> EchoAsync(Swarm from, Host to, byte[] bytes)
    {
        await using var stream = await from.OpenAsync(to.Id, [Echo], Host.Soon);
        var writing = Task.Run(async () =>
        {
            await stream.WriteAsync(bytes, Host.Soon);
            await stream.CloseWriteAsync(Host.Soon);
        });
        var back = new MemoryStream();
        var buffer = new byte[100_000];
        for (int read; (read = await stream.ReadAsync(buffer, Host.Soon)) > 0;)
        {
            back.Write(buffer, 0, read);
        }

        await writing;
        return back.ToArray();
    }
}
