using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Engine.Peers;
using LuxTensor.Network;
using LuxTensor.Tests.Core;
using LuxTensor.Tests.Engine;

namespace LuxTensor.Tests.Network;

/// <summary>What a node's transport does with frames, requests and peers, over libp2p on loopback.</summary>
public sealed class TransportTests
{
    private static readonly byte[] First = [.. Enumerable.Repeat((byte)1, 300)];
    private static readonly byte[] Second = [.. Enumerable.Repeat((byte)2, 300)];

    [Fact]
    public async Task A_frame_goes_on_once_the_node_accepted_it_and_a_refused_one_stays()
    {
        await using var a = await TransportBench.StartAsync();
        await using var b = await TransportBench.StartAsync();
        await using var c = await TransportBench.StartAsync();
        await b.ConnectAsync(a);
        await c.ConnectAsync(b); // c knows a only by what b passes on
        b.Take = frame =>
        {
            frame.Judge(frame.Bytes.Span[0] == 1 ? FrameVerdict.Reject : FrameVerdict.Accept);
            return true;
        };

        a.Transport.Broadcast(Topic.Votes, First);
        Assert.Equal(First, (await b.NextAsync(Topic.Votes)).Bytes.ToArray());
        a.Transport.Broadcast(Topic.Votes, Second);
        var arrived = await c.NextAsync(Topic.Votes);

        Assert.Equal(Second, arrived.Bytes.ToArray()); // and nothing before it
        Assert.Equal(b.Id, arrived.From);
        var judged = b.Book.Snapshot().Single(peer => peer.Id == a.Id).State;
        Assert.Equal((1UL, 1UL), (judged.Failures, judged.Successes));
    }

    [Fact]
    public async Task A_frame_that_is_too_large_to_be_gossiped_is_announced_and_fetched_by_everybody()
    {
        await using var a = await TransportBench.StartAsync();
        await using var b = await TransportBench.StartAsync();
        await using var c = await TransportBench.StartAsync();
        await b.ConnectAsync(a);
        await c.ConnectAsync(b);
        var block = new byte[3 << 20];
        new Random(7).NextBytes(block);

        a.Transport.Broadcast(Topic.Blocks, block);

        Assert.Equal(Sha256.Hash(block), Sha256.Hash((await b.NextAsync(Topic.Blocks)).Bytes.Span));
        Assert.Equal(Sha256.Hash(block), Sha256.Hash((await c.NextAsync(Topic.Blocks)).Bytes.Span));
    }

    [Fact]
    public async Task A_peer_of_another_chain_is_sent_away_and_let_in_no_more()
    {
        await using var a = await TransportBench.StartAsync();
        await using var other = await TransportBench.StartAsync(new TestChain(2).Genesis);

        await other.Swarm.DialAsync(a.Swarm.Listening[0].With(a.Id), CancellationToken.None).ContinueWith(static _ => { }, TaskScheduler.Default);
        await TransportBench.UntilAsync(() => a.Book.IsBanned(other.Id) || other.Book.IsBanned(a.Id)); // whichever heard the hello first hangs up

        Assert.Empty(a.Transport.Peers);
        Assert.Empty(other.Transport.Peers);
        Assert.Equal(0, a.Seen(Topic.Status) + other.Seen(Topic.Status));
    }

    [Fact]
    public async Task A_peer_that_says_no_hello_is_none()
    {
        await using var a = await TransportBench.StartAsync();
        using var identity = PeerIdentity.Generate();
        await using var mute = new Swarm(identity, new SwarmOptions());
        await mute.StartAsync(CancellationToken.None);

        await mute.DialAsync(a.Swarm.Listening[0].With(a.Id), CancellationToken.None);
        var closed = await a.EventAsync<SwarmEvent.Closed>();

        Assert.Equal((mute.Self, CloseCause.Disconnected), (closed.Peer, closed.Why.Cause));
        Assert.Contains("did not say hello", closed.Why.Detail, StringComparison.Ordinal);
        Assert.Empty(a.Transport.Peers);
    }

