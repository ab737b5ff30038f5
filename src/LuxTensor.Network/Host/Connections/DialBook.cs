using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>
/// When a peer may be dialled again: after each failure twice as long, from 3/4 to 5/4 of that by the caller's random source, so that nodes
/// that lost each other at once do not come back at once. Bounded; thread-safe.
/// </summary>
internal sealed class DialBook(SwarmOptions options)
{
    private const int Most = 4096;

    private readonly Lock gate = new();
    private readonly Dictionary<PeerId, (int Failures, DateTimeOffset NotBefore)> failed = [];

    internal bool MayDial(PeerId peer)
    {
        lock (gate)
        {
            return !failed.TryGetValue(peer, out var it) || options.Time.GetUtcNow() >= it.NotBefore;
        }
    }

    internal void Succeeded(PeerId peer)
    {
        lock (gate)
        {
            failed.Remove(peer);
        }
    }

    internal void Failed(PeerId peer)
    {
        lock (gate)
        {
            var now = options.Time.GetUtcNow();
            var failures = failed.GetValueOrDefault(peer).Failures + 1;
            var wait = TimeSpan.FromTicks(long.Min(options.MostBackoff.Ticks, options.Backoff.Ticks << int.Min(failures - 1, 20)));
            failed[peer] = (failures, now + (wait * (0.75 + (options.Jitter() / 2))));
            if (failed.Count > Most)
            {
                failed.Remove(failed.MinBy(it => it.Value.NotBefore).Key);
            }
        }
    }
}
