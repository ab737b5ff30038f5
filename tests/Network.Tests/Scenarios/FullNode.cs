using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Engine.Peers;
using LuxTensor.Network;
using LuxTensor.Storage;

namespace LuxTensor.Tests.Network;

/// <summary>A node as an operator runs it, in this process: SQLite, libp2p over loopback, an account of its peers. What it has lies in a folder.</summary>
internal sealed class FullNode : IAsyncDisposable, INoticeSink
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180); // only turns a hang into a failure

    private readonly Lock gate = new();
    private readonly List<(ulong Height, TaskCompletionSource Reached)> waiting = [];
    private readonly List<(PeerId Peer, PeerFault What)> faults = [];
    private readonly List<(PeerId Peer, PeerFault What, TaskCompletionSource Seen)> suspicions = [];
    private readonly TaskCompletionSource<string> unreadable = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PeerIdentity identity;
    private readonly SqliteJournal journal;
    private readonly SqliteSigningGuard guard;
    private readonly NetworkTransport transport;
    private volatile bool isCut;

    private FullNode(Genesis genesis, string folder, IReadOnlyList<SigningKey> keys, IReadOnlyList<Multiaddr> bootstrap, PeerBook book)
    {
        Book = book;
        identity = PeerIdentity.OpenOrCreate(Path.Combine(folder, "network.key"), null);
        journal = SqliteJournal.Open(Path.Combine(folder, "journal.db"), genesis);
        guard = SqliteSigningGuard.Open(Path.Combine(folder, "guard.db"), GuardOptions.For(genesis));
        Swarm = new Swarm(identity, new SwarmOptions
        {
            Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")],
            Bootstrap = bootstrap,
            MostPerAddress = 64,
            Backoff = TimeSpan.FromMilliseconds(200),
            MostBackoff = TimeSpan.FromSeconds(1),
            Gate = (peer, _) => !isCut && !book.IsBanned(peer),
            Usefulness = book.ReputationOf,
        });
        transport = new NetworkTransport(new NetworkTransportOptions { Genesis = genesis, Swarm = Swarm, Book = book });
        try
        {
            Host = NodeHost.Open(new NodeOptions { Genesis = genesis, Journal = journal, Guard = guard, Keys = keys, Transport = transport, VerifyWorkers = 2 });
        }
        catch
        {
            guard.Dispose();
            journal.Dispose();
            throw;
        }

        Host.Subscribe(this);
        book.Observe(See);
    }

    internal NodeHost Host { get; }

    internal Swarm Swarm { get; }

    internal PeerBook Book { get; }

    internal ulong Height => Host.View.Final.Height;

    internal Multiaddr Address => Swarm.Listening[0].With(Swarm.Self);

    /// <summary>The first height that became final since the start; 0 for none yet.</summary>
    internal ulong FirstFinal { get; private set; }

    internal static async Task<FullNode> StartAsync(
        Genesis genesis, string folder, IReadOnlyList<SigningKey>? keys = null, IReadOnlyList<Multiaddr>? bootstrap = null)
    {
        Directory.CreateDirectory(folder);
        var book = await PeerBook.OpenAsync(new PeerBookOptions { Settings = new PeerSettings { Limits = PeerLimits.For(genesis.Rules) } });
        var node = new FullNode(genesis, folder, keys ?? [], bootstrap ?? [], book);
        node.Host.Start();
        await node.Swarm.StartAsync(CancellationToken.None);
        return node;
    }

    /// <summary>Waits until the node told of something stored that it cannot read.</summary>
    internal Task<string> UnreadableAsync() => unreadable.Task.WaitAsync(Patience);

    internal Task DialAsync(Multiaddr other) => Swarm.DialAsync(other, CancellationToken.None).WaitAsync(Patience);

    /// <summary>Waits until a height is final here.</summary>
    internal async Task ReachAsync(ulong height)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (Height >= height)
            {
                return;
            }

            waiting.Add((height, reached));
        }

        await (await Task.WhenAny(reached.Task, Host.Completion).WaitAsync(Patience));
        if (Height < height)
        {
            throw new InvalidOperationException($"the node ended at {Height}");
        }
    }

    /// <summary>Waits until a peer was found to be at fault in this way.</summary>
    internal async Task FaultAsync(PeerId peer, PeerFault what)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (faults.Contains((peer, what)))
            {
                return;
            }

            suspicions.Add((peer, what, seen));
        }

        await Task.WhenAny(seen.Task, Task.Delay(Patience));
        lock (gate)
        {
            if (!seen.Task.IsCompleted)
            {
                throw new TimeoutException($"{what} was not named, but {string.Join(", ", faults)}; at {Height}, sync {Host.View.Sync.Headers.Count} {Host.View.Sync.Blocks.Count}");
            }
        }
    }

    /// <summary>Cuts the node off: no connection stands, none comes to be.</summary>
    internal void Cut()
    {
        isCut = true;
        foreach (var peer in Swarm.Connected)
        {
            Swarm.Disconnect(peer.Id, "the network is cut");
        }
    }

    internal void Heal() => isCut = false;

    public void Publish(Notice notice)
    {
        if (notice is Notice.Unreadable { Why: var why })
        {
            unreadable.TrySetResult(why);
        }

        if (notice is Notice.Finalized final)
        {
            lock (gate)
            {
                FirstFinal = FirstFinal == 0 ? final.Sequence : FirstFinal;
                waiting.FindAll(it => it.Height <= final.Sequence).ForEach(static it => it.Reached.TrySetResult());
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        guard.Dispose();
        journal.Dispose();
        await transport.DisposeAsync();
        await Swarm.DisposeAsync();
        await Book.DisposeAsync();
        identity.Dispose();
    }

    private void See(PeerId peer, PeerInput input)
    {
        if (input is PeerInput.Faulty { What: var what })
        {
            lock (gate)
            {
                faults.Add((peer, what));
                suspicions.FindAll(it => it.Peer == peer && it.What == what).ForEach(static it => it.Seen.TrySetResult());
            }
        }
    }
}
