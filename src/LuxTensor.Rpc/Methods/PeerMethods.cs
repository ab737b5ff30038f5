using System.Text.Json;
using LuxTensor.Engine.Peers;

namespace LuxTensor.Rpc;

/// <summary>The peers of the node, with all their figures.</summary>
internal static class PeerMethods
{
    private const string Connected = "connected";
    private const string Banned = "banned";
    private const string Known = "known";
    private const int MaxListed = 1_000;
    private const ulong Listed = 100;

    public static Method[] All =>
    [
        new(
            "lux_peers",
            "The node's own id and addresses, and its peers: those that are connected unless banned or known ones are asked for, the best reputation first, at most so many.",
            [new("which", """{"enum":["connected","banned","known"]}""", Required: false), new("limit", Schemas.Integer, Required: false)],
            new("peers", Schemas.Ref("Peers")))
        {
            Handle = Peers,
        },
    ];

    private static RpcError? Peers(Caller caller, ref Arguments arguments, Utf8JsonWriter json)
    {
        var which = arguments.OptionalWord("which", Connected, Connected, Banned, Known);
        var limit = arguments.Quantity("limit", Listed);
        if (limit > MaxListed)
        {
            arguments.Fail($"limit must be at most {MaxListed}");
        }

        if (arguments.End() is { } wrong)
        {
            return wrong;
        }

        var network = caller.Node.Network;
        var chosen = network.Peers.Where(peer => which switch
        {
            Connected => peer.IsConnected,
            Banned => IsBanned(peer),
            _ => true,
        }).OrderByDescending(static peer => peer.State.Reputation).ThenBy(static peer => peer.Id.Name, StringComparer.Ordinal).Take((int)limit);
        PeerShape.Write(json, network, chosen);
        return null;
    }

    /// <summary>Whether a peer was banned at the moment of its view: a ban that is over is no longer in its state.</summary>
    internal static bool IsBanned(PeerInfo peer) => peer.State.BannedUntil != 0;
}
