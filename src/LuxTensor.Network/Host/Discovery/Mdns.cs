using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>
/// Finds peers of the local network (libp2p specs, discovery/mdns): asks for <c>_p2p._udp.local</c> by multicast and answers who asks. What
/// it hears is a hint: who is there, a handshake proves.
/// </summary>
internal sealed class Mdns : IDisposable
{
    private const string Service = "_p2p._udp.local";
    private const string Prefix = "dnsaddr=";
    private const uint Ttl = 120;

    private static readonly IPAddress Group = IPAddress.Parse("224.0.0.251");
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(60); // between questions
    private static readonly TimeSpan LeastBetweenAnswers = TimeSpan.FromSeconds(1);

    private readonly Socket socket;
    private readonly TimeProvider time;
    private readonly IPEndPoint group;
    private readonly FloodGauge datagrams;
    private readonly string name = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20)) + "." + Service;

    /// <param name="port">5353, or another one in tests.</param>
    /// <param name="multicast">The interface to speak on; <see cref="IPAddress.Any"/> leaves it to the system.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="SocketException">Multicast is not possible here.</exception>
    internal Mdns(int port, IPAddress multicast, TimeProvider time)
    {
        this.time = time;
        group = new IPEndPoint(Group, port);
        datagrams = new FloodGauge((200, 20), time);
        socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true); // other programs listen for mDNS too
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(Group, multicast));
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, multicast.GetAddressBytes());
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastLoopback, true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Asks now and then, and listens, until cancelled.</summary>
    /// <param name="own">This node's addresses, each with its id; asked for with each answer.</param>
    /// <param name="heard">Is told of each peer that says where it is.</param>
    /// <param name="cancellation">Ends it.</param>
    internal async Task RunAsync(Func<IReadOnlyList<Multiaddr>> own, Action<PeerId, IReadOnlyList<Multiaddr>> heard, CancellationToken cancellation)
    {
        var asking = AskAsync(cancellation);
        var buffer = new byte[DnsMessage.MaxSize];
        long? answered = null;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var from = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), cancellation);
                if (!datagrams.TrySpend())
                {
                    continue; // whoever floods the local network finds nobody here
                }

                var message = DnsMessage.Decode(buffer.AsSpan(0, from.ReceivedBytes));
                if (message.IsResponse)
                {
                    Hear(message, heard);
                }
                else if (message.Questions.Any(static it => it.Type == DnsMessage.Ptr && it.Name.Equals(Service, StringComparison.OrdinalIgnoreCase))
                    && (answered is null || time.GetElapsedTime(answered.Value) >= LeastBetweenAnswers))
                {
                    answered = time.GetTimestamp();
                    await socket.SendToAsync(Answer(own()), group, cancellation);
                }
            }
            catch (Exception e) when (e is WireException or SocketException)
            {
                // A malformed datagram, or one that could not leave: the next may be better.
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        await asking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => socket.Dispose();

    private byte[] Answer(IReadOnlyList<Multiaddr> own) => new DnsMessage(0, true, [],
    [
        new(Service, DnsMessage.Ptr, Ttl, name, []),
        new(name, DnsMessage.Txt, Ttl, "", [.. own.Select(static it => Prefix + it).Where(static it => it.Length < 256).Take(16)]),
    ]).Encode();

    private static void Hear(DnsMessage message, Action<PeerId, IReadOnlyList<Multiaddr>> heard)
    {
        var addresses = message.Records
            .Where(static it => it.Type == DnsMessage.Txt && it.Name.EndsWith(Service, StringComparison.OrdinalIgnoreCase))
            .SelectMany(static it => it.Texts)
            .Where(static it => it.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(static it => Multiaddr.TryParse(it[Prefix.Length..], out var address, out _) ? address : null)
            .OfType<Multiaddr>()
            .Where(static it => it.Peer is not null && it.Address is not null);
        foreach (var peer in addresses.GroupBy(static it => it.Peer!.Value).Take(4))
        {
            heard(peer.Key, [.. peer]);
        }
    }

    private async Task AskAsync(CancellationToken cancellation)
    {
        var question = new DnsMessage(0, false, [new(Service, DnsMessage.Ptr)], []).Encode();
        while (true)
        {
            try
            {
                await socket.SendToAsync(question, group, cancellation);
            }
            catch (SocketException)
            {
                // no route for now
            }

            await Task.Delay(Interval, time, cancellation);
        }
    }
}
