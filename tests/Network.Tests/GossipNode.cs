using System.Collections.Concurrent;
using System.Text;
using System.Threading.Channels;
using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>Gossip over some swarm, with an application that judges by the first byte: R reject, I ignore, B too busy, else accept.</summary>
internal sealed class GossipNode : IAsyncDisposable
{
    public const string Topic = "blocks";

    private readonly Channel<GossipMessage> received = Channel.CreateUnbounded<GossipMessage>();

    public GossipNode(ISwarm swarm, GossipOptions? options = null, bool subscribe = true)
    {
        Swarm = swarm;
        Gossip = new Gossip(swarm, options ?? new GossipOptions(), Take);
        if (subscribe)
        {
            Gossip.Subscribe(Topic);
        }
    }

    public ISwarm Swarm { get; }

    public Gossip Gossip { get; }

    /// <summary>How often each message was delivered.</summary>
    public ConcurrentDictionary<string, int> Times { get; } = new();

    public static string Text(GossipMessage message) => Encoding.UTF8.GetString(message.Data.Span);

    public bool Publish(string text) => Gossip.Publish(Topic, Encoding.UTF8.GetBytes(text));

    public async Task<GossipMessage> NextAsync() => await received.Reader.ReadAsync().AsTask().WaitAsync(Deadline.Generous);

    public async Task<HashSet<string>> NextAsync(int count)
    {
        HashSet<string> texts = [];
        while (texts.Count < count)
        {
            texts.Add(Text(await NextAsync()));
        }

        return texts;
    }

    /// <summary>Waits until the router is in some state.</summary>
    public Task UntilAsync(Func<GossipRouter, bool> state, string what) => Deadline.UntilAsync(() => Gossip.AskAsync(state), what);

    public Task MeshAsync(int size) => UntilAsync(
        router => router.Topics.TryGetValue(Topic, out var topic) && topic.Mesh.Count >= size, $"{Swarm.Self} has {size} peers in its mesh");

    public Task MeetsAsync(int peers) => UntilAsync(
        router => router.Topics.TryGetValue(Topic, out var topic) && topic.Peers.Count >= peers, $"{Swarm.Self} knows {peers} subscribers");

    public ValueTask DisposeAsync() => Gossip.DisposeAsync();

    private bool Take(GossipMessage message)
    {
        var text = Text(message);
        Times.AddOrUpdate(text, 1, (_, times) => times + 1);
        if (text.StartsWith('B'))
        {
            return false;
        }

        received.Writer.TryWrite(message);
        message.Judge(text[0] switch { 'R' => GossipVerdict.Reject, 'I' => GossipVerdict.Ignore, _ => GossipVerdict.Accept });
        return true;
    }
}

/// <summary>Turns a hang into a failure; nothing is asserted about how long anything takes.</summary>
internal static class Deadline
{
    public static readonly TimeSpan Generous = TimeSpan.FromSeconds(60);

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using var late = new CancellationTokenSource(Generous);
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (!await condition())
        {
            try
            {
                await poll.WaitForNextTickAsync(late.Token);
            }
            catch (OperationCanceledException e)
            {
                throw new TimeoutException($"It did not happen that {what}.", e);
            }
        }
    }
}
