using System.Collections.Concurrent;
using System.Collections.Immutable;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;

namespace LuxTensor.Engine.Peers;

/// <summary>
/// What this process knows of its peers: hosts a <see cref="Peer"/> machine and the token buckets for each, says what to do about
/// them, and stores what must survive a restart behind the work. Bounded; thread-safe; asking costs no allocation.
/// </summary>
public sealed partial class PeerBook : IAsyncDisposable
{
    private readonly ConcurrentDictionary<PeerId, PeerEntry> entries = new();
    private readonly PeerBookOptions options;
    private readonly PeerMetrics metrics;
    private readonly Lock gate = new(); // of what follows
    private ImmutableArray<Action<PeerId, PeerEffect>> followers = [];
    private ImmutableArray<Action<PeerId, PeerInput>> observers = [];
    private ITimer? timer;

    private PeerBook(PeerBookOptions options)
    {
        if (options.Settings.Check() is { } fault)
        {
            throw new ArgumentException($"peer settings: {fault}", nameof(options));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(options.MostRecords, 16);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MostRecords, 1_000_000);
        this.options = options;
        metrics = new PeerMetrics(this);
    }

    private ulong Now => (ulong)long.Max(options.Time.GetUtcNow().ToUnixTimeMilliseconds(), 0);

    private PeerSettings Settings => options.Settings;

    /// <summary>Peers remembered, connected and banned now.</summary>
    public (int Known, int Connected, int Banned) Counts
    {
        get
        {
            var (known, connected, banned, now) = (0, 0, 0, Now);
            foreach (var (_, entry) in entries)
            {
                lock (entry.Gate)
                {
                    known++;
                    connected += entry.IsConnected ? 1 : 0;
                    banned += entry.State.IsBanned(now) ? 1 : 0;
                }
            }

            return (known, connected, banned);
        }
    }

    /// <summary>Opens a book with what its records hold.</summary>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    /// <exception cref="JournalException">The records cannot be read.</exception>
    public static async Task<PeerBook> OpenAsync(PeerBookOptions options, CancellationToken cancellation = default)
    {
        var book = new PeerBook(options);
        if (options.Records is { } records)
        {
            var now = book.Now;
            foreach (var record in await records.LoadAsync(options.MostRecords, cancellation).ConfigureAwait(false))
            {
                book.entries.TryAdd(record.Id, new PeerEntry(record.Id, record.State, options.Settings.Limits, now) { Address = record.Address, Agent = record.Agent });
            }

            await records.TrimAsync(options.MostRecords, cancellation).ConfigureAwait(false);
            book.timer = options.Time.CreateTimer(_ => _ = book.FlushAsync(), null, options.SaveEvery, options.SaveEvery);
        }

        return book;
    }

    /// <summary>
    /// Tells of every later effect, on the thread that caused it and outside all locks, until the result is disposed. The
    /// follower must not block, and must not throw.
    /// </summary>
    public IDisposable Follow(Action<PeerId, PeerEffect> follower)
    {
        lock (gate)
        {
            followers = followers.Add(follower);
        }

        return new Ended(() => followers = followers.Remove(follower), gate);
    }

    /// <summary>Tells of every later input that this process found out itself, in the same way.</summary>
    public IDisposable Observe(Action<PeerId, PeerInput> observer)
    {
        lock (gate)
        {
            observers = observers.Add(observer);
        }

        return new Ended(() => observers = observers.Remove(observer), gate);
    }

    /// <summary>
    /// Whether a frame of this many bytes may be looked at, which counts it as received; asked before it is decoded. False
    /// where the peer is banned, or sent more of this kind than it may.
    /// </summary>
    public bool Allow(PeerId peer, MessageKind kind, int bytes)
    {
        var entry = EntryOf(peer);
        PeerInput.Refused? refused;
        lock (entry.Gate)
        {
            var now = Now; // in the lock: time never goes back for a bucket because two callers met
            entry.BytesIn += (ulong)bytes;
            if (entry.State.IsBanned(now))
            {
                return false;
            }

            if (entry.Take(kind, bytes, now))
            {
                return true;
            }

            refused = entry.DrainRefused(kind, all: false);
        }

        if (refused is not null)
        {
            Report(peer, refused);
        }

        return false;
    }

    /// <summary>Counts bytes that went to a peer.</summary>
    public void Sent(PeerId peer, int bytes)
    {
        if (entries.TryGetValue(peer, out var entry))
        {
            lock (entry.Gate)
            {
                entry.BytesOut += (ulong)bytes;
            }
        }
    }

