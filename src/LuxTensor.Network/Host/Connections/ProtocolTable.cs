using System.Collections.Immutable;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>The protocols that this node serves, and how many streams of each a peer has open. Thread-safe.</summary>
internal sealed class ProtocolTable
{
    private readonly Lock gate = new();
    private readonly Dictionary<(PeerId, string), int> open = []; // bounded by the connections' limits
    private ImmutableDictionary<string, Served> served = ImmutableDictionary.Create<string, Served>(StringComparer.Ordinal);

    internal IEnumerable<string> Names => Volatile.Read(ref served).Keys.Order(StringComparer.Ordinal);

    internal bool Speaks(string protocol) => Volatile.Read(ref served).ContainsKey(protocol);

    internal void Add(string protocol, int mostPerPeer, Func<IPeerStream, CancellationToken, Task> handler) =>
        ImmutableInterlocked.Update(ref served, static (table, entry) => table.SetItem(entry.protocol, entry.Item2), (protocol, new Served(mostPerPeer, handler)));

    /// <summary>Serves a stream to its end; false where the peer has too many of the protocol open.</summary>
    internal async Task<bool> TryServeAsync(IPeerStream stream, CancellationToken cancellation)
    {
        var entry = Volatile.Read(ref served)[stream.Protocol];
        var key = (stream.Peer, stream.Protocol);
        lock (gate)
        {
            var count = open.GetValueOrDefault(key);
            if (count >= entry.MostPerPeer)
            {
                return false;
            }

            open[key] = count + 1;
        }

        try
        {
            await entry.Handler(stream, cancellation);
            return true;
        }
        finally
        {
            lock (gate)
            {
                var count = open[key] - 1;
                if (count == 0)
                {
                    open.Remove(key);
                }
                else
                {
                    open[key] = count;
                }
            }
        }
    }

    private sealed record Served(int MostPerPeer, Func<IPeerStream, CancellationToken, Task> Handler);
}
