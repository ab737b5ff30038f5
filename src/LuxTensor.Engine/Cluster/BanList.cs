using System.Text;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Wire;

namespace LuxTensor.Engine.Cluster;

/// <summary>
/// The bans that hold in a node, in the order in which they came to be known, so that each process asks only for what is new.
/// Bounded; not thread-safe.
/// </summary>
/// <param name="life">A number of this list's own: whoever knew another one is told everything.</param>
public sealed class BanList(ulong life)
{
    /// <summary>Most bans that are kept; of more, those that end first are dropped.</summary>
    public const int Most = 8_192;

    private const int MaxNameBytes = 1_024;

    private readonly Dictionary<PeerId, (PeerBan Ban, ulong Number)> bans = [];
    private ulong newest;

    /// <summary>Adds a ban; a shorter one than is known changes nothing.</summary>
    public void Add(PeerId peer, PeerBan ban, ulong now)
    {
        if (ban.Until <= now || (bans.TryGetValue(peer, out var known) && known.Ban.Until >= ban.Until))
        {
            return;
        }

        bans[peer] = (ban, ++newest);
        if (bans.Count > Most)
        {
            bans.Remove(bans.MinBy(static it => it.Value.Ban.Until).Key);
        }
    }

    /// <summary>The bans after a number that this list gave out; all of them where it was another list.</summary>
    public byte[] Since(ulong itsLife, ulong number, ulong now)
    {
        foreach (var (peer, (ban, _)) in bans)
        {
            if (ban.Until <= now)
            {
                bans.Remove(peer);
            }
        }

        var from = itsLife == life ? number : 0;
        var writer = new WireWriter(64).UInt64(life).UInt64(newest);
        foreach (var (peer, (ban, _)) in bans.Where(it => it.Value.Number > from))
        {
            writer.LengthPrefixed(Encoding.UTF8.GetBytes(peer.Name));
            ban.Write(writer);
        }

        return writer.ToArray();
    }

    /// <summary>Reads what <see cref="Since"/> gave; null where it is anything else.</summary>
    public static (ulong Life, ulong Number, IReadOnlyList<(PeerId Peer, PeerBan Ban)> Bans)? Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes);
        var (life, number) = (reader.UInt64(), reader.UInt64());
        var bans = new List<(PeerId, PeerBan)>();
        while (reader.Fault == WireFault.None && reader.Remaining > 0)
        {
            bans.Add((new PeerId(Encoding.UTF8.GetString(reader.LengthPrefixed(MaxNameBytes))), PeerBan.Read(ref reader)));
        }

        return reader.End() ? (life, number, bans) : null;
    }
}