    /// <summary>Takes what this process found out about a peer, and has the effects carried out.</summary>
    public void Report(PeerId peer, PeerInput input)
    {
        foreach (var observer in observers)
        {
            observer(peer, input);
        }

        Adopt(peer, input);
    }

    /// <summary>Takes what another process of the node found out (PEE-12): as <see cref="Report"/>, but no observer is told.</summary>
    public void Adopt(PeerId peer, PeerInput input)
    {
        ImmutableArray<PeerEffect> effects;
        while (true)
        {
            var entry = EntryOf(peer);
            lock (entry.Gate)
            {
                if (entry.IsForgotten)
                {
                    continue;
                }

                (entry.State, effects) = Peer.Step(entry.State, input, Settings, Now);
                entry.Changed();
                break;
            }
        }

        metrics.See(input);
        foreach (var effect in effects)
        {
            metrics.See(effect);
            foreach (var follower in followers)
            {
                follower(peer, effect);
            }
        }

        if (!effects.IsEmpty)
        {
            timer?.Change(TimeSpan.Zero, options.SaveEvery); // a ban must outlive this process whatever becomes of it
        }
    }

    /// <summary>Whether a peer is banned now; asked before it is dialled or let in.</summary>
    public bool IsBanned(PeerId peer) => BannedUntil(peer) is not null;

    /// <summary>When a peer's ban ends, in milliseconds since 1970; null where it is not banned.</summary>
    public ulong? BannedUntil(PeerId peer)
    {
        if (!entries.TryGetValue(peer, out var entry))
        {
            return null;
        }

        lock (entry.Gate)
        {
            Look(entry, Now);
            return entry.State.BannedUntil is > 0 and var until ? until : null;
        }
    }

    /// <summary>A peer as it is now; null where it is not remembered.</summary>
    public PeerInfo? Find(PeerId peer)
    {
        if (!entries.TryGetValue(peer, out var entry))
        {
            return null;
        }

        lock (entry.Gate)
        {
            Look(entry, Now);
            return entry.ToInfo();
        }
    }

    /// <summary>A peer's reputation in points, 0 to 100; that of a stranger where it is not known.</summary>
    public int ReputationOf(PeerId peer)
    {
        if (!entries.TryGetValue(peer, out var entry))
        {
            return (int)(PeerSettings.Neutral / Peer.Point);
        }

        lock (entry.Gate)
        {
            Look(entry, Now);
            return entry.State.Points;
        }
    }

    /// <summary>A peer is connected and said who it is.</summary>
    public void Joined(PeerId peer, string address, string agent, bool isOutbound)
    {
        var entry = EntryOf(peer);
        lock (entry.Gate)
        {
            (entry.IsConnected, entry.IsOutbound) = (true, isOutbound);
            (entry.Address, entry.Agent) = (PeerRecord.Bounded(address), PeerRecord.Bounded(agent));
        }

        Report(peer, new PeerInput.Met());
    }

    /// <summary>A peer's last connection is gone.</summary>
    public void Left(PeerId peer)
    {
        if (entries.TryGetValue(peer, out var entry))
        {
            lock (entry.Gate)
            {
                entry.IsConnected = false;
                entry.Changed();
            }
        }
    }

    /// <summary>Every peer that is remembered, as it is now, in order of id.</summary>
    public ImmutableArray<PeerInfo> Snapshot()
    {
        Settle();
        var (now, infos) = (Now, ImmutableArray.CreateBuilder<PeerInfo>());
        foreach (var (_, entry) in entries)
        {
            lock (entry.Gate)
            {
                Look(entry, now);
                infos.Add(entry.ToInfo());
            }
        }

        infos.Sort(static (x, y) => string.CompareOrdinal(x.Id.Name, y.Id.Name));
        return infos.ToImmutable();
    }

    private void Look(PeerEntry entry, ulong now) => (entry.State, _) = Peer.Step(entry.State, new PeerInput.Look(), Settings, now);

    private PeerEntry EntryOf(PeerId peer)
    {
        if (entries.TryGetValue(peer, out var known))
        {
            return known;
        }

        var now = Now;
        var entry = entries.GetOrAdd(peer, static (peer, it) => new PeerEntry(peer, Peer.Begin(it.now), it.Settings.Limits, it.now), (Settings, now));
        if (entries.Count > options.MostRecords)
        {
            Forget(peer, now);
        }

        return entry;
    }

    private sealed class Ended(Action end, Lock gate) : IDisposable
    {
        public void Dispose()
        {
            lock (gate)
            {
                end();
            }
        }
    }
}
