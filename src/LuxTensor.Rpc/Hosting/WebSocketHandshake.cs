using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LuxTensor.Rpc;

/// <summary>The opening of a WebSocket (RFC 6455, section 4.2), by hand: the middleware for it wants a whole pipeline.</summary>
internal static class WebSocketHandshake
{
    private const string Magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // of the RFC

    /// <summary>Whether the request asks for a WebSocket.</summary>
    public static bool IsAsked(IHttpUpgradeFeature? upgrade, IHeaderDictionary headers) =>
        upgrade is { IsUpgradableRequest: true } && string.Equals(headers.Upgrade, "websocket", StringComparison.OrdinalIgnoreCase);

    /// <summary>What is wrong with the request, or null.</summary>
    public static string? Check(IHeaderDictionary headers)
    {
        if (headers.SecWebSocketVersion != "13")
        {
            return "Sec-WebSocket-Version must be 13";
        }

        Span<byte> key = stackalloc byte[18];
        return headers.SecWebSocketKey is [{ Length: 24 } text] && Convert.TryFromBase64String(text, key, out var length) && length == 16
            ? null
            : "Sec-WebSocket-Key must be 16 bytes in base64";
    }

    /// <summary>Accepts.</summary>
    public static async Task<WebSocket> AcceptAsync(
        IHttpUpgradeFeature upgrade, IHeaderDictionary request, IHeaderDictionary response, TimeSpan pingInterval)
    {
#pragma warning disable CA5350 // the RFC's hash; it protects nothing
        var accept = SHA1.HashData(Encoding.ASCII.GetBytes(request.SecWebSocketKey + Magic));
#pragma warning restore CA5350
        response.Connection = "Upgrade";
        response.Upgrade = "websocket";
        response.SecWebSocketAccept = Convert.ToBase64String(accept);
        var stream = await upgrade.UpgradeAsync();
        return WebSocket.CreateFromStream(
            stream,
            new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = pingInterval, KeepAliveTimeout = pingInterval });
    }
}
