using System.Text.Json.Nodes;
using LuxTensor.Network;
using Microsoft.Extensions.Hosting;

namespace LuxTensor.Silo.Hosting;

/// <summary>Opens a gateway's network port once the gateway behind it is up, and hangs up before it goes.</summary>
internal sealed class GatewayNetwork(NetworkNode network, string name, EventLog log) : IHostedService
{
    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await network.StartAsync(cancellationToken);
        log.Write(new NodeEvent(
            "network",
            $"network {name}: {string.Join(' ', network.Addresses)}",
            [("node", name), ("addresses", new JsonArray([.. network.Addresses.Select(static address => (JsonNode?)address.ToString())]))]));
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken) => await network.DisposeAsync();
}
