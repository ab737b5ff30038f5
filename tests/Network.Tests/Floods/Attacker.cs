using System.Diagnostics;
using LuxTensor.Core.Consensus;
using LuxTensor.Crypto;
using LuxTensor.Network;
using GossipFrame = LuxTensor.Network.Rpc;

namespace LuxTensor.Tests.Network;

/// <summary>How an attacking peer answers a request of its victim.</summary>
internal delegate Task Reply(IPeerStream stream, CancellationToken cancellation);

/// <summary>
/// A libp2p peer of a new identity that dials a node, says hello like any other, and then sends what it likes: on streams of any
/// protocol, as gossip that no router of its own sees, or as bare yamux frames.
/// </summary>
internal sealed class Attacker : IAsyncDisposable, IPeerWatcher
{
    private const string Gossip = "/meshsub/1.2.0";
    private const string RequestProtocol = "/luxtensor/request/1";
    private const int MostHeard = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly PeerIdentity identity = PeerIdentity.Generate();
    private readonly CancellationTokenSource over = new();
    private readonly TaskCompletionSource greeted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly MemoryStream heard = new();
    private readonly Victim victim;
    private readonly long began = Stopwatch.GetTimestamp();
    private TimeSpan? lasted;

    private Attacker(Victim victim, ulong claims, Reply? reply)
    {
        this.victim = victim;
        Swarm = new Swarm(identity, new SwarmOptions
        {
            DialTimeout = Patience,
            HandshakeTimeout = Patience,
            Streams = new() { MostOutbound = 1 << 20, MostUnacknowledged = 1 << 20 }, // nothing here keeps it from misbehaving
        });
        var hello = Hello.Encode(MessageCodec.Encode(
            victim.Genesis.Rules.ChainId, new Message.Status(victim.Genesis.Block.Hash, claims, claims == 0 ? victim.Genesis.Block.Hash : Sha256.Hash(BitConverter.GetBytes(claims)), 0)));
        Swarm.Serve(Hello.Protocol, 8, async (stream, cancellation) =>
        {
            await Frames.ReadAsync(stream, Hello.MaxBytes, "a hello", cancellation);
            await Frames.WriteAsync(stream, hello, cancellation);
            await stream.CloseWriteAsync(cancellation);
            greeted.TrySetResult();
        });
        Swarm.Serve(Gossip, 2, HearAsync);
        if (reply is not null)
        {
            Swarm.Serve(RequestProtocol, 64, async (stream, cancellation) => await reply(stream, cancellation));
        }

        Swarm.Watch(this);
    }

    internal Swarm Swarm { get; }

    internal PeerId Id => identity.Id;

    /// <summary>Cancelled when the victim has ended the connection, or this is disposed of.</summary>
    internal CancellationToken Over => over.Token;

    /// <summary>How long the connection stood, once it is over; null while it stands.</summary>
    internal TimeSpan? Lasted => lasted;

    /// <summary>The connection's muxer, for frames that no honest host would send.</summary>
    internal YamuxSession Session => Swarm.Table.Preferred(victim.Id)?.Session ?? throw new StreamException("the connection is over");

    /// <summary>Connects and is greeted; throws an <see cref="IOException"/> or a cancellation where it is refused.</summary>
    internal static async Task<Attacker> JoinAsync(Victim victim, CancellationToken cancellation, ulong claims = 0, Reply? reply = null)
    {
        var attacker = new Attacker(victim, claims, reply);
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation, attacker.Over);
            patience.CancelAfter(Patience);
            await attacker.Swarm.StartAsync(patience.Token);
            await attacker.Swarm.DialAsync(victim.Address, patience.Token);
            await attacker.greeted.Task.WaitAsync(patience.Token);
            return attacker;
        }
        catch
        {
            await attacker.DisposeAsync();
            throw;
        }
    }

    internal ValueTask<IPeerStream> OpenAsync(string protocol, CancellationToken cancellation) => Swarm.OpenAsync(victim.Id, [protocol], cancellation);

    /// <summary>A stream for gossip, subscribed to all topics of the chain.</summary>
    internal async Task<IPeerStream> GossipAsync(CancellationToken cancellation)
    {
        var stream = await OpenAsync(Gossip, cancellation);
        await stream.WriteAsync(RpcWriter.Frame(new GossipFrame { Subscriptions = [.. victim.Topics.All.Select(static name => new Subscription(true, name))] }), cancellation);
        return stream;
    }

    /// <summary>Sends a request and gives the stream on which the answer comes.</summary>
    internal async Task<IPeerStream> AskAsync(Message request, CancellationToken cancellation)
    {
        var stream = await OpenAsync(RequestProtocol, cancellation);
        await Frames.WriteAsync(stream, MessageCodec.Encode(victim.Genesis.Rules.ChainId, request), cancellation);
        await stream.CloseWriteAsync(cancellation);
        return stream;
    }

    /// <summary>The whole frames of gossip that the victim sent so far, as they came.</summary>
    internal byte[] Heard()
    {
        byte[] all;
        lock (heard)
        {
            all = heard.ToArray();
        }

        var end = 0;
        while (end < all.Length && Proto.ReadVarint(all.AsSpan(end), out var length) is > 0 and var prefix && end + prefix + (int)length <= all.Length)
        {
            end += prefix + (int)length;
        }

        return all[..end];
    }

    public void Joined(ConnectedPeer peer)
    {
        // the handshake says it all
    }

    public void Left(PeerId peer)
    {
        lasted ??= Stopwatch.GetElapsedTime(began);
        over.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        await Swarm.DisposeAsync();
        identity.Dispose();
        await over.CancelAsync();
    }

    private async Task HearAsync(IPeerStream stream, CancellationToken cancellation)
    {
        var buffer = new byte[65_536];
        while (await stream.ReadAsync(buffer, cancellation) is > 0 and var read)
        {
            lock (heard)
            {
                if (heard.Length + read <= MostHeard)
                {
                    heard.Write(buffer, 0, read);
                }
            }
        }
    }
}
