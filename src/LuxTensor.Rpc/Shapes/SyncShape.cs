using System.Text.Json;
using LuxTensor.Core.Sync;

namespace LuxTensor.Rpc;

/// <summary>How catching up goes, as JSON.</summary>
internal static class SyncShape
{
    public static void Write(Caller caller, Utf8JsonWriter json)
    {
        var view = caller.Node.View;
        var sync = view.Sync;
        var now = caller.Services.Hub.Syncing is { Active: true } active ? active : null;
        var current = view.Final.Height;
        var proven = view.ProvenHeight; // never below what is final
        json.WriteStartObject();
        json.WriteBoolean("active"u8, now is not null);
        json.Quantity("startingBlock"u8, now?.Starting ?? current);
        json.Quantity("currentBlock"u8, current);
        json.Quantity("provenBlock"u8, proven);
        json.Quantity("claimedBlock"u8, ulong.Max(proven, sync.Claimed));
        json.Quantity("headers"u8, (ulong)sync.Headers.Count);
        json.Quantity("queued"u8, (ulong)int.Max(sync.Queued, 0));
        json.Quantity("pending"u8, (ulong)sync.Pending);
        json.Quantity("downloaded"u8, sync.Downloaded);
        json.Quantity("waiting"u8, (ulong)sync.Blocks.Count);
        json.Quantity("waitingBytes"u8, (ulong)sync.BlockBytes);
        json.Quantity("requests"u8, sync.Requests);
        json.Quantity("retried"u8, sync.Retried);
        Number(json, "blocksPerSecond"u8, now is { Rate: > 0 } ? now.Rate : null);
        Number(json, "secondsLeft"u8, now?.Left?.TotalSeconds);
        json.WriteStartArray("peers"u8);
        foreach (var (id, peer) in sync.Peers.OrderBy(static entry => entry.Key.Name, StringComparer.Ordinal))
        {
            Peer(json, id.Name, peer);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Peer(Utf8JsonWriter json, string id, SyncPeer peer)
    {
        json.WriteStartObject();
        json.WriteString("peerId"u8, id);
        json.Quantity("claimedBlock"u8, peer.Claimed);
        json.Quantity("failures"u8, (ulong)peer.Failures);
        if (peer.RestsUntil > 0)
        {
            json.Quantity("restsUntil"u8, peer.RestsUntil);
        }
        else
        {
            json.WriteNull("restsUntil"u8);
        }

        if (peer.Request is { } request)
        {
            json.WriteStartObject("asked"u8);
            json.WriteString("what"u8, request.Part == SyncPart.Headers ? "headers"u8 : "blocks"u8);
            json.Quantity("from"u8, request.From);
            json.Quantity("count"u8, (ulong)request.Count);
            json.Quantity("since"u8, request.SentAt);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("asked"u8);
        }

        json.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter json, ReadOnlySpan<byte> name, double? value)
    {
        if (value is { } known)
        {
            json.WriteNumber(name, Math.Round(known, 1));
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