    [Fact]
    public async Task A_peer_that_says_hello_and_never_who_it_is_is_none_once_it_left()
    {
        await using var a = await TransportBench.StartAsync();
        using var identity = PeerIdentity.Generate();
        await using (var nameless = new Swarm(identity, new SwarmOptions()))
        {
            nameless.Serve(IdentifyMessage.Protocol, 2, static (_, ending) => Task.Delay(Timeout.Infinite, ending));
            await nameless.StartAsync(CancellationToken.None);
            await nameless.DialAsync(a.Swarm.Listening[0].With(a.Id), CancellationToken.None);
            await using var stream = await nameless.OpenAsync(a.Id, [Hello.Protocol], CancellationToken.None);
            await Frames.WriteAsync(stream, HelloOf(a.Genesis), CancellationToken.None);
            await stream.CloseWriteAsync(CancellationToken.None);
            await TransportBench.UntilAsync(() => a.Transport.Peers.Contains(identity.Id));
        }

        await TransportBench.UntilAsync(() => a.Transport.Peers.Count == 0);
    }

    [Fact]
    public async Task A_peer_that_leaves_while_its_hello_is_taken_is_none()
    {
        var genesis = new TestChain(1).Genesis;
        var network = new MemoryNetwork();
        var peer = network.Add("peer");
        peer.Serve(Hello.Protocol, 2, async (stream, ending) =>
        {
            await Frames.WriteAsync(stream, HelloOf(genesis), ending);
            await stream.CloseWriteAsync(ending);
        });
        var self = network.Add("self");
        await using var book = await PeerBook.OpenAsync(new PeerBookOptions { Settings = new PeerSettings { Limits = PeerLimits.For(genesis.Rules) } });
        await using var transport = new NetworkTransport(new NetworkTransportOptions
        {
            Genesis = genesis,
            Swarm = new Losing(self, () => self.Disconnect(peer.Self, "just after it was asked whether it is there")),
            Book = book,
        });
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        transport.Start(frame => heard.TrySetResult());

        MemoryNetwork.Connect(self, peer);
        await heard.Task.WaitAsync(TransportBench.Patience);

        Assert.Empty(transport.Peers);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(4 << 20)]
    public async Task A_request_is_answered_on_its_own_stream(int bytes)
    {
        await using var a = await TransportBench.StartAsync();
        await using var b = await TransportBench.StartAsync();
        await b.ConnectAsync(a);
        var answer = new byte[bytes]; // compresses well
        a.Take = frame =>
        {
            frame.Answer?.Invoke(answer);
            frame.Judge(FrameVerdict.Accept);
            return true;
        };

        b.Transport.Send(a.Id, First.AsMemory(0, 22));

        Assert.Equal(First[..22], (await a.NextAsync(Topic.Direct)).Bytes.ToArray());
        var arrived = await b.NextAsync(Topic.Direct);
        Assert.Equal((a.Id, Sha256.Hash(answer)), (arrived.From, Sha256.Hash(arrived.Bytes.Span)));
        Assert.Null(arrived.Answer);
        await TransportBench.UntilAsync(() => b.Book.Snapshot().Single(peer => peer.Id == a.Id).State.Successes == 1);
    }

    [Fact]
    public async Task A_peer_that_has_nothing_to_answer_is_not_at_fault_and_is_asked_again()
    {
        await using var a = await TransportBench.StartAsync();
        await using var b = await TransportBench.StartAsync();
        await b.ConnectAsync(a);
        a.Take = frame =>
        {
            if (frame.Bytes.Span[0] == 2)
            {
                frame.Answer?.Invoke(Second);
            }

            frame.Judge(FrameVerdict.Ignore);
            return true;
        };

        b.Transport.Send(a.Id, First.AsMemory(0, 22));
        await a.NextAsync(Topic.Direct);
        b.Transport.Send(a.Id, Second.AsMemory(0, 22));

        Assert.Equal(Second, (await b.NextAsync(Topic.Direct)).Bytes.ToArray());
        Assert.Equal(0UL, b.Book.Snapshot().Single(peer => peer.Id == a.Id).State.Failures);
    }

