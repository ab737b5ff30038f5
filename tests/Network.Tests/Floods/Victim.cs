using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Network;
using LuxTensor.Tests.Engine;

namespace LuxTensor.Tests.Network;

/// <summary>A node under attack, as an attacker knows it.</summary>
/// <param name="Chain">Its chain, with keys of accounts that can pay.</param>
/// <param name="Address">Where it listens, with its id.</param>
/// <param name="Height">The height that it decides now, as anybody can see.</param>
internal sealed record Victim(TestChain Chain, Multiaddr Address, Func<ulong> Height)
{
    internal Genesis Genesis => Chain.Genesis;

    internal PeerId Id => Address.Peer!.Value;

    /// <summary>How long an attacker waits between two batches of messages.</summary>
    internal TimeSpan Beat { get; init; } = TimeSpan.FromMilliseconds(5);

    internal TopicNames Topics { get; } = new(Chain.Genesis);
}

/// <summary>What a flood came to, counted by whoever makes it. Thread-safe.</summary>
internal sealed class FloodTally
{
    private readonly Lock gate = new();
    private readonly List<double> lives = [];
    private readonly Dictionary<string, int> refusals = [];
    private long sent;
    private int identities;

    /// <summary>Things sent: messages, frames, streams, connections; the flood says which.</summary>
    internal long Sent => Interlocked.Read(ref sent);

    /// <summary>Peers that were let in.</summary>
    internal int Identities => Volatile.Read(ref identities);

    /// <summary>How many connections the victim ended, and the median of how long they stood, in seconds.</summary>
    internal (int Count, double Median) Cut
    {
        get
        {
            lock (gate)
            {
                return lives.Count == 0 ? (0, 0) : (lives.Count, lives.Order().ElementAt(lives.Count / 2));
            }
        }
    }

    /// <summary>Connections or streams that were not let in.</summary>
    internal int Refused
    {
        get
        {
            lock (gate)
            {
                return refusals.Values.Sum();
            }
        }
    }

    internal void Send(long count = 1) => Interlocked.Add(ref sent, count);

    internal void LetIn() => Interlocked.Increment(ref identities);

    internal void WasCut(TimeSpan after)
    {
        lock (gate)
        {
            lives.Add(after.TotalSeconds);
        }
    }

    internal void WasRefused(string why)
    {
        lock (gate)
        {
            refusals[why] = refusals.GetValueOrDefault(why) + 1;
        }
    }
}
