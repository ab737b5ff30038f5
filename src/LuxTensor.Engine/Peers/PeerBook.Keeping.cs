using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;

namespace LuxTensor.Engine.Peers;

/// <content>What the book keeps, and where.</content>
public sealed partial class PeerBook
{
    private const int LargestBatch = 512;

    private readonly SemaphoreSlim saving = new(1, 1);
    private readonly HashSet<PeerId> forgotten = []; // under the gate

    /// <summary>Stores what changed; what cannot be stored now is stored later.</summary>
    public async Task FlushAsync()
    {
        if (options.Records is not { } records)
        {
            return;
        }

        await saving.WaitAsync().ConfigureAwait(false);
        try
        {
            Settle();
            await SaveAsync(records).ConfigureAwait(false);
        }
        catch (JournalException)
        {
            metrics.NotSaved();
        }
        finally
        {
            saving.Release();
        }
    }

    /// <summary>Stores what changed, and takes no more timers.</summary>
    public async ValueTask DisposeAsync()
    {
        if (timer is { } running)
        {
            timer = null;
            await running.DisposeAsync().ConfigureAwait(false);
        }

        await FlushAsync().ConfigureAwait(false);
        metrics.Dispose();
    }

    private async Task SaveAsync(IPeerRecords records)
    {
        PeerId[] gone;
        lock (gate)
        {
            gone = [.. forgotten.Where(peer => !entries.ContainsKey(peer))];
            forgotten.Clear();
        }

        var batch = new List<(PeerEntry Entry, PeerRecord Record, long Change)>();
        foreach (var (_, entry) in entries)
        {
            lock (entry.Gate)
            {
                if (entry.IsDirty)
                {
                    var (record, change) = entry.ToRecord();
                    batch.Add((entry, record, change));
                }
            }
        }

        try
        {
            for (var at = 0; at < batch.Count || gone.Length > 0; at += LargestBatch)
            {
                var part = batch.Skip(at).Take(LargestBatch).ToArray();
                await records.SaveAsync([.. part.Select(static it => it.Record)], gone, CancellationToken.None).ConfigureAwait(false);
                gone = [];
                foreach (var (entry, _, change) in part)
                {
                    lock (entry.Gate)
                    {
                        entry.Saved(change);
                    }
                }
            }
        }
        finally
        {
            lock (gate)
            {
                forgotten.UnionWith(gone);
            }
        }
    }

    /// <summary>Tells the machines what was only counted so far.</summary>
    private void Settle()
    {
        foreach (var (peer, entry) in entries)
        {
            PeerInput[] counted = [];
            lock (entry.Gate)
            {
                if (entry.HasCounts)
                {
                    counted = [.. entry.Drain()];
                }
            }

            foreach (var input in counted)
            {
                Report(peer, input);
            }
        }
    }

    /// <summary>
    /// Makes room: first go those that are neither connected nor banned, the worst first, of equals the one not heard of for
    /// longest, and in passing a sixteenth of all more than needed; then, of those that are banned, whoever is free again first;
    /// the connected last.
    /// </summary>
    private void Forget(PeerId newcomer, ulong now)
    {
        lock (gate)
        {
            var needed = entries.Count - options.MostRecords;
            if (needed <= 0)
            {
                return;
            }

            var order = new List<(PeerEntry Entry, int Rank, ulong First, ulong Then)>();
            foreach (var (peer, entry) in entries)
            {
                if (peer == newcomer)
                {
                    continue;
                }

                lock (entry.Gate)
                {
                    Look(entry, now);
                    var state = entry.State;
                    order.Add(
                        entry.IsConnected ? (entry, 2, state.Reputation, state.LastContact)
                        : state.IsBanned(now) ? (entry, 1, state.BannedUntil, state.LastContact)
                        : (entry, 0, state.Reputation, state.LastContact));
                }
            }

            order.Sort(static (x, y) => (x.Rank, x.First, x.Then).CompareTo((y.Rank, y.First, y.Then)));
            var inPassing = needed + (options.MostRecords / 16);
            foreach (var (entry, _, _, _) in order.TakeWhile((it, at) => at < needed || (at < inPassing && it.Rank == 0)))
            {
                lock (entry.Gate)
                {
                    entry.IsForgotten = true;
                }

                entries.TryRemove(entry.Id, out _);
                if (options.Records is not null && (entry.State.FirstContact != 0 || entry.State.BannedUntil != 0))
                {
                    forgotten.Add(entry.Id);
                }
            }
        }
    }
}
