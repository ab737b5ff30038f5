using LuxTensor.Core;
using LuxTensor.Network;
using LuxTensor.Storage;

namespace LuxTensor.Node.Hosting;

/// <summary>Opens a node's place in the network: what is known of peers is kept beside its databases.</summary>
internal static class NetworkSetup
{
    /// <summary>The file of a node's identity where its settings name no other.</summary>
    internal static string IdentityIn(string folder) => Path.Combine(folder, "network.key");

    /// <summary>Opens the records and the parts; the node takes all of them over, the identity too.</summary>
    internal static async Task<(NetworkNode Network, IDisposable Records)> OpenAsync(
        Genesis genesis, string folder, PeerIdentity identity, NetworkSettings settings, Action<SwarmEvent>? events, TimeProvider time)
    {
        SqlitePeerRecords? records = null;
        try
        {
            Directory.CreateDirectory(folder);
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
