using System.Net;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>What may be chosen about the host.</summary>
public sealed record SwarmOptions
{
    /// <summary>Addresses to listen on; port 0 takes a free one.</summary>
    public IReadOnlyList<Multiaddr> Listen { get; init; } = [];

    /// <summary>Addresses to tell peers in place of those listened on; empty tells those.</summary>
    public IReadOnlyList<Multiaddr> Announce { get; init; } = [];

    /// <summary>Peers to stay connected to: dialled at the start and whenever they are gone. Each names its peer.</summary>
    public IReadOnlyList<Multiaddr> Bootstrap { get; init; } = [];

    /// <summary>Security protocols, the favourite first; both are listened for.</summary>
    public IReadOnlyList<string> Security { get; init; } = [NoiseSecurity.Protocol, TlsSecurity.Protocol];

    /// <summary>The most peers.</summary>
    public int MostPeers { get; init; } = 50;

    /// <summary>The most peers among them that dialled this node.</summary>
    public int MostInbound { get; init; } = 40;

    /// <summary>Peers that this node tries to have by dialling those it knows.</summary>
    public int WantedPeers { get; init; } = 16;

    /// <summary>Connections, and handshakes under way, of one address (IPv4), or of one /64 (IPv6); so many it may begin a second, and eight times as many at once.</summary>
    public int MostPerAddress { get; init; } = 8;

    /// <summary>Inbound handshakes under way.</summary>
    public int MostHandshakes { get; init; } = 32;

    /// <summary>From the accepted or opened socket to the muxer.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>To open a socket, and to agree on a stream's protocol.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Between pings of a connection.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long an answer to a ping may take.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The first wait after a failed dial; it doubles with each further one.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest wait after failed dials.</summary>
    public TimeSpan MostBackoff { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Bytes received and not yet read, of all connections.</summary>
    public long MostBuffered { get; init; } = 256L << 20;

    /// <summary>Whether a peer at an address may be connected; null lets everybody in. Asked for dials too, then before they begin.</summary>
    public Func<PeerId, IPAddress?, bool>? Gate { get; init; }

    /// <summary>How useful a peer is; when the places are taken, the least useful gives way to a more useful one. Null finds all alike.</summary>
    public Func<PeerId, int>? Usefulness { get; init; }

    /// <summary>A number from 0 to 1, for the jitter of waits.</summary>
    public Func<double> Jitter { get; init; } = static () => 0.5;

    /// <summary>The file of known addresses; null keeps them in memory.</summary>
    public string? StorePath { get; init; }

    /// <summary>Whether to find peers of the local network by multicast DNS, and be found.</summary>
    public bool Mdns { get; init; }

    /// <summary>What peers are told this software is.</summary>
    public string Agent { get; init; } = "luxtensor/0.1.0";

    /// <summary>The family of protocols, as identify states it.</summary>
    public string ProtocolVersion { get; init; } = "luxtensor/1";

    /// <summary>Hears what the host has to tell.</summary>
    public Action<SwarmEvent>? Events { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    internal int MdnsPort { get; init; } = 5353;

    internal IPAddress MdnsInterface { get; init; } = IPAddress.Any;

    internal IReadOnlyList<IPEndPoint>? NameServers { get; init; }

    internal YamuxLimits Streams { get; init; } = new();
}