    [Fact]
    public async Task Whoever_asks_for_more_than_its_share_waits_and_the_node_hears_nothing_of_it()
    {
        var limits = PeerLimits.For(new TestChain(1).Genesis.Rules);
        await using var a = await TransportBench.StartAsync(limits: limits with { Requests = limits.Requests with { Capacity = 5, PerMinute = 1 } });
        await using var b = await TransportBench.StartAsync();
        await b.ConnectAsync(a);
        a.Take = frame =>
        {
            frame.Answer?.Invoke(First);
            frame.Judge(FrameVerdict.Accept);
            return true;
        };

        for (var i = 0; i < 20; i++)
        {
            b.Transport.Send(a.Id, First.AsMemory(0, 22));
            if (i < 5)
            {
                await b.NextAsync(Topic.Direct);
            }
        }

        await TransportBench.UntilAsync(() => a.Book.Snapshot().Single(peer => peer.Id == b.Id).State.Refused > 0);
        Assert.Equal(5, a.Seen(Topic.Direct));
    }

    [Fact]
    public async Task A_new_status_reaches_every_peer_and_what_it_claims_is_kept_apart_from_what_is_proven()
    {
        await using var a = await TransportBench.StartAsync();
        await using var b = await TransportBench.StartAsync();
        await b.ConnectAsync(a);
        var hash = Sha256.Hash([1]);
        var status = MessageCodec.Encode(a.Genesis.Rules.ChainId, new Message.Status(a.Genesis.Block.Hash, 77, hash, 3));

        a.Transport.Broadcast(Topic.Status, status);
        await TransportBench.UntilAsync(() => b.Book.Snapshot().Single(peer => peer.Id == a.Id).State.ClaimedHeight == 77);
        Assert.Equal(0UL, b.Book.Snapshot().Single(peer => peer.Id == a.Id).State.ProvenHeight);

        b.Transport.Prove(a.Id, 60, hash);
        Assert.Equal(60UL, b.Transport.Network.Peers.Single(peer => peer.Id == a.Id).State.ProvenHeight);
    }

    [Fact]
    public async Task A_peer_that_lied_while_the_node_caught_up_is_banned_and_hung_up_on()
    {
        await using var a = await TransportBench.StartAsync();
        await using var b = await TransportBench.StartAsync();
        await b.ConnectAsync(a);

        b.Transport.Blame(a.Id, LuxTensor.Core.Sync.SyncFault.ForgedCertificate);

        await TransportBench.UntilAsync(() => b.Transport.Peers.Count == 0);
        Assert.True(b.Book.IsBanned(a.Id));
        await Assert.ThrowsAnyAsync<IOException>(() => b.Swarm.DialAsync(a.Swarm.Listening[0].With(a.Id), CancellationToken.None));
    }

    [Fact]
    public void A_hello_is_read_as_it_was_written_and_nothing_else_is_one()
    {
        var genesis = new TestChain(1).Genesis;
        var status = new Message.Status(genesis.Block.Hash, 5, Sha256.Hash([5]), 1);
        var written = Hello.Encode(MessageCodec.Encode(genesis.Rules.ChainId, status));
        Assert.Equal((status, HelloFault.None), (Hello.Decode(written, genesis).Read!.Status, Hello.Decode(written, genesis).Fault));
        Assert.Equal(HelloFault.OtherChain, Hello.Decode(Hello.Encode(MessageCodec.Encode(99, status)), genesis).Fault);
        Assert.Equal(HelloFault.OtherChain, Hello.Decode(written, new TestChain(2).Genesis).Fault);
        for (var length = 0; length < written.Length; length++)
        {
            Assert.Null(Hello.Decode(written.AsMemory(0, length), genesis).Read);
        }

        Assert.Equal(HelloFault.Malformed, Hello.Decode(Hello.Encode(MessageCodec.Encode(genesis.Rules.ChainId, new Message.Ping(1))), genesis).Fault);
        Assert.Null(Hello.Decode((byte[])[2, .. written.AsSpan(1)], genesis).Read);
    }

