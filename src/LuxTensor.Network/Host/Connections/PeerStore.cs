using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>
/// Where peers can be reached, and when they were last met: at most 1,000 peers with 8 addresses each. Forgotten first are those only heard of,
/// then those that only came by themselves, of the network that has most peers here the longest unmet: ids cost nothing, so they push out one
/// another, and nobody that this node reached or that is connected. In memory, and written behind to a file that is replaced whole; a file
/// that cannot be read is put aside, and the store begun anew. Thread-safe.
/// </summary>
internal sealed class PeerStore(string? path, TimeProvider time, Action<string> warn, Func<IEnumerable<PeerId>> connected) : IAsyncDisposable
{
    internal const int MostPeers = 1000;
    internal const int MostAddresses = 8;

    private const int MaxFile = 8 << 20;

    private readonly Lock gate = new();
    private readonly Dictionary<PeerId, KnownPeer> peers = [];
    private readonly SemaphoreSlim writing = new(1, 1);
    private bool isDirty;

    /// <summary>Reads the file, where there is one.</summary>
    internal async Task OpenAsync(CancellationToken cancellation)
    {
        if (path is null || !File.Exists(path))
        {
            return;
        }

        try
        {
            await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 4096, useAsync: true);
            if (file.Length > MaxFile)
            {
                throw new JsonException($"it has more than {MaxFile} bytes");
            }

            var bytes = new byte[(int)file.Length];
            await file.ReadExactlyAsync(bytes, cancellation);
            var read = Decode(bytes);
            lock (gate)
            {
                foreach (var peer in read)
                {
                    peers[peer.Id] = peer;
                }
            }
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            var aside = path + ".unreadable";
            try
            {
                File.Move(path, aside, overwrite: true);
            }
            catch (Exception again) when (again is IOException or UnauthorizedAccessException)
            {
                aside = "its place";
            }

            warn($"the peer store {path} cannot be read ({e.Message}); it is left in {aside}, and a new one is begun");
        }
    }

    /// <summary>A peer was met, at an address that this node dialled or that it came from, and can be reached at these addresses.</summary>
    internal void Met(PeerId peer, IEnumerable<Multiaddr> addresses, IPAddress? at, bool wasDialled) => Add(peer, addresses, known => known with
    {
        LastMet = time.GetUtcNow(),
        WasReached = known.WasReached || wasDialled,
        Network = NetworkOf(at),
    });

    /// <summary>A peer is said to be at these addresses; it was not met.</summary>
    internal void Heard(PeerId peer, IEnumerable<Multiaddr> addresses) => Add(peer, addresses, met: null);

    /// <summary>A peer is connected no longer: until now it was met.</summary>
    internal void Left(PeerId peer)
    {
        lock (gate)
        {
            if (peers.TryGetValue(peer, out var known) && known.LastMet is not null)
            {
                peers[peer] = known with { LastMet = time.GetUtcNow() };
                isDirty = true;
            }
        }
    }

    /// <summary>The addresses of a peer, the newest first.</summary>
    internal ImmutableArray<Multiaddr> Addresses(PeerId peer)
    {
        lock (gate)
        {
            return peers.TryGetValue(peer, out var known) ? known.Addresses : [];
        }
    }

    /// <summary>All known peers, those that this node reached before others, the latest met first.</summary>
    internal IReadOnlyList<KnownPeer> All()
    {
        lock (gate)
        {
            return [.. peers.Values.OrderByDescending(static it => it.WasReached).ThenByDescending(static it => it.LastMet)];
        }
    }

    /// <summary>Writes the file if anything changed.</summary>
    internal async Task SaveAsync()
    {
        if (path is null)
        {
            return;
        }

        await writing.WaitAsync();
        try
        {
            byte[] bytes;
            lock (gate)
            {
                if (!isDirty)
                {
                    return;
                }

                isDirty = false;
                bytes = Encode(peers.Values);
            }

            var temporary = path + ".tmp";
            await File.WriteAllBytesAsync(temporary, bytes);
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            isDirty = true;
            warn($"the peer store {path} cannot be written: {e.Message}");
        }
        finally
        {
            writing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await SaveAsync();
        writing.Dispose();
    }

    internal static byte[] Encode(IEnumerable<KnownPeer> peers)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("version", 1);
            json.WriteStartArray("peers");
            foreach (var peer in peers)
            {
                json.WriteStartObject();
                json.WriteString("id", peer.Id.Name);
                if (peer.LastMet is { } met)
                {
                    json.WriteNumber("lastMet", met.ToUnixTimeMilliseconds());
                    json.WriteBoolean("wasReached", peer.WasReached);
                    json.WriteString("network", peer.Network);
                }

                json.WriteStartArray("addresses");
                foreach (var address in peer.Addresses)
                {
                    json.WriteStringValue(address.ToString());
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    /// <exception cref="JsonException">Not a peer store.</exception>
    internal static IReadOnlyList<KnownPeer> Decode(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 8 });
            if (document.RootElement.GetProperty("version").GetInt32() != 1)
            {
                throw new JsonException("it is of another version");
            }

            return [.. document.RootElement.GetProperty("peers").EnumerateArray().Take(MostPeers).Select(Peer)];
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException or ArgumentOutOfRangeException)
        {
            throw new JsonException($"it is not a peer store: {e.Message}", e);
        }
    }

    private static KnownPeer Peer(JsonElement entry) => new(
        PeerIds.Parse(entry.GetProperty("id").GetString()) ?? throw new FormatException("a name that is no peer id"),
        [.. entry.GetProperty("addresses").EnumerateArray().Take(MostAddresses).Select(it => Multiaddr.Parse(it.GetString() ?? ""))],
        entry.TryGetProperty("lastMet", out var met) ? DateTimeOffset.FromUnixTimeMilliseconds(met.GetInt64()) : null,
        entry.TryGetProperty("wasReached", out var reached) && reached.GetBoolean(),
        entry.TryGetProperty("network", out var network) ? network.GetString() ?? "" : "");

    private static string NetworkOf(IPAddress? address)
    {
        var bytes = address is null ? [] : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).GetAddressBytes();
        return Convert.ToHexString(bytes.AsSpan(0, bytes.Length == 4 ? 3 : int.Min(bytes.Length, 6))); // a /24, or a /48
    }

    private void Add(PeerId peer, IEnumerable<Multiaddr> addresses, Func<KnownPeer, KnownPeer>? met)
    {
        var here = connected().ToHashSet(); // outside the lock: it takes another
        lock (gate)
        {
            var known = peers.TryGetValue(peer, out var found) ? found : new KnownPeer(peer, [], null);
            var usable = addresses.Where(it => it.IsDialable && (it.Peer ?? peer) == peer).Select(it => it.WithoutPeer()).Take(MostAddresses);
            var merged = (met is null ? known.Addresses.Concat(usable) : usable.Concat(known.Addresses)).Distinct().Take(MostAddresses).ToImmutableArray();
            peers[peer] = (met?.Invoke(known) ?? known) with { Addresses = merged };
            isDirty = true;
            if (peers.Count > MostPeers)
            {
                var crowds = peers.Values.CountBy(static it => it.Network).ToDictionary();
                peers.Remove(peers.Values.Where(it => it.Id == peer || !here.Contains(it.Id))
                    .MinBy(it => (it.WasReached, it.LastMet is not null, -crowds[it.Network], it.LastMet))!.Id);
            }
        }
    }
}

/// <summary>A peer of the store.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Addresses">Where it can be reached, without the id at the end; the newest first.</param>
/// <param name="LastMet">When it was last connected; null where it was only heard of.</param>
/// <param name="WasReached">Whether this node once dialled it, rather than only the other way round.</param>
/// <param name="Network">Where it was last met: the /24 (IPv4) or /48 (IPv6), in hexadecimal digits; empty where that is not known.</param>
internal sealed record KnownPeer(PeerId Id, ImmutableArray<Multiaddr> Addresses, DateTimeOffset? LastMet, bool WasReached = false, string Network = "");
