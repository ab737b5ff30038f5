using System.Net.Sockets;
using System.Security.Cryptography;
using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>Floods of connections that never become peers, or become too many.</summary>
internal static class ConnectionFloods
{
    private const int Sockets = 64;
    private const int Identities = 30;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    internal static IReadOnlyList<Flood> All { get; } =
    [
        new("half-open connections", "connections of an address, handshakes under way, handshake timeout", "connections", HalfOpenAsync),
        new("handshakes abandoned", "connections of an address, handshakes under way", "handshakes", AbandonedAsync),
        Flood.ByPeers("sybils", "connections of an address, places for peers", "peers", Identities, SitAsync),
        Flood.ByPeers("peers that come and go", "connections of an address", "handshakes", 4, LeaveAsync),
    ];

    // Says nothing; the node hangs up, and it comes again.
    private static Task HalfOpenAsync(Victim victim, FloodTally tally, CancellationToken cancellation) =>
        ByTcpAsync(victim, tally, Sockets, static (_, _) => Task.CompletedTask, cancellation);

    // As far as it costs the node most: it has agreed on Noise and answered the first message with a key exchange and a signature.
    private static Task AbandonedAsync(Victim victim, FloodTally tally, CancellationToken cancellation) => ByTcpAsync(
        victim, tally, 8,
        static async (stream, cancellation) =>
        {
            await stream.WriteAsync(Multistream.Encode("/multistream/1.0.0", NoiseSecurity.Protocol), cancellation);
            await stream.WriteAsync(new byte[] { 0, 32 }, cancellation);
            await stream.WriteAsync(RandomNumberGenerator.GetBytes(32), cancellation);
            var answer = new byte[100]; // greeting, agreement, and the beginning of the second message
            await stream.ReadExactlyAsync(answer, cancellation);
            stream.Close();
        },
        cancellation);

    private static Task ByTcpAsync(
        Victim victim, FloodTally tally, int sockets, Func<NetworkStream, CancellationToken, Task> say, CancellationToken cancellation) =>
        Task.WhenAll(Enumerable.Range(0, sockets).Select(_ => Task.Run(
            async () =>
            {
                var nothing = new byte[1];
                while (!cancellation.IsCancellationRequested)
                {
                    try
                    {
                        using var tcp = new TcpClient();
                        await tcp.ConnectAsync(victim.Address.Address!, victim.Address.Port!.Value, cancellation);
                        tally.Send();
                        await say(tcp.GetStream(), cancellation);
                        if (tcp.Connected && await tcp.GetStream().ReadAsync(nothing, cancellation) == 0)
                        {
                            tally.WasRefused("hung up");
                            await Task.Delay(Pause, cancellation);
                        }
                    }
                    catch (Exception refused) when (refused is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
                    {
                        tally.WasRefused("refused");
                    }
                }
            },
            CancellationToken.None)));

    private static Task SitAsync(Attacker attacker, Victim victim, FloodTally tally, CancellationToken cancellation)
    {
        tally.Send();
        return Task.Delay(Timeout.Infinite, cancellation);
    }

    private static Task LeaveAsync(Attacker attacker, Victim victim, FloodTally tally, CancellationToken cancellation)
    {
        tally.Send();
        attacker.Swarm.Disconnect(victim.Id, "it comes again");
        return Task.Delay(Timeout.Infinite, cancellation);
    }
}
