using System.Text.Json;
using LuxTensor.Core.Peers;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Engine.Peers;

namespace LuxTensor.Rpc;

/// <summary>Peers and their figures. Times are milliseconds since 1970.</summary>
internal static class PeerShape
{
    /// <summary>The names of faults, in the order of their values.</summary>
    public static IReadOnlyList<string> FaultNames { get; } = [.. Enum.GetNames<PeerFault>().Select(JsonNamingPolicy.CamelCase.ConvertName)];

    /// <summary>The network and some of its peers.</summary>
    public static void Write(Utf8JsonWriter json, NetworkView network, IEnumerable<PeerInfo> peers)
    {
        json.WriteStartObject();
        Text(json, "self"u8, network.Self.Name);
        json.WriteStartArray("listening"u8);
        foreach (var address in network.Listening)
        {
            json.WriteStringValue(address);
        }

        json.WriteEndArray();
        json.Quantity("connected"u8, (ulong)network.Peers.Count(static peer => peer.IsConnected));
        json.Quantity("banned"u8, (ulong)network.Peers.Count(PeerMethods.IsBanned));
        json.Quantity("known"u8, (ulong)network.Peers.Length);
        json.WriteStartArray("peers"u8);
        foreach (var peer in peers)
        {
            Write(json, peer);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, PeerInfo peer)
    {
        var state = peer.State;
        json.WriteStartObject();
        json.WriteString("id"u8, peer.Id.Name);
        json.WriteBoolean("connected"u8, peer.IsConnected);
        Text(json, "direction"u8, !peer.IsConnected || peer.Address.Length == 0 ? "" : peer.IsOutbound ? "outbound" : "inbound");
        Text(json, "address"u8, peer.Address);
        Text(json, "agent"u8, peer.Agent);
        json.WriteNumber("reputation"u8, state.Points);
        json.WritePropertyName("ban"u8);
        if (PeerMethods.IsBanned(peer))
        {
            json.WriteStartObject();
            json.Quantity("until"u8, state.BannedUntil);
            json.WriteString("reason"u8, FaultNames[(int)state.BanReason]);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNullValue();
        }

        json.Quantity("bans"u8, state.Bans);
        Point(json, "proven"u8, state.ProvenHeight, state.ProvenHash);
        Point(json, "claimed"u8, state.ClaimedHeight, state.ClaimedHash);
        Time(json, "firstContact"u8, state.FirstContact);
        Time(json, "lastContact"u8, state.LastContact);
        json.Quantity("successes"u8, state.Successes);
        json.Quantity("failures"u8, state.Failures);
        Text(json, "lastFault"u8, state.Failures == 0 ? "" : FaultNames[(int)state.LastFault]);
        json.Quantity("bytesIn"u8, state.BytesIn);
        json.Quantity("bytesOut"u8, state.BytesOut);
        json.Quantity("framesRefused"u8, state.Refused);
        json.WriteEndObject();
    }

    private static void Point(Utf8JsonWriter json, ReadOnlySpan<byte> name, ulong height, Hash256 hash)
    {
        if (hash.IsZero)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        json.Quantity("number"u8, height);
        json.Hash("hash"u8, hash);
        json.WriteEndObject();
    }

    private static void Time(Utf8JsonWriter json, ReadOnlySpan<byte> name, ulong milliseconds)
    {
        if (milliseconds == 0)
        {
            json.WriteNull(name);
        }
        else
        {
            json.Quantity(name, milliseconds);
        }
    }

    private static void Text(Utf8JsonWriter json, ReadOnlySpan<byte> name, string text)
    {
        if (text.Length == 0)
        {
            json.WriteNull(name);
        }
        else
        {
            json.WriteString(name, text);
        }
    }
}
