using LuxTensor.Core;
using LuxTensor.Core.Peers;
using LuxTensor.Engine;
using LuxTensor.Engine.Peers;

namespace LuxTensor.Network;

/// <summary>What an operator chooses about the network.</summary>
public sealed record NetworkSettings
{
    /// <summary>Where to listen.</summary>
    public IReadOnlyList<Multiaddr> Listen { get; init; } = [Multiaddr.Parse("/ip4/0.0.0.0/tcp/30303")];

    /// <summary>What to tell peers instead, where this machine is reached by other addresses.</summary>
    public IReadOnlyList<Multiaddr> Announce { get; init; } = [];

    /// <summary>Peers to begin with and to come back to; each names its peer id.</summary>
    public IReadOnlyList<Multiaddr> Bootstrap { get; init; } = [];

    /// <summary>The most peers.</summary>
    public int MostPeers { get; init; } = 50;

    /// <summary>Connections of one address at most.</summary>
    public int MostPerAddress { get; init; } = 8;

    /// <summary>Whether to find peers of the local network.</summary>
    public bool Mdns { get; init; }

    /// <summary>How peers are judged, as far as the operator chooses.</summary>
    public PeerChoices Judging { get; init; } = new();

    /// <summary>The file of known addresses; null keeps them in memory.</summary>
    public string? AddressBook { get; init; }
}

/// <summary>A node's place in a libp2p network: the host, the account of its peers, and the transport that the node speaks through.</summary>
public sealed class NetworkNode : IAsyncDisposable
{
    private readonly PeerIdentity identity;
    private readonly Swarm swarm;
    private readonly PeerBook book;
    private readonly NetworkTransport transport;
    private int disposed;

    private NetworkNode(PeerIdentity identity, Swarm swarm, PeerBook book, NetworkTransport transport) =>
        (this.identity, this.swarm, this.book, this.transport) = (identity, swarm, book, transport);

    /// <summary>The network as the node sees it.</summary>
    public ITransport Transport => transport;

    /// <summary>The account of its peers: what a cluster's gateways share.</summary>
    public PeerBook Book => book;

    /// <summary>Where this node listens, with its peer id: what another node's bootstrap list takes.</summary>
    public IReadOnlyList<Multiaddr> Addresses => [.. swarm.Listening.Select(address => address.With(swarm.Self))];

    /// <summary>Puts the parts together; nothing listens yet. Takes the identity over.</summary>
    /// <exception cref="JournalException">The peers' records cannot be read.</exception>
    public static async Task<NetworkNode> OpenAsync(
        Genesis genesis, PeerIdentity identity, NetworkSettings settings, IPeerRecords? records, Action<SwarmEvent>? events, TimeProvider time)
    {
        var book = await PeerBook.OpenAsync(new PeerBookOptions
        {
            Settings = settings.Judging.For(genesis.Rules),
            Records = records,
            Time = time,
        }).ConfigureAwait(false);
        var swarm = new Swarm(identity, new SwarmOptions
        {
            Listen = settings.Listen,
            Announce = settings.Announce,
            Bootstrap = settings.Bootstrap,
            MostPeers = settings.MostPeers,
            MostInbound = int.Max(1, settings.MostPeers * 4 / 5),
            WantedPeers = int.Min(16, settings.MostPeers),
            MostPerAddress = settings.MostPerAddress,
            Mdns = settings.Mdns,
            StorePath = settings.AddressBook,
            Gate = (peer, _) => !book.IsBanned(peer),
            Usefulness = book.ReputationOf,
            Jitter = Random.Shared.NextDouble,
            Events = events,
            Time = time,
        });
        return new NetworkNode(identity, swarm, book, new NetworkTransport(new NetworkTransportOptions
        {
            Genesis = genesis,
            Swarm = swarm,
            Book = book,
            Listening = () => [.. swarm.Listening.Select(address => address.With(swarm.Self))],
            Time = time,
        }));
    }

    /// <summary>Listens and dials; the node behind the transport has been started, so that no peer waits in vain.</summary>
    /// <exception cref="IOException">An address cannot be listened on; the message names it.</exception>
    public Task StartAsync(CancellationToken cancellation) => swarm.StartAsync(cancellation);

    /// <summary>Connects to a peer at once, beside the bootstrap list.</summary>
    /// <exception cref="StreamException">It cannot be reached.</exception>
    public Task DialAsync(Multiaddr address, CancellationToken cancellation) => swarm.DialAsync(address, cancellation);

    /// <summary>Hangs up, and stores what is known of the peers.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        await transport.DisposeAsync().ConfigureAwait(false);
        await swarm.DisposeAsync().ConfigureAwait(false);
        await book.DisposeAsync().ConfigureAwait(false);
        identity.Dispose();
    }
}
