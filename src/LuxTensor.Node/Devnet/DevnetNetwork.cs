using System.Net;
using LuxTensor.Network;
using LuxTensor.Node.Hosting;

namespace LuxTensor.Node.Devnet;

/// <summary>Validators that are to misbehave, by number; null for nobody.</summary>
/// <param name="Equivocate">Signs two values for one height.</param>
/// <param name="Offline">Is not started.</param>
internal readonly record struct DevnetFaults(int? Equivocate, int? Offline);

/// <summary>The nodes of a devnet, in this process, connected by libp2p over this machine's loopback.</summary>
internal sealed class DevnetNetwork : IAsyncDisposable
{
    /// <summary>How far one node's ports are from the next one's.</summary>
    internal const int PortStep = 10;

    private const int MostDials = 5;

    private readonly List<RunningNode> nodes = [];
    private readonly List<IDisposable> subscriptions = [];

    /// <summary>The nodes, node 1 first.</summary>
    internal IReadOnlyList<RunningNode> Nodes => nodes;

    /// <summary>Opens every node, follows it, and starts it.</summary>
    internal static async Task<DevnetNetwork> StartAsync(
        DevnetFolder folder, NoticeFeed feed, int httpPort, int webSocketPort, DevnetFaults faults, TimeProvider time, CancellationToken cancellation)
    {
        var network = new DevnetNetwork();
        try
        {
            for (var number = 1; number <= folder.Genesis.Validators.Length; number++)
            {
                cancellation.ThrowIfCancellationRequested(); // opening a long chain takes a while
                if (number == faults.Offline)
                {
                    continue;
                }

                var name = $"node{number}";
                var (joined, records) = await NetworkSetup.OpenAsync(
                    folder.Genesis, folder.NodeFolder(number), PeerIdentity.OpenOrCreate(NetworkSetup.IdentityIn(folder.NodeFolder(number)), null),
                    OnLoopback(folder.Genesis.Validators.Length), null, time);
                var node = await RunningNode.OpenAsync(new NodeSetup
                {
                    Name = name,
                    Genesis = folder.Genesis,
                    Folder = folder.NodeFolder(number),
                    Keys = [folder.OpenKey(number)],
                    Network = joined,
                    PeerRecords = records,
                    Transport = number == faults.Equivocate
                        ? new EquivocatingTransport(joined.Transport, folder.OpenKey(number), folder.Genesis)
                        : null,
                    Http = PortOf(httpPort, number, "--http"),
                    WebSocket = PortOf(webSocketPort, number, "--ws"),
                    VerifyWorkers = int.Clamp(Environment.ProcessorCount / folder.Genesis.Validators.Length, 1, 8),
                    Time = time,
                });
                network.nodes.Add(node);
                network.subscriptions.Add(feed.Follow(network.nodes.Count - 1, node.Host));
            }

            foreach (var (place, node) in network.nodes.Index())
            {
                await node.StartAsync(cancellation);
                foreach (var earlier in network.nodes.Take(place))
                {
                    await ConnectAsync(node.Network!, earlier.Network!.Addresses[0], cancellation);
                }
            }

            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends with the first node that stops; faults where its journal or guard failed.</summary>
    internal async Task FirstEndAsync() => await await Task.WhenAny(nodes.Select(static node => node.Host.Completion));

    /// <summary>Stops every node; each closes its files.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }

        subscriptions.ForEach(static subscription => subscription.Dispose());
    }

    private static async Task ConnectAsync(NetworkNode node, Multiaddr other, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++) // a machine under load may take longer than a handshake may
        {
            try
            {
                await node.DialAsync(other, cancellation);
                return;
            }
            catch (StreamException e) when (attempt == MostDials)
            {
                throw new CommandFailure(ExitCode.Failed, $"the nodes of the devnet cannot reach each other: {e.Message}", e);
            }
            catch (StreamException)
            {
                // once more
            }
        }
    }

    private static NetworkSettings OnLoopback(int nodes) => new()
    {
        Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")],
        MostPeers = 2 * nodes, // all are at one address, and each may find the others on its own
        MostPerAddress = 4 * nodes,
    };

    /// <summary>The port of a node: the first node's, then ten further for each; 0 stays 0, any free one.</summary>
    internal static ListenPort PortOf(int first, int number, string option) =>
        new(new IPEndPoint(IPAddress.Loopback, first == 0 ? 0 : first + (PortStep * (number - 1))), option);
}
