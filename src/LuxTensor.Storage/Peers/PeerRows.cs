using System.Text;
using LuxTensor.Core.Consensus;
using LuxTensor.Engine;

namespace LuxTensor.Storage;

/// <summary>A peer's record as the rows of both databases hold it.</summary>
internal static class PeerRows
{
    /// <summary>Longest id, in characters; a libp2p id has about 50. One that is longer is not stored.</summary>
    internal const int MaxIdLength = 256;

    internal static bool IsStorable(PeerId peer) => peer.Name is { Length: > 0 and <= MaxIdLength } && !peer.Name.Contains('\0', StringComparison.Ordinal);

    internal static long BannedUntil(PeerRecord record) => (long)ulong.Min(record.State.BannedUntil, long.MaxValue);

    internal static long LastContact(PeerRecord record) => (long)ulong.Min(record.State.LastContact, long.MaxValue);

    internal static long SumOf(string id, ReadOnlySpan<byte> record) => RowSum.Of(RowKind.Peer, record.Length, 0, Encoding.UTF8.GetBytes(id), record);

    /// <summary>The record of a row; null where it is not what was stored, which costs no more than a stranger's reputation.</summary>
    internal static PeerRecord? Read(string id, ReadOnlySpan<byte> record, long sum) => sum == SumOf(id, record) ? PeerRecord.Decode(new PeerId(id), record) : null;
}
