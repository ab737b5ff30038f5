using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace LuxTensor.Hosting.Configuration;

/// <summary>Addresses with a port, as settings files write them: "127.0.0.1:8545", "[::1]:8545", "localhost:8545".</summary>
internal static class Endpoint
{
    /// <summary>The one under a key, or null where there is none.</summary>
    internal static IPEndPoint? Read(Section section, string key)
    {
        if (section.Text(key) is not { } written)
        {
            return null;
        }

        var endpoint = Parse(written);
        if (endpoint is null)
        {
            section.Wrong(key, "must be an IP address (or localhost) and a port from 0 to 65535, as in \"127.0.0.1:8545\"");
        }

        return endpoint;
    }

    /// <summary>An address with its port, or null.</summary>
    internal static IPEndPoint? Parse(string written)
    {
        var colon = written.LastIndexOf(':');
        if (colon < 0 || !ushort.TryParse(written.AsSpan(colon + 1), NumberStyles.None, null, out var port))
        {
            return null;
        }

        var host = written[..colon];
        return host == "localhost" ? new IPEndPoint(IPAddress.Loopback, port)
            : IPAddress.TryParse(host.Trim('[', ']'), out var address)
                && !(address.AddressFamily == AddressFamily.InterNetworkV6 && host[0] != '[')
            ? new IPEndPoint(address, port)
            : null;
    }
}
