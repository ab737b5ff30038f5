using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using LuxTensor.Core.Consensus;
using LuxTensor.Network;
using LuxTensor.Tests.Network;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>
/// The libp2p host over loopback, against js-libp2p in the same run: each implementation with itself. A handshake is all from the dial to
/// the closed connection, with identify both ways; both nodes of this host share one process, those of js have one each.
/// </summary>
internal static class NetworkBenchmarks
{
    private const string Protocol = "/luxtensor/test/answer/1"; // as tests/Network.Tests/js/host.mjs answers it
    private const int Bulk = 16 << 20;

    public static async Task RunAsync()
    {
        if (JsPeer.Missing() is { } missing)
        {
            Console.Error.WriteLine($"js-libp2p is needed to compare with: {missing}");
            return;
        }

        foreach (var (security, js) in new[] { ("/noise", "noise"), ("/tls/1.0.0", "tls") })
        {
            await HandshakesAsync(security, js);
        }

        foreach (var (security, js) in new[] { ("/noise", "noise"), ("/tls/1.0.0", "tls") })
        {
            await BulkAsync(security, js);
        }
    }

    private static async Task HandshakesAsync(string security, string name)
    {
        const int Own = 300, Js = 100;
        using var keys = new Keys();
        await using var listener = await StartAsync(keys.First, security);
        await using var dialer = await StartAsync(keys.Second, security);
        await ShakeAsync(dialer, listener, 30);
        var own = Own / await ShakeAsync(dialer, listener, Own);

        await using var one = await JsPeer.StartAsync(new { security = new[] { name } });
        await using var two = await JsPeer.StartAsync(new { security = new[] { name } });
        await JsAsync(one, two.Addresses[0], 20);
        var js = Js / await JsAsync(one, two.Addresses[0], Js);
        Report.Line($"handshakes, {name}", $"{own:0} a second, js {js:0}", $"{own / js:0.0} times js", "dial, secure, yamux, identify both ways, close; one after the other");

        static async Task<double> JsAsync(JsPeer from, string address, int count) =>
            (double)(await from.DoAsync("shake", new { address, count }))!["milliseconds"]! / 1000;
    }

    private static async Task<double> ShakeAsync(Swarm dialer, Swarm listener, int count)
    {
        using var left = new Leaving(dialer);
        var address = listener.Listening[0].With(listener.Self);
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            await dialer.DialAsync(address, CancellationToken.None);
            dialer.Disconnect(listener.Self, "next");
            await left.NextAsync();
        }

        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task BulkAsync(string security, string name)
    {
        const int Count = 10;
        using var keys = new Keys();
        await using var answerer = await StartAsync(keys.First, security);
        await using var asker = await StartAsync(keys.Second, security);
        var requests = new RequestResponse(asker, Protocol, new() { MostRequest = Bulk + 4, MostAnswer = Bulk }, TimeProvider.System);
        new RequestResponse(answerer, Protocol, new() { MostRequest = Bulk + 4, MostAnswer = Bulk }, TimeProvider.System).Answer((_, request, _) =>
        {
            var answer = new byte[BinaryPrimitives.ReadUInt32BigEndian(request.Span)];
            SHA256.HashData(request.Span[4..], answer);
            return ValueTask.FromResult<ReadOnlyMemory<byte>?>(answer);
        });
        await asker.DialAsync(answerer.Listening[0].With(answerer.Self), CancellationToken.None);
        await using var one = await JsPeer.StartAsync(new { security = new[] { name } });
        await using var two = await JsPeer.StartAsync(new { security = new[] { name } });
        await one.DoAsync("dial", new { address = two.Addresses[0] });

        foreach (var (what, payload, answer) in new[] { ("answers of 16 MiB", 16, Bulk), ("requests of 16 MiB", Bulk, 32) })
        {
            await OwnAsync(2, payload, answer);
            await JsAsync(1, payload, answer);
            var own = Count * 16 / await OwnAsync(Count, payload, answer);
            var js = Count * 16 / await JsAsync(Count, payload, answer);
            Report.Line($"{what}, {name}", $"{own:0} MiB/s, js {js:0}", $"{own / js:0.0} times js", "one after the other");
        }

        async Task<double> OwnAsync(int count, int payload, int answer)
        {
            var request = new byte[4 + payload];
            BinaryPrimitives.WriteInt32BigEndian(request, answer);
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < count; i++)
            {
                await requests.AskAsync(answerer.Self, request, CancellationToken.None);
            }

            return Stopwatch.GetElapsedTime(started).TotalSeconds;
        }

        async Task<double> JsAsync(int count, int payloadSize, int answerSize)
        {
            var milliseconds = 0.0;
            for (var i = 0; i < count; i++)
            {
                milliseconds += (double)(await one.DoAsync("ask", new { peer = two.Id.Name, payloadSize, answerSize }))!["milliseconds"]!;
            }

            return milliseconds / 1000;
        }
    }

    private static async Task<Swarm> StartAsync(PeerIdentity identity, string security)
    {
        var swarm = new Swarm(identity, new SwarmOptions { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")], Security = [security], WantedPeers = 0, MostPerAddress = 1000 });
        await swarm.StartAsync(CancellationToken.None);
        return swarm;
    }

    private sealed class Keys : IDisposable
    {
        public PeerIdentity First { get; } = PeerIdentity.Generate();

        public PeerIdentity Second { get; } = PeerIdentity.Generate();

        public void Dispose()
        {
            First.Dispose();
            Second.Dispose();
        }
    }

    private sealed class Leaving : IPeerWatcher, IDisposable
    {
        private readonly SemaphoreSlim left = new(0);
        private readonly IDisposable watching;

        public Leaving(Swarm swarm) => watching = swarm.Watch(this);

        public Task NextAsync() => left.WaitAsync();

        public void Joined(ConnectedPeer peer)
        {
        }

        public void Left(PeerId peer) => left.Release();

        public void Dispose()
        {
            watching.Dispose();
            left.Dispose();
        }
    }
}
