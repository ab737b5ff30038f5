using System.Net;
using System.Net.Sockets;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>Turns addresses into endpoints, asking DNS where they hold a name. What a name leads to is bounded, and so is how far.</summary>
internal sealed class AddressResolver(TimeProvider time, IReadOnlyList<IPEndPoint>? nameServers = null)
{
    private const int MostAnswers = 8;
    private const int MostSteps = 3; // a dnsaddr may lead to another one

    /// <exception cref="IOException">The address cannot be dialled, or its name leads nowhere.</exception>
    /// <exception cref="SocketException">The name is not known.</exception>
    internal Task<IReadOnlyList<(Multiaddr Address, IPEndPoint Endpoint)>> ResolveAsync(Multiaddr address, CancellationToken cancellation) =>
        ResolveAsync(address, address.Peer, MostSteps, cancellation);

    private async Task<IReadOnlyList<(Multiaddr Address, IPEndPoint Endpoint)>> ResolveAsync(
        Multiaddr address, PeerId? wanted, int steps, CancellationToken cancellation)
    {
        if (!address.IsDialable || steps == 0)
        {
            throw new IOException(steps == 0 ? "its name leads from name to name" : "it cannot be dialled: an IP address or a name, and a TCP port are needed");
        }

        if (address.Address is { } ip)
        {
            return [(address, new IPEndPoint(ip, address.Port!.Value))];
        }

        if (address.First == Multiaddr.Protocol.DnsAddr)
        {
            return await FollowAsync(address.HostName!, wanted, steps, cancellation);
        }

        var family = address.First switch
        {
            Multiaddr.Protocol.Dns4 => AddressFamily.InterNetwork,
            Multiaddr.Protocol.Dns6 => AddressFamily.InterNetworkV6,
            _ => AddressFamily.Unspecified,
        };
        var found = await Dns.GetHostAddressesAsync(address.HostName!, family, cancellation);
        return [.. found.Take(MostAnswers).Select(it => (address, new IPEndPoint(it, address.Port!.Value)))];
    }

    private async Task<IReadOnlyList<(Multiaddr Address, IPEndPoint Endpoint)>> FollowAsync(
        string name, PeerId? wanted, int steps, CancellationToken cancellation)
    {
        const string Prefix = "dnsaddr=";
        var found = new List<(Multiaddr, IPEndPoint)>();
        foreach (var text in await DnsTexts.AskAsync("_dnsaddr." + name, nameServers, time, cancellation))
        {
            if (found.Count < MostAnswers && text.StartsWith(Prefix, StringComparison.Ordinal) && Multiaddr.TryParse(text[Prefix.Length..], out var next, out _)
                && next.IsDialable && (wanted is null || next.Peer is null || next.Peer == wanted))
            {
                found.AddRange(await ResolveAsync(next, wanted, steps - 1, cancellation));
            }
        }

        return found.Count > 0 ? found : throw new IOException($"the TXT records of _dnsaddr.{name} name no address of the peer that can be dialled");
    }
}
