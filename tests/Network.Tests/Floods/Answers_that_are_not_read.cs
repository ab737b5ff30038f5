using LuxTensor.Core.Consensus;
using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>A peer that asks for much and reads nothing leaves it in the node's memory: so much in all, for so long.</summary>
public sealed class Answers_that_are_not_read
{
    private const string Protocol = "/test/answers/1";
    private const byte Large = 1;
    private const int LargeBytes = 400 << 10; // more than a window, so it stays

    [Fact]
    public async Task What_waits_is_bounded_and_keeps_no_small_answer_back()
    {
        await using var node = await Host.StartAsync();
        await using var peer = await AnsweringAsync(node, new RequestLimits { MostAnswerBytes = 1 << 20 }, TimeProvider.System);
        await using var first = await AskAsync(peer, node.Id, Large);
        Assert.Equal(1, await first.ReadAsync(new byte[1], Host.Soon)); // it is on its way

        Assert.Equal(0, await TryAsync(peer, node.Id)); // refused

        await using (var small = await AskAsync(peer, node.Id, 0))
        {
            Assert.Equal(11, await ReadAsync(small));
        }

        await ReadAsync(first);
        var soon = Host.Soon;
        while (await TryAsync(peer, node.Id) < LargeBytes)
        {
            soon.ThrowIfCancellationRequested(); // the first is over there a moment after it is read here
        }
    }

    [Fact]
    public async Task Nobody_reads_one_for_longer_than_whoever_asks_waits()
    {
        var time = new ManualTime();
        await using var node = await Host.StartAsync();
        await using var peer = await AnsweringAsync(node, new RequestLimits { Period = TimeSpan.FromHours(1) }, time);
        await using var stream = await AskAsync(peer, node.Id, Large);
        Assert.Equal(1, await stream.ReadAsync(new byte[1], Host.Soon));

        time.Advance(TimeSpan.FromSeconds(31));

        await Assert.ThrowsAsync<StreamException>(async () =>
        {
            while (true)
            {
                await stream.WriteAsync(new byte[1], Host.Soon); // ends with the stream, and takes nothing from it
                await Task.Yield();
            }
        });
    }

    private static async Task<Host> AnsweringAsync(Host node, RequestLimits limits, TimeProvider time)
    {
        new RequestResponse(node.Swarm, Protocol, limits, time).Answer(static (_, request, _) =>
            ValueTask.FromResult<ReadOnlyMemory<byte>?>(new byte[request.Span[0] == Large ? LargeBytes : 10]));
        var peer = await Host.StartAsync();
        await peer.Swarm.DialAsync(node.Address, Host.Soon);
        return peer;
    }

    private static async Task<IPeerStream> AskAsync(Host peer, PeerId node, byte what)
    {
        var stream = await peer.Swarm.OpenAsync(node, [Protocol], Host.Soon);
        await Frames.WriteAsync(stream, new[] { what }, Host.Soon);
        return stream;
    }

    /// <summary>Asks for a large one; 0 where it is refused, which may show while the request is still being written.</summary>
    private static async Task<int> TryAsync(Host peer, PeerId node)
    {
        try
        {
            await using var stream = await AskAsync(peer, node, Large);
            return await ReadAsync(stream);
        }
        catch (StreamException)
        {
            return 0;
        }
    }

    private static async Task<int> ReadAsync(IPeerStream stream)
    {
        var (all, buffer) = (0, new byte[65_536]);
        while (await stream.ReadAsync(buffer, Host.Soon) is > 0 and var read)
        {
            all += read;
        }

        return all;
    }
}
