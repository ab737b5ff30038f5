using System.Text.Json;
using LuxTensor.Core.Blocks;
using LuxTensor.Engine;

namespace LuxTensor.Rpc;

/// <summary>The node itself: catching up, and an overview.</summary>
internal static class NodeShape
{
    private const int MaxPeersListed = 100;

    /// <summary>The note of the syncing subscription.</summary>
    public static void WriteSyncing(Utf8JsonWriter json, Notice.Syncing syncing)
    {
        if (!syncing.Active)
        {
            json.WriteBooleanValue(value: false);
            return;
        }

        json.WriteStartObject();
        json.WriteBoolean("syncing"u8, value: true);
        json.WritePropertyName("status"u8);
        WriteSyncStatus(json, syncing);
        json.WriteEndObject();
    }

    /// <summary>How far catching up is.</summary>
    public static void WriteSyncStatus(Utf8JsonWriter json, Notice.Syncing syncing)
    {
        json.WriteStartObject();
        json.Quantity("startingBlock"u8, syncing.Starting);
        json.Quantity("currentBlock"u8, syncing.Current);
        json.Quantity("highestBlock"u8, syncing.Highest);
        json.WriteEndObject();
    }

    /// <summary>The overview.</summary>
    public static void WriteStatus(Utf8JsonWriter json, Caller caller)
    {
        var node = caller.Node;
        var view = node.View;
        json.WriteStartObject();
        json.WriteString("clientVersion"u8, caller.Services.Options.ClientVersion);
        json.Quantity("chainId"u8, view.Chain.Rules.ChainId);
        json.Hash("genesisHash"u8, node.Genesis.Block.Hash);
        WritePoint(json, "latest"u8, view.Head);
        WritePoint(json, "safe"u8, view.Safe);
        WritePoint(json, "finalized"u8, view.Final);
        json.Quantity("deciding"u8, view.Chain.Height);
        json.Quantity("round"u8, view.Chain.Round);
        json.WriteString("phase"u8, FinalityShape.NameOf(view.Chain.Phase));
        json.Quantity("epoch"u8, view.Chain.Rules.EpochOf(view.Chain.Height));
        json.WriteStartArray("localValidators"u8);
        foreach (var address in view.Chain.Local)
        {
            json.AddressValue(address);
        }

        json.WriteEndArray();
        var peers = node.Peers;
        json.Quantity("peerCount"u8, (ulong)peers.Count);
        json.WriteStartArray("peers"u8);
        foreach (var peer in peers.Take(MaxPeersListed))
        {
            json.WriteStringValue(peer.Name);
        }

        json.WriteEndArray();
        json.WriteStartObject("mempool"u8);
        json.Quantity("count"u8, (ulong)view.Pool.Count);
        json.Quantity("bytes"u8, (ulong)view.Pool.Bytes);
        json.WriteEndObject();
        json.WritePropertyName("syncing"u8);
        if (caller.Services.Hub.Syncing is { Active: true } syncing)
        {
            WriteSyncStatus(json, syncing);
        }
        else
        {
            json.WriteBooleanValue(value: false);
        }

        json.WriteBoolean("stopped"u8, caller.Services.Hub.Stopped is not null);
        json.WriteEndObject();
    }

    private static void WritePoint(Utf8JsonWriter json, ReadOnlySpan<byte> name, Block block)
    {
        json.WriteStartObject(name);
        json.Quantity("number"u8, block.Height);
        json.Hash("hash"u8, block.Hash);
        json.WriteEndObject();
    }
}
