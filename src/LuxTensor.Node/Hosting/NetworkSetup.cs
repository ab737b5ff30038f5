using LuxTensor.Core;
using LuxTensor.Crypto;
using LuxTensor.Network;
using LuxTensor.Storage;

namespace LuxTensor.Node.Hosting;

/// <summary>Opens a node's place in the network from its settings.</summary>
internal static class NetworkSetup
{
    /// <summary>What is wrong with an address of the settings; null for nothing.</summary>
    internal static string? Check(string text, bool namesPeer) =>
        !Multiaddr.TryParse(text, out var address, out var why) ? why
        : namesPeer && address.Peer is null ? $"{text} does not name its peer: end it with /p2p/ and the peer id that the other node prints at its start"
        : !namesPeer && address.Address is null ? $"{text} is nothing to listen on: write /ip4/0.0.0.0/tcp/30303, say"
        : null;

    /// <summary>The settings of a draft that was checked.</summary>
    internal static NetworkSettings Settings(NetworkDraft draft, string folder) => new()
    {
        Listen = draft.Listen.Count == 0 ? new NetworkSettings().Listen : [.. draft.Listen.Select(Multiaddr.Parse)],
        Announce = [.. draft.Announce.Select(Multiaddr.Parse)],
        Bootstrap = [.. draft.Bootstrap.Select(Multiaddr.Parse)],
        MostPeers = draft.MaxPeers,
        MostPerAddress = draft.MaxPerAddress,
        Mdns = draft.Mdns,
        AddressBook = Path.Combine(folder, "addresses"),
    };

    /// <summary>Opens the identity, the records and the parts; the node takes all of them over.</summary>
    /// <exception cref="CommandFailure">The identity's file cannot be used.</exception>
    internal static async Task<(NetworkNode Network, IDisposable Records)> OpenAsync(
        Genesis genesis, string folder, string? identityFile, string? password, NetworkSettings settings, Action<SwarmEvent>? events, TimeProvider time)
    {
        Directory.CreateDirectory(folder);
        PeerIdentity identity;
        try
        {
            identity = PeerIdentity.OpenOrCreate(identityFile ?? Path.Combine(folder, "network.key"), password);
        }
        catch (KeystoreException e)
        {
            throw CommandFailure.Usage($"the network identity: {e.Message}", e);
        }

        SqlitePeerRecords? records = null;
        try
        {
            records = SqlitePeerRecords.Open(Path.Combine(folder, "peers.db"), genesis);
            return (await NetworkNode.OpenAsync(genesis, identity, settings, records, events, time), records);
        }
        catch
        {
            records?.Dispose();
            identity.Dispose();
            throw;
        }
    }
}
