using System.Net;
using System.Text.Json;
using LuxTensor.Core.Consensus;
using LuxTensor.Network;
using LuxTensor.Node.Configuration;
using LuxTensor.Node.Hosting;

namespace LuxTensor.Node.Devnet;

/// <summary>A node of a devnet that is to run as a process.</summary>
/// <param name="Name">node1 and so on.</param>
/// <param name="Configuration">The file for luxtensor run.</param>
/// <param name="Peer">Its libp2p id.</param>
/// <param name="Address">Where the others reach it.</param>
internal sealed record ProcessNode(string Name, string Configuration, PeerId Peer, Multiaddr Address);

/// <summary>
/// Writes node.json into every node's folder of a devnet, so that luxtensor run starts it on the keys and databases there. Written
/// anew at each start; only the libp2p ports are read back, so that the nodes' address books stay true.
/// </summary>
internal static class ProcessFiles
{
    private const int FirstPort = 30_303;
    private const string Name = "node.json";

    /// <summary>Writes the files; the nodes, node 1 first.</summary>
    /// <exception cref="CommandFailure">A port is taken.</exception>
    internal static IReadOnlyList<ProcessNode> Write(DevnetFolder folder, int httpPort, int webSocketPort)
    {
        var count = folder.Genesis.Validators.Length;
        var numbers = Enumerable.Range(1, count);
        var rpc = numbers.Select(number => (
            Http: DevnetNetwork.PortOf(httpPort, number, "--http"), WebSocket: DevnetNetwork.PortOf(webSocketPort, number, "--ws"))).ToArray();
        foreach (var (http, webSocket) in rpc)
        {
            http.RequireFree(); // here it is known which option to change
            webSocket.RequireFree();
        }

        var taken = rpc.SelectMany(static it => new[] { it.Http.Endpoint.Port, it.WebSocket.Endpoint.Port }).ToHashSet();
        var nodes = numbers.Select(number => Place(folder, number, taken)).ToArray();
        foreach (var (at, node) in nodes.Index())
        {
            var text = Text(node, nodes, rpc[at].Http.Endpoint, rpc[at].WebSocket.Endpoint);
            var temporary = node.Configuration + ".tmp";
            File.WriteAllText(temporary, text);
            File.Move(temporary, node.Configuration, overwrite: true);
        }

        return nodes;
    }

    private static ProcessNode Place(DevnetFolder folder, int number, HashSet<int> taken)
    {
        var path = Path.Combine(folder.NodeFolder(number), Name);
        var port = Earlier(path) is { } earlier && IsFree(earlier) && taken.Add(earlier) ? earlier : FirstFree(taken);
        using var identity = PeerIdentity.OpenOrCreate(NetworkSetup.IdentityIn(folder.NodeFolder(number)), null);
        return new ProcessNode($"node{number}", path, identity.Id, Multiaddr.Of(new IPEndPoint(IPAddress.Loopback, port)));
    }

    private static int FirstFree(HashSet<int> taken)
    {
        for (var port = FirstPort; port <= ushort.MaxValue; port++)
        {
            if (!taken.Contains(port) && IsFree(port))
            {
                taken.Add(port);
                return port;
            }
        }

        throw new CommandFailure(ExitCode.InUse, $"no port from {FirstPort} on is free on {IPAddress.Loopback} for the nodes' libp2p");
    }

    private static bool IsFree(int port)
    {
        try
        {
            new ListenPort(new IPEndPoint(IPAddress.Loopback, port), "").RequireFree();
            return true;
        }
        catch (CommandFailure)
        {
            return false;
        }
    }

    private static int? Earlier(string path)
    {
        try
        {
            return File.Exists(path) && NodeSettings.Read(path).Network is { Settings.Listen: [var address, ..] } ? address.Port : null;
        }
        catch (CommandFailure)
        {
            return null; // somebody changed the file: it is written anew
        }
    }

    private static string Text(ProcessNode node, ProcessNode[] all, IPEndPoint http, IPEndPoint webSocket)
    {
        var bootstrap = all.Where(other => other != node).Select(static other => JsonSerializer.Serialize(other.Address.With(other.Peer).ToString()));
        return $$"""
            // {{node.Name}} of a devnet: luxtensor run --config node.json. luxtensor devnet --processes writes this file anew.
            {
              "genesis": "../genesis.json",
              "data": ".",
              "name": "{{node.Name}}",
              "keys": [ { "keystore": "validator.json", "passwordFile": "../password" } ],
              "rpc": { "http": "{{http}}", "ws": "{{webSocket}}" },
              "verifyWorkers": {{int.Clamp(Environment.ProcessorCount / all.Length, 1, 8)}},
              "network": {
                "listen": [ "{{node.Address}}" ],
                "bootstrap": [
                  {{string.Join(",\n      ", bootstrap)}}
                ],
                "maxPeers": {{2 * all.Length}},
                "maxPerAddress": {{4 * all.Length}}
              }
            }

            """;
    }
}
