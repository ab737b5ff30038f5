using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>
/// Gossipsub 1.0 to 1.2 over a swarm. One task owns the router; every peer has a queue and a task that writes to it, and every stream of
/// a peer a task that reads it and waits for the router. Nothing here waits for a peer. Thread-safe.
/// </summary>
public sealed partial class Gossip : IAsyncDisposable
{
    // A peer's old stream may end after its new one begins.
    private const int StreamsPerPeer = 2;
    private const int MaxApplicationScores = 4096;
    private const int PublishOverhead = 128;
    private static readonly TimeSpan JoinTimeout = TimeSpan.FromSeconds(30);

    private readonly ISwarm swarm;
    private readonly GossipOptions options;
    private readonly Func<GossipMessage, bool> deliver;
    private readonly long started;
    private readonly GossipRouter router;
    private readonly Channel<Work> work = Channel.CreateUnbounded<Work>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<PeerId, double> applicationScores = new();
    private readonly Dictionary<PeerId, ConnectedPeer> connected = [];
    private readonly Dictionary<PeerId, GossipLink> links = [];
    private readonly List<Guest> guests = []; // inbound streams of peers that did not join yet
    private readonly List<Task> stopping = [];
    private readonly List<GossipEffect> effects = [];
    private readonly Action<MessageId, GossipVerdict> judge;
    private readonly GossipMetrics metrics;
    private readonly IDisposable watching;
    private readonly ITimer heartbeat;
    private readonly Task owner;
    private long publishing;
    private int scoresPosted;
    private int heartbeatPosted;
    private volatile GossipSnapshot snapshot = GossipSnapshot.Empty;

    /// <summary>Starts to gossip with the peers of a swarm.</summary>
    /// <param name="swarm">The peers and the streams to them.</param>
    /// <param name="options">The settings.</param>
    /// <param name="deliver">
    /// Takes a message that is to be judged, on the task that owns the router, so it must queue and return. False: the application is too
    /// busy; the message is not forwarded, nobody is at fault, and it may come again.
    /// </param>
    /// <exception cref="ArgumentException">The parameters contradict each other.</exception>
    public Gossip(ISwarm swarm, GossipOptions options, Func<GossipMessage, bool> deliver)
    {
        (this.swarm, this.options, this.deliver) = (swarm, options, deliver);
        started = options.Time.GetTimestamp();
        router = new GossipRouter(options.Parameters, options.Scores, options.Seed ?? RandomNumberGenerator.GetInt32(int.MaxValue));
        judge = (id, verdict) => work.Writer.TryWrite(new Work(new GossipInput.Judged(id, verdict)));
        metrics = new GossipMetrics(router.Counts, () => snapshot);
        foreach (var protocol in GossipLink.Protocols)
        {
            swarm.Serve(protocol, StreamsPerPeer, ServeAsync);
        }

        watching = swarm.Watch(new Watcher(this));
        heartbeat = options.Time.CreateTimer(_ => PostHeartbeat(), null, options.Parameters.Heartbeat, options.Parameters.Heartbeat);
        owner = Task.Run(OwnAsync);
    }

    /// <summary>The longest payload that can be published, in bytes.</summary>
    public int MaxDataBytes => options.Parameters.MaxDataBytes;

    /// <summary>Begins to listen to a topic. Nothing happens where this node does already.</summary>
    /// <exception cref="ArgumentException">The name is empty or longer than <see cref="GossipParameters.MaxTopicBytes"/>.</exception>
    public void Subscribe(string topic)
    {
        Check(topic);
        work.Writer.TryWrite(new Work(new GossipInput.Subscribe(topic)));
    }

    /// <summary>Ends to listen to a topic.</summary>
    public void Unsubscribe(string topic) => work.Writer.TryWrite(new Work(new GossipInput.Unsubscribe(topic)));

    /// <summary>Publishes; does not wait. A message that was seen, from whomever, is not sent once more, unless <paramref name="again"/>.</summary>
    /// <returns>False where it is longer than <see cref="MaxDataBytes"/>, too much waits to be published, or this was disposed.</returns>
    /// <exception cref="ArgumentException">The topic's name is empty or longer than <see cref="GossipParameters.MaxTopicBytes"/>.</exception>
    public bool Publish(string topic, ReadOnlyMemory<byte> data, bool again = false)
    {
        Check(topic);
        var cost = data.Length + PublishOverhead;
        if (data.Length > MaxDataBytes)
        {
            return false;
        }

        if (Interlocked.Add(ref publishing, cost) > options.PublishQueueBytes
            || !work.Writer.TryWrite(new Work(new GossipInput.Publish(WireMessage.Of(topic, data.Span), again), Cost: cost)))
        {
            Interlocked.Add(ref publishing, -cost);
            return false;
        }

        return true;
    }

