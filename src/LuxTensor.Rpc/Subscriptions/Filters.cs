using System.Collections.Concurrent;
using System.Security.Cryptography;
using LuxTensor.Crypto;

namespace LuxTensor.Rpc;

/// <summary>What a polling filter collects.</summary>
internal enum FilterKind
{
    /// <summary>Hashes of blocks that joined the chosen branch.</summary>
    Blocks,

    /// <summary>Ids of transactions that entered the pool.</summary>
    Pending,

    /// <summary>Logs, of which there are none.</summary>
    Logs,
}

/// <summary>
/// The polling filters. A filter is a position in a shared ring, so it costs the same however much happens; one that is not
/// polled for its lifetime, or is polled so late that the ring has moved on, is gone.
/// </summary>
internal sealed class Filters(RpcOptions options)
{
    private readonly ConcurrentDictionary<string, Filter> filters = new(StringComparer.Ordinal);

    /// <summary>Hashes of blocks that joined.</summary>
    public Ring<Hash256> Blocks { get; } = new(4_096);

    /// <summary>Ids of transactions that entered the pool.</summary>
    public Ring<Hash256> Pending { get; } = new(32_768);

    public int Count => filters.Count;

    /// <summary>Makes a filter that starts now; null where there are too many.</summary>
    public string? Add(FilterKind kind)
    {
        if (filters.Count >= options.MaxFilters)
        {
            Sweep();
        }

        if (filters.Count >= options.MaxFilters)
        {
            return null;
        }

        var id = "0x" + RandomNumberGenerator.GetHexString(32, lowercase: true);
        filters[id] = new Filter(kind, RingOf(kind)?.Next ?? 0, options.Clock.GetTimestamp());
        return id;
    }

    /// <summary>What came since the last poll; null where there is no such filter any more.</summary>
    public Hash256[]? Poll(string id)
    {
        if (Find(id) is not { } filter)
        {
            return null;
        }

        if (RingOf(filter.Kind) is not { } ring)
        {
            return [];
        }

        lock (filter)
        {
            var position = filter.Position;
            var taken = ring.Take(ref position);
            filter.Position = position;
            if (taken is null)
            {
                filters.TryRemove(id, out _);
            }

            return taken;
        }
    }

    /// <summary>Whether there is a filter of that kind.</summary>
    public bool Has(string id, FilterKind kind) => Find(id)?.Kind == kind;

    public bool Remove(string id) => Find(id) is not null && filters.TryRemove(id, out _);

    /// <summary>Forgets filters that nobody polls.</summary>
    public void Sweep()
    {
        foreach (var (id, filter) in filters)
        {
            if (options.Clock.GetElapsedTime(filter.Polled) > options.FilterLifetime)
            {
                filters.TryRemove(id, out _);
            }
        }
    }

    private Filter? Find(string id)
    {
        if (!filters.TryGetValue(id, out var filter))
        {
            return null;
        }

        if (options.Clock.GetElapsedTime(filter.Polled) > options.FilterLifetime)
        {
            filters.TryRemove(id, out _);
            return null;
        }

        filter.Polled = options.Clock.GetTimestamp();
        return filter;
    }

    private Ring<Hash256>? RingOf(FilterKind kind) => kind switch
    {
        FilterKind.Blocks => Blocks,
        FilterKind.Pending => Pending,
        _ => null,
    };

    private sealed class Filter(FilterKind kind, long position, long polled)
    {
        public FilterKind Kind => kind;

        public long Position { get; set; } = position;

        public long Polled { get; set; } = polled;
    }
}
