using System.Collections.Concurrent;
using System.Threading.Channels;
using LuxTensor.Core.Consensus;
using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>A swarm on loopback, with what it told.</summary>
internal sealed class Host : IAsyncDisposable, IPeerWatcher
{
    private readonly PeerIdentity identity;
    private readonly Channel<object> changes = Channel.CreateUnbounded<object>();
    private readonly ConcurrentQueue<SwarmEvent> events = new();
    private readonly List<(Func<SwarmEvent, bool> Wanted, TaskCompletionSource<SwarmEvent> Found)> waiting = [];

    private Host(PeerIdentity identity, SwarmOptions options)
    {
        this.identity = identity;
        Swarm = new Swarm(identity, options with { Events = Hear });
        Swarm.Watch(this);
    }

    /// <summary>Only turns a hang into a failure.</summary>
    internal static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(180)).Token;

    internal static SwarmOptions Loopback => new() { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")], MostPerAddress = 1000 };

    internal Swarm Swarm { get; }

    internal PeerId Id => identity.Id;

    internal IReadOnlyCollection<SwarmEvent> Events => events;

    /// <summary>Its first address, with its id.</summary>
    internal Multiaddr Address => Swarm.Listening[0].With(Id);

    internal static async Task<Host> StartAsync(Func<SwarmOptions, SwarmOptions>? change = null, PeerIdentity? identity = null, Action<Swarm>? before = null)
    {
        var host = new Host(identity ?? PeerIdentity.Generate(), change?.Invoke(Loopback) ?? Loopback);
        before?.Invoke(host.Swarm);
        await host.Swarm.StartAsync(Soon);
        return host;
    }

    /// <summary>The first event, told already or to come, that a predicate wants.</summary>
    internal async Task<T> EventAsync<T>(Func<T, bool>? wanted = null)
        where T : SwarmEvent
    {
        var found = new TaskCompletionSource<SwarmEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
        bool Matches(SwarmEvent it) => it is T typed && wanted?.Invoke(typed) != false;
        lock (waiting)
        {
            if (events.FirstOrDefault(Matches) is { } told)
            {
                return (T)told;
            }

            waiting.Add((Matches, found));
        }

        return (T)await found.Task.WaitAsync(Soon);
    }

    internal async Task<ConnectedPeer> JoinedAsync(PeerId peer)
    {
        while (true)
        {
            if (await changes.Reader.ReadAsync(Soon) is ConnectedPeer joined && joined.Id == peer)
            {
                return joined;
            }
        }
    }

    internal async Task LeftAsync(PeerId peer)
    {
        while (await changes.Reader.ReadAsync(Soon) is not PeerId left || left != peer)
        {
        }
    }

    public void Joined(ConnectedPeer peer) => changes.Writer.TryWrite(peer);

    public void Changed(ConnectedPeer peer) => changes.Writer.TryWrite(peer);

    public void Left(PeerId peer) => changes.Writer.TryWrite(peer);

    public async ValueTask DisposeAsync()
    {
        await Swarm.DisposeAsync();
        identity.Dispose();
    }

    private void Hear(SwarmEvent it)
    {
        lock (waiting)
        {
            events.Enqueue(it);
            foreach (var (_, found) in waiting.Where(one => one.Wanted(it)))
            {
                found.TrySetResult(it);
            }
        }
    }
}