    [Fact]
    public void Compressed_frames_come_back_whole_and_never_grow_beyond_their_bounds() => Seeds.Each(300, static random =>
    {
        var frame = new byte[random.Next(1, 100_000)];
        random.NextBytes(frame.AsSpan(0, random.Next(frame.Length)));
        foreach (var understood in new byte[] { 0, FrameCompression.Understood })
        {
            var packed = FrameCompression.Pack(frame, understood);
            Assert.True(packed.Length <= frame.Length + 1);
            Assert.Equal(frame, FrameCompression.Unpack(packed, frame.Length)!.Value.ToArray());
            Assert.Null(FrameCompression.Unpack(packed, frame.Length - 1));
            var damaged = packed.ToArray();
            damaged[random.Next(int.Min(damaged.Length, 32))] ^= (byte)random.Next(1, 256);
            var read = FrameCompression.Unpack(damaged, WireLimits.MaxMessageBytes); // whatever it is, it is bounded and does not throw
            Assert.True(read is null || read.Value.Length <= (long)damaged.Length * 64);
        }

        var cut = FrameCompression.Pack(Enumerable.Range(0, 4_000).Select(static i => (byte)(i * i % 251)).ToArray(), FrameCompression.Understood);
        Assert.Equal(1, cut[0]);
        Assert.Null(FrameCompression.Unpack(cut.AsMemory(0, cut.Length - 1), WireLimits.MaxMessageBytes));
    });

    [Fact]
    public void A_few_bytes_that_claim_to_be_many_are_refused_before_anything_is_allocated()
    {
        var bomb = new byte[100];
        bomb[0] = 1;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bomb.AsSpan(1), 16 << 20);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(FrameCompression.Unpack(bomb, WireLimits.MaxMessageBytes));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 100_000);
    }

    [Fact]
    public void An_announcement_is_read_as_it_was_written_and_a_frame_is_carried_whole() => Seeds.Each(200, static random =>
    {
        var bytes = new byte[random.Next(0, 500)];
        random.NextBytes(bytes);
        Assert.Equal(bytes, Announcement.Read(Announcement.Carry(bytes)).Frame!.Value.ToArray());
        var announced = new Announcement(Sha256.Hash(bytes), (uint)random.Next(WireLimits.MaxMessageBytes));
        Assert.Equal((null, announced), Announcement.Read(announced.Encode()));
        Assert.Equal(default, Announcement.Read((announced with { Length = WireLimits.MaxMessageBytes + 1 }).Encode()));
        Assert.Equal(default, Announcement.Read(announced.Encode().AsMemory(0, random.Next(1, 37))));
    });

    [Fact]
    public void Frames_for_those_to_whom_they_were_announced_are_bounded_by_bytes()
    {
        var store = new FrameStore(1_000);
        var frames = Enumerable.Range(0, 10).Select(static i => new byte[300 + i]).ToArray();
        foreach (var frame in frames)
        {
            store.Add(Sha256.Hash(frame), frame);
        }

        Assert.Equal([7, 8, 9], Enumerable.Range(0, 10).Where(i => store.Find(Sha256.Hash(frames[i])) is not null));
    }

    private static byte[] HelloOf(Genesis genesis) =>
        Hello.Encode(MessageCodec.Encode(genesis.Rules.ChainId, new Message.Status(genesis.Block.Hash, 0, genesis.Block.Hash, 0)));

    /// <summary>A swarm that loses a peer as soon as it said who is connected.</summary>
    private sealed class Losing(MemorySwarm inner, Action lose) : ISwarm
    {
        public PeerId Self => inner.Self;

        public IReadOnlyCollection<ConnectedPeer> Connected
        {
            get
            {
                var connected = inner.Connected;
                lose();
                return connected;
            }
        }

        public void Serve(string protocol, int mostPerPeer, Func<IPeerStream, CancellationToken, Task> handler) => inner.Serve(protocol, mostPerPeer, handler);

        public ValueTask<IPeerStream> OpenAsync(PeerId peer, IReadOnlyList<string> protocols, CancellationToken cancellation) =>
            inner.OpenAsync(peer, protocols, cancellation);

        public void Disconnect(PeerId peer, string why) => inner.Disconnect(peer, why);

        public IDisposable Watch(IPeerWatcher watcher) => inner.Watch(watcher);
    }
}
