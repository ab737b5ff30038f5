using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Engine;
using LuxTensor.Network;
using LuxTensor.Tests.Engine;

namespace LuxTensor.Tests.Network;

/// <summary>Three frames are enough for a ban; the hundreds that came along with them are not verified any more.</summary>
public sealed class What_waits_of_a_banned_peer
{
    [Fact]
    public async Task A_frame_knows_that_its_sender_is_heard_no_more()
    {
        var chain = new TestChain(1);
        await using var node = await TransportBench.StartAsync(chain.Genesis);
        var victim = new Victim(chain, node.Swarm.Listening[0].With(node.Id), static () => 0);
        await using var attacker = await node.Book.JoinAsync(victim);
        await using var gossip = await attacker.GossipAsync(Host.Soon);
        await gossip.WriteAsync(WireMessage.Of(victim.Topics.Of(Topic.Votes)!, Announcement.Carry(new byte[100])).Frame, Host.Soon);
        var frame = await node.NextAsync(Topic.Votes);
        Assert.True(frame.IsHeard!());

        node.Book.Report(attacker.Id, new PeerInput.Faulty(PeerFault.ForgedCertificate));

        Assert.False(frame.IsHeard());
    }

    [Theory]
    [InlineData(true, FrameVerdict.Accept)]
    [InlineData(false, FrameVerdict.Ignore)]
    public async Task A_node_looks_at_nothing_of_whom_it_does_not_hear(bool isHeard, FrameVerdict expected)
    {
        var chain = new TestChain(1);
        using var journal = new MemoryJournal(chain.Genesis);
        using var guard = new MemoryGuard();
        await using var transport = new Handing();
        await using var node = NodeHost.Open(new NodeOptions { Genesis = chain.Genesis, Journal = journal, Guard = guard, Transport = transport });
        node.Start();
        var judged = new TaskCompletionSource<FrameVerdict>(TaskCreationOptions.RunContinuationsAsynchronously);
        var frame = MessageCodec.Encode(chain.Genesis.Rules.ChainId, new Message.Submit(chain.Transfer(0, 1)));

        Assert.True(transport.Take(new IncomingFrame(new PeerId("one"), Topic.Transactions, frame, verdict => judged.TrySetResult(verdict)) { IsHeard = () => isHeard }));

        Assert.Equal(expected, await judged.Task.WaitAsync(Host.Soon));
    }

    /// <summary>A network from which frames come as a test hands them in.</summary>
    private sealed class Handing : ITransport
    {
        public Func<IncomingFrame, bool> Take { get; private set; } = static _ => false;

        public IReadOnlyCollection<PeerId> Peers => [];

        public Task Completion { get; } = new TaskCompletionSource().Task;

        public void Start(Func<IncomingFrame, bool> handler) => Take = handler;

        public void Broadcast(Topic topic, ReadOnlyMemory<byte> frame)
        {
            // nobody hears it
        }

        public void Send(PeerId peer, ReadOnlyMemory<byte> frame)
        {
            // nobody hears it
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
