using System.Net;
using System.Net.Sockets;
using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>What many peers, or one that is many, may not do to a node; each time an honest peer is served meanwhile.</summary>
public sealed class Limits_of_a_swarm
{
    [Fact]
    public async Task Handshakes_that_drip_or_say_nothing_end_in_time_and_do_not_keep_an_honest_peer_out()
    {
        var clock = new ManualTime();
        await using var node = await Host.StartAsync(it => it with { MostHandshakes = 8, Time = clock }, before: Swarms_on_loopback.ServeEcho);
        var floods = await ConnectAsync(node, 7);
        await floods[0].SendAsync("\u0013/multi"u8.ToArray());

        await using var honest = await Host.StartAsync();
        await honest.Swarm.DialAsync(node.Address, Host.Soon); // the eighth place
        Assert.Equal([1, 2, 3], await Swarms_on_loopback.EchoAsync(honest.Swarm, node, [1, 2, 3]));
        Assert.Equal(7, node.Swarm.Handshakes);

        clock.Advance(TimeSpan.FromSeconds(11));
        for (var i = 0; i < 7; i++)
        {
            Assert.Equal(0, await floods[i].ReceiveAsync(new byte[100]).WaitAsync(Host.Soon));
        }

        await node.EventAsync<SwarmEvent.Refused>(it => it.Cause == RefusalCause.HandshakeTimeout);
        Array.ForEach(floods, static it => it.Dispose());
    }

    [Fact]
    public async Task Handshakes_beyond_the_limit_are_refused_before_a_byte_is_read()
    {
        await using var node = await Host.StartAsync(it => it with { MostHandshakes = 4 });
        var floods = await ConnectAsync(node, 40);

        for (var i = 0; i < 36; i++)
        {
            await node.EventAsync<SwarmEvent.Refused>(it => it.Cause == RefusalCause.HandshakesInFlight);
        }

        await UntilAsync(node, it => it.OfType<SwarmEvent.Refused>().Count() == 36);
        Assert.True(node.Swarm.Handshakes <= 4);
        Array.ForEach(floods, static it => it.Dispose());
    }

    [Fact]
    public async Task An_address_that_connects_again_and_again_has_to_wait()
    {
        var clock = new ManualTime();
        await using var node = await Host.StartAsync(it => it with { MostPerAddress = 3, Time = clock });
        for (var i = 0; i < 24; i++)
        {
            await using var peer = await Host.StartAsync();
            await peer.Swarm.DialAsync(node.Address, Host.Soon);
            await node.JoinedAsync(peer.Id);
            peer.Swarm.Disconnect(node.Id, "it comes again");
            await node.LeftAsync(peer.Id);
            await node.EventAsync<SwarmEvent.Closed>(it => it.Peer == peer.Id);
        }

        await using var late = await Host.StartAsync();
        await Assert.ThrowsAsync<StreamException>(() => late.Swarm.DialAsync(node.Address, Host.Soon));
        await node.EventAsync<SwarmEvent.Refused>(static it => it.Cause == RefusalCause.AddressRate);

        clock.Advance(TimeSpan.FromSeconds(1));
        await late.Swarm.DialAsync(node.Address, Host.Soon);
    }

    [Fact]
    public async Task Peers_that_came_by_themselves_do_not_keep_the_node_from_those_that_it_knows()
    {
        await using var known = await Host.StartAsync();
        await using var node = await Host.StartAsync(it => it with { WantedPeers = 2, MostPeers = 6, MostInbound = 4 });
        var strangers = new List<Host>();
        for (var i = 0; i < 4; i++)
        {
            strangers.Add(await Host.StartAsync(static it => it with { Listen = [] }));
            await strangers[i].Swarm.DialAsync(node.Address, Host.Soon);
        }

        node.Swarm.Store.Heard(known.Id, [known.Swarm.Listening[0]]);

        Assert.True((await node.JoinedAsync(known.Id)).IsOutbound);
        foreach (var stranger in strangers)
        {
            await stranger.DisposeAsync();
        }
    }

