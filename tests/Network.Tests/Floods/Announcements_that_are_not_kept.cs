using System.Security.Cryptography;
using LuxTensor.Core.Peers;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Network;
using LuxTensor.Tests.Engine;

namespace LuxTensor.Tests.Network;

/// <summary>Frames too large for gossip are announced. Whoever announces what it does not have harms itself alone.</summary>
public sealed class Announcements_that_are_not_kept
{
    private const uint Large = 2 << 20;

    [Fact]
    public async Task Nobody_else_is_asked_for_what_a_peer_announces_and_it_is_banned()
    {
        await using var node = await TransportBench.StartAsync();
        var victim = VictimOf(node, new TestChain(1));
        await using var liar = await node.Book.JoinAsync(victim);
        await using var bystander = await node.Book.JoinAsync(victim);
        var asked = 0;
        bystander.Swarm.Serve(Announcement.Protocol, 64, (_, _) =>
        {
            asked++;
            return Task.CompletedTask;
        });
        await using var gossip = await liar.GossipAsync(Host.Soon);

        for (var announced = 1UL; !node.Book.IsBanned(liar.Id); announced++) // one after the other: more at once exceed other limits
        {
            await gossip.WriteAsync(Announced(victim, new(RandomNumberGenerator.GetBytes(32)), Large), Host.Soon);
            await TransportBench.UntilAsync(() => node.Book.Find(liar.Id)!.State.Failures >= announced);
        }

        Assert.Equal(PeerFault.NoAnswer, node.Book.Find(liar.Id)!.State.BanReason);
        Assert.Equal(0, asked);
        Assert.False(node.Book.IsBanned(bystander.Id));
    }

    [Fact]
    public async Task What_should_have_come_whole_is_not_announced()
    {
        await using var node = await TransportBench.StartAsync();
        var victim = VictimOf(node, new TestChain(1));
        await using var liar = await node.Book.JoinAsync(victim);
        await using var gossip = await liar.GossipAsync(Host.Soon);

        await gossip.WriteAsync(Announced(victim, new(RandomNumberGenerator.GetBytes(32)), 1), Host.Soon);

        await TransportBench.UntilAsync(() => node.Book.Find(liar.Id)?.State.Failures > 0);
        Assert.Equal(PeerFault.InvalidFrame, node.Book.Find(liar.Id)!.State.LastFault);
    }

    [Fact]
    public async Task Where_the_first_to_announce_is_silent_the_next_one_is_asked()
    {
        var chain = new TestChain(1, timeout: 32_000); // an announcement counts for 8 s
        await using var node = await TransportBench.StartAsync(chain.Genesis);
        var victim = VictimOf(node, chain);
        await using var silent = await node.Book.JoinAsync(victim);
        await using var honest = await node.Book.JoinAsync(victim);
        var block = new byte[Large];
        new Random(7).NextBytes(block);
        var wasAsked = new TaskCompletionSource();
        silent.Swarm.Serve(Announcement.Protocol, 64, async (_, cancellation) =>
        {
            wasAsked.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
        });
        honest.Swarm.Serve(Announcement.Protocol, 64, async (stream, cancellation) =>
        {
            await Frames.ReadAsync(stream, 32, "a hash", cancellation);
            await Frames.WriteAsync(stream, FrameCompression.Pack(block, 0), cancellation);
            await stream.CloseWriteAsync(cancellation);
        });
        await using var first = await silent.GossipAsync(Host.Soon);
        await using var second = await honest.GossipAsync(Host.Soon);

        await first.WriteAsync(Announced(victim, Sha256.Hash(block), Large), Host.Soon);
        await wasAsked.Task.WaitAsync(Host.Soon);
        await second.WriteAsync(Announced(victim, Sha256.Hash(block), Large), Host.Soon);

        Assert.Equal(Sha256.Hash(block), Sha256.Hash((await node.NextAsync(Topic.Blocks)).Bytes.Span));
    }

    private static Victim VictimOf(TransportBench node, TestChain chain) => new(chain, node.Swarm.Listening[0].With(node.Id), static () => 0);

    private static ReadOnlyMemory<byte> Announced(Victim victim, Hash256 hash, uint length) =>
        WireMessage.Of(victim.Topics.Of(Topic.Blocks)!, new Announcement(hash, length).Encode()).Frame;
}
