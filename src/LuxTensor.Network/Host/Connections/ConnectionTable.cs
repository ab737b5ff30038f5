using System.Collections.Immutable;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>
/// The connections, by peer. Two ends that dial each other at once get two connections: streams then go over the one that the end with the
/// smaller id dialled (the newest, if it dialled both), which both ends know, and the other is closed once it is idle.
/// </summary>
internal sealed class ConnectionTable(PeerId self, SwarmOptions options)
{
    private const int MostPerPeer = 2;

    private readonly Lock gate = new();
    private readonly Dictionary<PeerId, Entry> peers = [];
    private readonly HashSet<PeerId> kept = [];
    private ImmutableArray<IPeerWatcher> watchers = [];

    internal IReadOnlyCollection<ConnectedPeer> Peers
    {
        get
        {
            lock (gate)
            {
                return [.. peers.Values.Select(it => it.Description)];
            }
        }
    }

    internal int Count
    {
        get
        {
            lock (gate)
            {
                return peers.Count;
            }
        }
    }

    /// <summary>Peers that this node dialled.</summary>
    internal int Outbound
    {
        get
        {
            lock (gate)
            {
                return peers.Values.Count(static it => it.Description.IsOutbound);
            }
        }
    }

    internal IReadOnlyList<PeerConnection> All
    {
        get
        {
            lock (gate)
            {
                return [.. peers.Values.SelectMany(it => it.Connections)];
            }
        }
    }

    internal bool Contains(PeerId peer)
    {
        lock (gate)
        {
            return peers.ContainsKey(peer);
        }
    }

    /// <summary>Whether the peer said that it speaks a protocol.</summary>
    internal bool Speaks(PeerId peer, string protocol)
    {
        lock (gate)
        {
            return peers.TryGetValue(peer, out var entry) && entry.Description.Protocols.Contains(protocol);
        }
    }

    internal IReadOnlyList<PeerConnection> Of(PeerId peer)
    {
        lock (gate)
        {
            return peers.TryGetValue(peer, out var entry) ? [.. entry.Connections] : [];
        }
    }

    /// <summary>The connection that new streams go over.</summary>
    internal PeerConnection? Preferred(PeerId peer)
    {
        lock (gate)
        {
            return peers.TryGetValue(peer, out var entry) ? Preferred(entry) : null;
        }
    }

    /// <summary>Never trims the peer, or trims it again.</summary>
    internal void Keep(PeerId peer, bool keep)
    {
        lock (gate)
        {
            _ = keep ? kept.Add(peer) : kept.Remove(peer);
        }
    }

    /// <summary>Whether a newcomer could find a place, before it is known who it is.</summary>
    internal bool MayHaveRoom()
    {
        lock (gate)
        {
            return !IsFull(isOutbound: false) || options.Usefulness is not null || kept.Any(it => !peers.ContainsKey(it));
        }
    }

    /// <summary>Takes a connection in; null, or the reason against it. A less useful peer may have to give way.</summary>
    internal (RefusalCause Cause, string Detail)? TryAdd(PeerConnection connection, out IReadOnlyList<PeerConnection> displaced)
    {
        displaced = [];
        lock (gate)
        {
            if (peers.TryGetValue(connection.Peer, out var entry))
            {
                // A third is a peer that came back before this end saw that the oldest is dead.
                displaced = entry.Connections.Count < MostPerPeer ? [] : [entry.Connections.Find(it => it != Preferred(entry))!];
                entry.Connections.Add(connection);
                return null;
            }

            if (IsFull(connection.IsOutbound))
            {
                if (Weakest(connection) is not { } weakest)
                {
                    return (RefusalCause.Full, $"{peers.Count} peers are connected, and none of them is less useful");
                }

                displaced = [.. weakest.Connections];
            }

            peers[connection.Peer] = new Entry(connection);
            return null;
        }
    }