    [Fact]
    public async Task Connections_of_one_address_are_bounded_and_a_place_comes_back()
    {
        await using var node = await Host.StartAsync(it => it with { MostPerAddress = 3 });
        var hosts = new List<Host>();
        for (var i = 0; i < 3; i++)
        {
            hosts.Add(await Host.StartAsync());
            await hosts[i].Swarm.DialAsync(node.Address, Host.Soon);
        }

        await using var fourth = await Host.StartAsync();
        await Assert.ThrowsAsync<StreamException>(() => fourth.Swarm.DialAsync(node.Address, Host.Soon));
        await node.EventAsync<SwarmEvent.Refused>(it => it.Cause == RefusalCause.AddressLimit && it.From!.Equals(IPAddress.Loopback));

        await hosts[0].DisposeAsync();
        await node.EventAsync<SwarmEvent.Closed>();
        await UntilDialledAsync(fourth, node);
        foreach (var host in hosts)
        {
            await host.DisposeAsync();
        }
    }

    [Fact]
    public async Task Peers_are_bounded_and_inbound_ones_have_a_share()
    {
        await using var listener = await Host.StartAsync();
        await using var node = await Host.StartAsync(it => it with { MostPeers = 3, MostInbound = 2 });
        await using var one = await Host.StartAsync();
        await using var two = await Host.StartAsync();
        await using var three = await Host.StartAsync();
        await one.Swarm.DialAsync(node.Address, Host.Soon);
        await two.Swarm.DialAsync(node.Address, Host.Soon);

        await Assert.ThrowsAsync<StreamException>(() => three.Swarm.DialAsync(node.Address, Host.Soon));
        await node.EventAsync<SwarmEvent.Refused>(it => it.Cause == RefusalCause.Full);
        await node.Swarm.DialAsync(listener.Address, Host.Soon); // the share of those that this node dials

        Assert.Equal(3, node.Swarm.Connected.Count);
        await Assert.ThrowsAsync<StreamException>(() => node.Swarm.DialAsync(three.Address, Host.Soon));
    }

