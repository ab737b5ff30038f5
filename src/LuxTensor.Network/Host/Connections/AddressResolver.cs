using System.Net;
using System.Net.Sockets;

namespace LuxTensor.Network;

/// <summary>Turns addresses into endpoints, asking DNS where they hold a name.</summary>
internal static class AddressResolver
{
    private const int MostAnswers = 8;

    /// <exception cref="IOException">The address cannot be dialled.</exception>
    /// <exception cref="SocketException">The name is not known.</exception>
    internal static async Task<IReadOnlyList<(Multiaddr Address, IPEndPoint Endpoint)>> ResolveAsync(Multiaddr address, CancellationToken cancellation)
    {
        if (!address.IsDialable)
        {
            throw new IOException("it cannot be dialled: an IP address or a name, and a TCP port are needed");
        }

        if (address.Address is { } ip)
        {
            return [(address, new IPEndPoint(ip, address.Port!.Value))];
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
}