    /// <summary>Sets what the node itself thinks of a peer, which is added to its gossip score; forgotten when the peer leaves.</summary>
    public void SetApplicationScore(PeerId peer, double score)
    {
        if (applicationScores.ContainsKey(peer) || applicationScores.Count < MaxApplicationScores)
        {
            applicationScores[peer] = score;
        }

        if (Interlocked.Exchange(ref scoresPosted, 1) == 0)
        {
            work.Writer.TryWrite(new Work(Do: ApplyScores));
        }
    }

    /// <summary>Who sent a message that waits for its verdict, the first first; nobody once it is judged, or was not in time.</summary>
    internal Task<PeerId[]> SendersAsync(GossipMessage message) => AskAsync(router => router.SendersOf(message.Id));

    /// <summary>Forgets a message that nothing can be said of: it may come again.</summary>
    internal void Decline(GossipMessage message) => work.Writer.TryWrite(new Work(new GossipInput.Declined(message.Id)));

    /// <summary>The mesh, scores and queues as of the last heartbeat.</summary>
    public GossipSnapshot Snapshot() => snapshot;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!work.Writer.TryComplete())
        {
            return;
        }

        watching.Dispose();
        await heartbeat.DisposeAsync();
        await owner.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // Completion tells what failed
        await Task.WhenAll(links.Values.Select(link => link.DisposeAsync().AsTask()).Concat(stopping));
        metrics.Dispose();
    }

    /// <summary>Reads something of the router, on the task that owns it.</summary>
    internal Task<T> AskAsync<T>(Func<GossipRouter, T> question)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!work.Writer.TryWrite(new Work(Do: () => answer.SetResult(question(router)))))
        {
            answer.SetCanceled();
        }

        return answer.Task;
    }

    /// <summary>Ends when this is disposed; fails where gossip itself failed, which is a defect.</summary>
    public Task Completion => owner;

    private TimeSpan Now => options.Time.GetElapsedTime(started);

    private static void Check(string topic)
    {
        if (topic.Length == 0 || Encoding.UTF8.GetByteCount(topic) > GossipParameters.MaxTopicBytes)
        {
            throw new ArgumentException($"A topic's name has 1 to {GossipParameters.MaxTopicBytes} bytes; this is '{topic}'.", nameof(topic));
        }
    }

    private void PostHeartbeat()
    {
        if (Interlocked.Exchange(ref heartbeatPosted, 1) == 0)
        {
            work.Writer.TryWrite(new Work(Do: Beat));
        }
    }

    private async Task ServeAsync(IPeerStream stream, CancellationToken cancellation)
    {
        var guest = new Guest(stream);
        if (!work.Writer.TryWrite(new Work(Do: () => Admit(guest))))
        {
            throw new StreamException("gossip has ended here");
        }

        GossipLink link;
        try
        {
            link = await guest.Link.Task.WaitAsync(JoinTimeout, options.Time, cancellation);
        }
        catch (TimeoutException late)
        {
            throw new StreamException($"{stream.Peer} opened a gossip stream and did not identify itself within {JoinTimeout.TotalSeconds} s.", late);
        }
        finally
        {
            work.Writer.TryWrite(new Work(Do: () => guests.Remove(guest)));
        }

        var intake = new GossipIntake(stream.Peer, options, () => Now);
        link.Adopt(stream, intake);
        try
        {
            await intake.RunAsync(stream, read => work.Writer.TryWrite(new Work(Read: read)), cancellation);
        }
        finally
        {
            link.Release(stream);
        }
    }

    /// <summary>
    /// One thing for the owner to do. Each kind is bounded where it comes from: frames by one a stream, publishing by its bytes, verdicts by
    /// the messages that wait for one, the rest by flags and connections; so the channel needs no bound of its own.
    /// </summary>
    private readonly record struct Work(GossipInput? Input = null, GossipIntake? Read = null, Action? Do = null, int Cost = 0);

    private sealed class Guest(IPeerStream stream)
    {
        public IPeerStream Stream { get; } = stream;

        public TaskCompletionSource<GossipLink> Link { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Watcher(Gossip gossip) : IPeerWatcher
    {
        public void Joined(ConnectedPeer peer) => gossip.work.Writer.TryWrite(new Work(Do: () => gossip.Meet(peer)));

        public void Changed(ConnectedPeer peer) => Joined(peer);

        public void Left(PeerId peer) => gossip.work.Writer.TryWrite(new Work(Do: () => gossip.Part(peer)));
    }
}