    [Fact]
    public async Task The_least_useful_peer_gives_way_to_a_more_useful_one_and_never_a_protected_one()
    {
        await using var good = await Host.StartAsync();
        await using var poor = await Host.StartAsync();
        await using var kept = await Host.StartAsync();
        await using var better = await Host.StartAsync();
        await using var worst = await Host.StartAsync();
        await using var node = await Host.StartAsync(it => it with
        {
            MostPeers = 3,
            MostInbound = 3,
            Usefulness = peer => peer == good.Id ? 50 : peer == better.Id ? 40 : peer == poor.Id ? 10 : peer == worst.Id ? 5 : 0,
        });
        node.Swarm.Protect(kept.Id, isProtected: true);
        await good.Swarm.DialAsync(node.Address, Host.Soon);
        await poor.Swarm.DialAsync(node.Address, Host.Soon);
        await kept.Swarm.DialAsync(node.Address, Host.Soon);

        await Assert.ThrowsAsync<StreamException>(() => worst.Swarm.DialAsync(node.Address, Host.Soon));
        await better.Swarm.DialAsync(node.Address, Host.Soon);

        Assert.Equal(CloseCause.Trimmed, (await node.EventAsync<SwarmEvent.Closed>(it => it.Peer == poor.Id)).Why.Cause);
        Assert.Equal(
            new[] { better.Id.Name, good.Id.Name, kept.Id.Name }.Order(StringComparer.Ordinal),
            node.Swarm.Connected.Select(it => it.Id.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_peer_that_came_by_itself_takes_no_place_of_one_that_was_dialled()
    {
        await using var dialled = await Host.StartAsync();
        await using var one = await Host.StartAsync();
        await using var two = await Host.StartAsync();
        await using var useful = await Host.StartAsync();
        await using var node = await Host.StartAsync(it => it with
        {
            MostPeers = 3,
            MostInbound = 2,
            Usefulness = peer => peer == dialled.Id ? 0 : peer == one.Id ? 10 : peer == two.Id ? 20 : 30,
        });
        await node.Swarm.DialAsync(dialled.Address, Host.Soon);
        await one.Swarm.DialAsync(node.Address, Host.Soon);
        await two.Swarm.DialAsync(node.Address, Host.Soon);

        await useful.Swarm.DialAsync(node.Address, Host.Soon);

        Assert.Equal(CloseCause.Trimmed, (await node.EventAsync<SwarmEvent.Closed>()).Why.Cause);
        Assert.Equal(
            new[] { dialled.Id.Name, two.Id.Name, useful.Id.Name }.Order(StringComparer.Ordinal),
            node.Swarm.Connected.Select(it => it.Id.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_gated_peer_is_refused_as_dialler_and_not_dialled()
    {
        await using var banned = await Host.StartAsync();
        await using var node = await Host.StartAsync(it => it with { Gate = (peer, address) => peer != banned.Id && address is not null });

        await Assert.ThrowsAsync<StreamException>(() => banned.Swarm.DialAsync(node.Address, Host.Soon));
        Assert.Equal(banned.Id, (await node.EventAsync<SwarmEvent.Refused>(it => it.Cause == RefusalCause.Gated)).Peer);
        await Assert.ThrowsAsync<StreamException>(() => node.Swarm.DialAsync(banned.Address, Host.Soon));
        Assert.Empty(node.Swarm.Connected);
        Assert.DoesNotContain(banned.Events, it => it is SwarmEvent.Connected { IsOutbound: false });
    }

    [Fact]
    public async Task Another_peer_than_the_dialled_one_and_this_node_itself_are_refused()
    {
        await using var one = await Host.StartAsync();
        await using var node = await Host.StartAsync();
        using var other = PeerIdentity.Generate();

        await Assert.ThrowsAsync<StreamException>(() => node.Swarm.DialAsync(one.Address.With(other.Id), Host.Soon));
        Assert.Equal(RefusalCause.WrongPeer, (await node.EventAsync<SwarmEvent.Refused>()).Cause);
        await Assert.ThrowsAsync<StreamException>(() => node.Swarm.DialAsync(node.Address.WithoutPeer(), Host.Soon));
        await node.EventAsync<SwarmEvent.Refused>(it => it.Cause == RefusalCause.Self);
        Assert.Empty(node.Swarm.Connected);
    }

    [Fact]
    public async Task A_peer_that_opens_too_many_streams_of_a_protocol_has_the_rest_reset()
    {
        var release = new TaskCompletionSource();
        await using var node = await Host.StartAsync(before: swarm => swarm.Serve("/test/hold/1", 3, (_, _) => release.Task));
        await using var peer = await Host.StartAsync();
        await peer.Swarm.DialAsync(node.Address, Host.Soon);
        var streams = new List<IPeerStream>();
        for (var i = 0; i < 3; i++)
        {
            streams.Add(await peer.Swarm.OpenAsync(node.Id, ["/test/hold/1"], Host.Soon));
        }

        for (var i = 0; i < 7; i++)
        {
            await Assert.ThrowsAsync<StreamException>(async () =>
            {
                await using var stream = await peer.Swarm.OpenAsync(node.Id, ["/test/hold/1"], Host.Soon);
                await stream.ReadAsync(new byte[1], Host.Soon);
            });
        }

        release.SetResult();
        foreach (var stream in streams.Take(3))
        {
            Assert.Equal(0, await stream.ReadAsync(new byte[1], Host.Soon)); // these were served to their end
        }
    }

    private static async Task<Socket[]> ConnectAsync(Host node, int count)
    {
        var sockets = new Socket[count];
        for (var i = 0; i < count; i++)
        {
            sockets[i] = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await sockets[i].ConnectAsync(IPAddress.Loopback, node.Swarm.Listening[0].Port!.Value, Host.Soon);
        }

        return sockets;
    }

    private static async Task UntilAsync(Host node, Func<IEnumerable<SwarmEvent>, bool> holds)
    {
        while (!holds(node.Events))
        {
            Host.Soon.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    // The listener frees a place a moment after it tells that the connection ended.
    private static async Task UntilDialledAsync(Host from, Host to)
    {
        while (true)
        {
            try
            {
                await from.Swarm.DialAsync(to.Address, Host.Soon);
                return;
            }
            catch (StreamException) when (!Host.Soon.IsCancellationRequested)
            {
                await Task.Yield();
            }
        }
    }
}
