using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using LuxTensor.Core.Consensus;
using LuxTensor.Crypto;
using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

public sealed class Lives_of_connections
{
    [Fact]
    public async Task Both_ends_that_dial_at_once_are_left_with_connections_that_work()
    {
        await using var one = await Host.StartAsync(before: Swarms_on_loopback.ServeEcho);
        await using var two = await Host.StartAsync(before: Swarms_on_loopback.ServeEcho);

        await Task.WhenAll(one.Swarm.DialAsync(two.Address, Host.Soon), two.Swarm.DialAsync(one.Address, Host.Soon));

        Assert.Equal([1, 2], await Swarms_on_loopback.EchoAsync(one.Swarm, two, [1, 2]));
        Assert.Equal([3, 4], await Swarms_on_loopback.EchoAsync(two.Swarm, one, [3, 4]));
        Assert.Single(one.Swarm.Connected);
        Assert.Single(two.Swarm.Connected);
    }

    [Fact]
    public async Task A_second_dial_of_a_connected_peer_makes_no_second_connection()
    {
        await using var one = await Host.StartAsync();
        await using var two = await Host.StartAsync();

        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => two.Swarm.DialAsync(one.Address, Host.Soon)));

        Assert.Single(two.Events.OfType<SwarmEvent.Connected>());
    }

    [Fact]
    public async Task A_watcher_hears_who_comes_and_goes_and_who_was_there_before()
    {
        await using var one = await Host.StartAsync();
        await using var two = await Host.StartAsync();
        await two.Swarm.DialAsync(one.Address, Host.Soon);
        var late = new Recorder();
        using var watching = two.Swarm.Watch(late);

        two.Swarm.Disconnect(one.Id, "the test says so");

        await two.JoinedAsync(one.Id);
        await two.LeftAsync(one.Id);
        await one.LeftAsync(two.Id);
        Assert.Equal($"joined {one.Id}", await late.NextAsync());
        Assert.Equal($"left {one.Id}", await late.NextAsync());
        var closed = await two.EventAsync<SwarmEvent.Closed>();
        Assert.Equal(new CloseReason(CloseCause.Disconnected, "the test says so"), closed.Why);
        Assert.Equal(CloseCause.ClosedByPeer, (await one.EventAsync<SwarmEvent.Closed>()).Why.Cause);
    }

    [Fact]
    public async Task A_protocol_served_later_is_pushed_to_the_peers_that_are_there()
    {
        await using var one = await Host.StartAsync();
        await using var two = await Host.StartAsync();
        await two.Swarm.DialAsync(one.Address, Host.Soon);
        Assert.DoesNotContain("/test/late/1", (await two.JoinedAsync(one.Id)).Protocols);

        one.Swarm.Serve("/test/late/1", 1, static (_, _) => Task.CompletedTask);

        Assert.Contains("/test/late/1", (await two.JoinedAsync(one.Id)).Protocols);
    }

    [Fact]
    public async Task A_failed_dial_is_repeated_later_and_later_by_the_callers_jitter()
    {
        var clock = new ManualTime();
        var jitter = 0.0;
        var book = new DialBook(new SwarmOptions { Time = clock, Backoff = TimeSpan.FromSeconds(8), MostBackoff = TimeSpan.FromSeconds(30), Jitter = () => jitter });
        var peer = new PeerId("somebody");
        var waits = new List<double>();
        foreach (var next in new[] { 0.0, 0.0, 1.0, 0.5, 0.5 })
        {
            jitter = next;
            book.Failed(peer);
            var started = clock.GetUtcNow();
            while (!book.MayDial(peer))
            {
                clock.Advance(TimeSpan.FromSeconds(0.5));
            }

            waits.Add((clock.GetUtcNow() - started).TotalSeconds);
        }

        Assert.Equal([6, 12, 37.5, 30, 30], waits);
        book.Succeeded(peer);
        book.Failed(peer);
        clock.Advance(TimeSpan.FromSeconds(8));
        Assert.True(book.MayDial(peer));
        await Task.CompletedTask;
    }

    [Fact]
    public async Task A_bootstrap_peer_is_dialled_until_it_is_there_and_again_when_it_is_gone()
    {
        using var identity = PeerIdentity.Generate();
        var port = FreePort();
        var address = Multiaddr.Parse($"/ip4/127.0.0.1/tcp/{port}").With(identity.Id);
        await using var node = await Host.StartAsync(it => it with { Bootstrap = [address], Backoff = TimeSpan.FromMilliseconds(1), MostBackoff = TimeSpan.FromMilliseconds(5) });
        await node.EventAsync<SwarmEvent.DialFailed>();

        for (var i = 0; i < 2; i++)
        {
            var bootstrap = new Swarm(identity, new SwarmOptions { Listen = [address.WithoutPeer()] });
            await bootstrap.StartAsync(Host.Soon);
            await node.JoinedAsync(identity.Id);
            await bootstrap.DisposeAsync();
            await node.LeftAsync(identity.Id);
        }
    }

    [Fact]
    public async Task Known_peers_survive_a_restart_and_are_dialled()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var path = Path.Combine(folder.FullName, "peers.json");
            await using var other = await Host.StartAsync();
            await using (var first = await Host.StartAsync(it => it with { StorePath = path }))
            {
                await first.Swarm.DialAsync(other.Address, Host.Soon);
            }

            await using var second = await Host.StartAsync(it => it with { StorePath = path });

            await second.JoinedAsync(other.Id);
            Assert.True(second.Swarm.Store.All()[0].WasReached);
            Assert.Empty(second.Events.OfType<SwarmEvent.Warned>());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("{\"version\":1,\"peers\":[{\"id\":\"nobody\",\"addresses\":[]}]}")]
    [InlineData("{\"version\":2,\"peers\":[]}")]
    [InlineData("half a fi")]
    [InlineData("")]
    public async Task A_peer_store_that_cannot_be_read_is_put_aside_and_begun_anew(string content)
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var path = Path.Combine(folder.FullName, "peers.json");
            await File.WriteAllTextAsync(path, content);
            await using var other = await Host.StartAsync();
            await using (var node = await Host.StartAsync(it => it with { StorePath = path }))
            {
                Assert.Contains(path, (await node.EventAsync<SwarmEvent.Warned>()).What, StringComparison.Ordinal);
                await node.Swarm.DialAsync(other.Address, Host.Soon);
            }

            Assert.Equal(content, await File.ReadAllTextAsync(path + ".unreadable"));
            Assert.Equal(other.Id, Assert.Single(PeerStore.Decode(await File.ReadAllBytesAsync(path))).Id);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task The_peer_store_is_bounded_and_what_was_only_heard_displaces_nothing()
    {
        var clock = new ManualTime();
        await using var store = new PeerStore(null, clock, static _ => { }, static () => []);
        var met = PeerIds.OfKey([1]);
        store.Met(met, Enumerable.Range(1, 20).Select(it => Multiaddr.Parse($"/ip4/192.0.2.{it}/tcp/1")), IPAddress.Loopback, wasDialled: false);
        Assert.Equal(PeerStore.MostAddresses, store.Addresses(met).Length);
        store.Heard(met, [Multiaddr.Parse("/ip4/198.51.100.1/tcp/1")]);
        Assert.DoesNotContain(Multiaddr.Parse("/ip4/198.51.100.1/tcp/1"), store.Addresses(met));
        for (var i = 0; i < 2 * PeerStore.MostPeers; i++)
        {
            store.Heard(PeerIds.OfKey(BitConverter.GetBytes(i)), [Multiaddr.Parse("/ip4/192.0.2.1/tcp/1")]);
        }

        Assert.Equal(PeerStore.MostPeers, store.All().Count);
        Assert.Equal(met, store.All()[0].Id);
    }

    [Fact]
    public async Task Ids_without_end_push_nobody_out_of_the_peer_store_that_was_reached_or_is_connected()
    {
        await using var reached = await Host.StartAsync();
        await using var connected = await Host.StartAsync();
        var clock = new ManualTime();
        await using var node = await Host.StartAsync(it => it with { WantedPeers = 0, Time = clock });
        await node.Swarm.DialAsync(reached.Address, Host.Soon);
        node.Swarm.Disconnect(reached.Id, "it was reached once");
        await node.EventAsync<SwarmEvent.Closed>(it => it.Peer == reached.Id);
        await connected.Swarm.DialAsync(node.Address, Host.Soon);
        await node.JoinedAsync(connected.Id);

        clock.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 2 * PeerStore.MostPeers; i++)
        {
            Meet(node.Swarm.Store, i, "203.0.113.66");
        }

        Assert.Equal(PeerStore.MostPeers, node.Swarm.Store.All().Count);
        Assert.Equal(reached.Id, node.Swarm.Store.All()[0].Id); // and it is dialled before them
        Assert.NotEmpty(node.Swarm.Store.Addresses(connected.Id));

        node.Swarm.Disconnect(connected.Id, "it was met until now");
        await node.EventAsync<SwarmEvent.Closed>(it => it.Peer == connected.Id);
        Assert.Equal(clock.GetUtcNow(), node.Swarm.Store.All().Single(it => it.Id == connected.Id).LastMet);
    }

    [Theory]
    [InlineData("192.0.2.1", "203.0.113.{0}")]
    [InlineData("2001:db8:1::1", "2001:db8:2:{0:x}::1")]
    public async Task Ids_of_one_network_push_out_each_other_once_the_peer_store_is_full(string honest, string crowd)
    {
        var clock = new ManualTime();
        await using var store = new PeerStore(null, clock, static _ => { }, static () => []);
        var first = Meet(store, -1, honest);
        clock.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 2 * PeerStore.MostPeers; i++)
        {
            Meet(store, i, string.Format(CultureInfo.InvariantCulture, crowd, i % 256));
        }

        Assert.Equal(PeerStore.MostPeers, store.All().Count);
        var kept = PeerStore.Decode(PeerStore.Encode(store.All())).Single(it => it.Id == first); // the file says where it came from, too
        Assert.Equal(store.All().Single(it => it.Id == first).Network, kept.Network);
        Assert.NotEqual(store.All()[0].Network, kept.Network);
    }

    [SkippableFact]
    public async Task IPv6_is_listened_on_and_dialled()
    {
        Skip.IfNot(Socket.OSSupportsIPv6 && HasLoopback6(), "this machine has no ::1");
        await using var one = await Host.StartAsync(it => it with { Listen = [Multiaddr.Parse("/ip6/::1/tcp/0")] });
        await using var two = await Host.StartAsync();

        await two.Swarm.DialAsync(one.Address, Host.Soon);

        Assert.StartsWith("/ip6/::1/tcp/", (await two.JoinedAsync(one.Id)).Address, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_is_looked_up_and_a_dnsaddr_followed()
    {
        await using var one = await Host.StartAsync();
        await using (var named = await Host.StartAsync())
        {
            await named.Swarm.DialAsync(Multiaddr.Parse($"/dns4/localhost/tcp/{one.Swarm.Listening[0].Port}").With(one.Id), Host.Soon);
        }

        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var serving = ServeAsync(server, one);
        await using var two = await Host.StartAsync(it => it with { NameServers = [(IPEndPoint)server.LocalEndPoint!] });

        await two.Swarm.DialAsync(Multiaddr.Parse("/dnsaddr/bootstrap.example").With(one.Id), Host.Soon);

        await two.JoinedAsync(one.Id);
        Assert.Equal("_dnsaddr.bootstrap.example", await serving);
    }

    [SkippableFact]
    public async Task Peers_of_the_local_network_find_each_other()
    {
        const int Port = 35353;
        try
        {
            using var possible = new Mdns(Port, IPAddress.Loopback, TimeProvider.System);
        }
        catch (SocketException e)
        {
            Skip.If(true, $"multicast is not possible here: {e.Message}");
        }

        SwarmOptions Local(SwarmOptions it) => it with { Mdns = true, MdnsPort = Port, MdnsInterface = IPAddress.Loopback };
        await using var one = await Host.StartAsync(Local);
        await using var two = await Host.StartAsync(Local);

        await one.JoinedAsync(two.Id);
        await two.JoinedAsync(one.Id);
    }

    [Fact]
    public async Task A_peer_that_answers_no_ping_is_given_up()
    {
        var clock = new ManualTime();
        await using var mute = await Host.StartAsync(before: swarm => swarm.Serve(PingProtocol.Name, 4, static (_, ending) => Task.Delay(Timeout.Infinite, ending)));
        await using var node = await Host.StartAsync(it => it with { Time = clock });
        await node.Swarm.DialAsync(mute.Address, Host.Soon);
        await node.JoinedAsync(mute.Id);

        while (!node.Events.Any(static it => it is SwarmEvent.Closed))
        {
            Host.Soon.ThrowIfCancellationRequested();
            clock.Advance(TimeSpan.FromSeconds(1)); // a ping, then its deadline, whenever their timers are set
            await Task.Yield();
        }

        Assert.Equal(CloseCause.Silent, (await node.EventAsync<SwarmEvent.Closed>()).Why.Cause);
    }

    [Fact]
    public void An_identity_is_created_once_and_kept_for_its_owner_alone()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var plain = Path.Combine(folder.FullName, "identity");
            using var created = PeerIdentity.OpenOrCreate(plain, password: null);
            using var opened = PeerIdentity.OpenOrCreate(plain, password: null);
            Assert.Equal(created.Id, opened.Id);
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(plain));
            }

            var kept = Path.Combine(folder.FullName, "identity.json");
            using (var key = SigningKey.Generate())
            {
                KeystoreFile.Write(kept, Keystore.Encrypt(key, "correct horse", new() { Kdf = new KeystoreKdf.Scrypt(N: 2, R: 8, P: 1) }));
                using var again = PeerIdentity.OpenOrCreate(kept, "correct horse");
                Assert.Equal(key.PublicKey, again.PublicKey);
            }

            Assert.Equal(KeystoreFault.WrongPassword, Assert.Throws<KeystoreException>(() => PeerIdentity.OpenOrCreate(kept, null)).Fault);
            KeystoreFile.Write(Path.Combine(folder.FullName, "broken"), "no key");
            Assert.Equal(KeystoreFault.Malformed, Assert.Throws<KeystoreException>(
                () => PeerIdentity.OpenOrCreate(Path.Combine(folder.FullName, "broken"), null)).Fault);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<string> ServeAsync(Socket server, Host named)
    {
        var buffer = new byte[1000];
        var asked = await server.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), Host.Soon);
        var question = DnsMessage.Decode(buffer.AsSpan(0, asked.ReceivedBytes));
        var name = question.Questions[0].Name;
        using var other = PeerIdentity.Generate();
        var answer = new DnsMessage(question.Id, true, question.Questions,
        [
            new(name, DnsMessage.Txt, 60, "", ["v=spf1"]),
            new(name, DnsMessage.Txt, 60, "", [$"dnsaddr=/ip4/127.0.0.1/tcp/1/p2p/{other.Id}"]), // of another peer
            new(name, DnsMessage.Txt, 60, "", [$"dnsaddr={named.Address}"]),
        ]);
        await server.SendToAsync(answer.Encode(), asked.RemoteEndPoint, Host.Soon);
        return name;
    }

    /// <summary>A peer of its own, that came by itself from an address.</summary>
    private static PeerId Meet(PeerStore store, int number, string from)
    {
        var peer = PeerIds.OfKey(BitConverter.GetBytes(number));
        store.Met(peer, [Multiaddr.Parse("/ip4/203.0.113.66/tcp/30303")], IPAddress.Parse(from), wasDialled: false);
        return peer;
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static bool HasLoopback6()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private sealed class Recorder : IPeerWatcher
    {
        private readonly Channel<string> heard = Channel.CreateUnbounded<string>();

        public void Joined(ConnectedPeer peer) => heard.Writer.TryWrite($"joined {peer.Id}");

        public void Left(PeerId peer) => heard.Writer.TryWrite($"left {peer}");

        internal Task<string> NextAsync() => heard.Reader.ReadAsync(Host.Soon).AsTask();
    }
}