    internal void Remove(PeerConnection connection)
    {
        lock (gate)
        {
            if (peers.TryGetValue(connection.Peer, out var entry) && entry.Connections.Remove(connection) && entry.Connections.Count == 0)
            {
                peers.Remove(connection.Peer);
                Tell(watcher => watcher.Left(connection.Peer));
            }
        }
    }

    /// <summary>The peer said who it is, or says it anew.</summary>
    internal void Identified(PeerConnection connection, IReadOnlyList<string> protocols, string agent)
    {
        lock (gate)
        {
            if (!peers.TryGetValue(connection.Peer, out var entry) || !entry.Connections.Contains(connection))
            {
                return;
            }

            var wasJoined = entry.Joined;
            var before = entry.Description;
            entry.Joined = true;
            entry.Description = before with { Protocols = protocols.ToImmutableHashSet(StringComparer.Ordinal), Agent = agent };
            if (!wasJoined)
            {
                Tell(watcher => watcher.Joined(entry.Description));
            }
            else if (!before.Protocols.SetEquals(entry.Description.Protocols))
            {
                Tell(watcher => watcher.Changed(entry.Description));
            }
        }
    }

    internal IDisposable Watch(IPeerWatcher watcher)
    {
        lock (gate)
        {
            watchers = watchers.Add(watcher);
            foreach (var entry in peers.Values.Where(it => it.Joined))
            {
                watcher.Joined(entry.Description);
            }
        }

        return new Watching(this, watcher);
    }

    /// <summary>Idle connections beside a preferred one, which may be closed.</summary>
    internal IReadOnlyList<PeerConnection> Surplus(TimeSpan leastAge)
    {
        lock (gate)
        {
            return
            [
                .. from entry in peers.Values
                   where entry.Connections.Count > 1
                   let preferred = Preferred(entry)
                   from connection in entry.Connections
                   where connection != preferred && preferred.Identified.Task.IsCompleted && connection.Identified.Task.IsCompleted
                   where connection.Session.StreamCount == 0 && options.Time.GetElapsedTime(preferred.Opened) >= leastAge
                   select connection,
            ];
        }
    }

    private PeerConnection Preferred(Entry entry)
    {
        var outboundWins = string.CompareOrdinal(self.Name, entry.Description.Id.Name) < 0;
        return entry.Connections.FindLast(it => it.IsOutbound == outboundWins) ?? entry.Connections[^1];
    }

    private bool IsFull(bool isOutbound) =>
        peers.Count >= options.MostPeers || (!isOutbound && peers.Values.Count(it => !it.Description.IsOutbound) >= options.MostInbound);

    private Entry? Weakest(PeerConnection newcomer)
    {
        var usefulness = options.Usefulness ?? (static _ => 0);
        var weakest = peers.Values
            .Where(it => !kept.Contains(it.Description.Id) && (newcomer.IsOutbound || !it.Description.IsOutbound)) // inbound peers keep to their share
            .MinBy(it => usefulness(it.Description.Id));
        return weakest is not null && (kept.Contains(newcomer.Peer) || usefulness(weakest.Description.Id) < usefulness(newcomer.Peer)) ? weakest : null;
    }

    // Under the lock, so that the order is everyone's.
    private void Tell(Action<IPeerWatcher> what)
    {
        foreach (var watcher in watchers)
        {
            try
            {
                what(watcher);
            }
            catch (Exception e)
            {
                options.Events?.Invoke(new SwarmEvent.Warned($"a watcher of the peers failed: {e}"));
            }
        }
    }

    private sealed class Entry(PeerConnection first)
    {
        internal List<PeerConnection> Connections { get; } = [first];

        internal bool Joined { get; set; }

        internal ConnectedPeer Description { get; set; } =
            new(first.Peer, first.Address.ToString(), first.IsOutbound, ImmutableHashSet<string>.Empty, "");
    }

    private sealed class Watching(ConnectionTable table, IPeerWatcher watcher) : IDisposable
    {
        public void Dispose()
        {
            lock (table.gate)
            {
                table.watchers = table.watchers.Remove(watcher);
            }
        }
    }
}
