using System.Net;

namespace LuxTensor.Rpc;

/// <summary>
/// Whom the server answers, by the headers that a browser sets and a page cannot forge. The Host header stops a page whose
/// name was rebound to this machine, the Origin header any other page.
/// </summary>
internal static class Admission
{
    /// <summary>Why a Host header is not served, or null. Addresses are: rebinding needs a name.</summary>
    public static string? CheckHost(string host, RpcOptions options)
    {
        var name = NameOf(host);
        if (name.Length > 0 && (IPAddress.TryParse(name, out _) || IsListed(options.AllowedHosts, name)))
        {
            return null;
        }

        return name.Length == 0
            ? "the request has no Host header"
            : $"the host name {Clip(host)} is not allowed: use an address, or add it to AllowedHosts";
    }

    /// <summary>Why an Origin header is not served, or null. No header is no browser.</summary>
    public static string? CheckOrigin(string? origin, RpcOptions options) =>
        string.IsNullOrEmpty(origin) || IsListed(options.AllowedOrigins, origin)
            ? null
            : $"the origin {Clip(origin)} is not allowed: add it to AllowedOrigins";

    private static string NameOf(string host)
    {
        if (host.StartsWith('['))
        {
            var end = host.IndexOf(']', StringComparison.Ordinal);
            return end < 0 ? host : host[1..end];
        }

        var colon = host.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? host : host[..colon];
    }

    private static bool IsListed(IReadOnlyCollection<string> allowed, string name) =>
        allowed.Any(entry => entry == "*" || string.Equals(entry, name, StringComparison.OrdinalIgnoreCase));

    private static string Clip(string text) => text.Length <= 128 ? text : text[..128] + "...";
}
