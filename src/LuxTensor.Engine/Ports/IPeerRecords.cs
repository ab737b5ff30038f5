using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Core.Wire;

namespace LuxTensor.Engine;

/// <summary>What a node remembers of its peers over a restart: reputation and bans, what they proved, and where they were. Thread-safe.</summary>
public interface IPeerRecords
{
    /// <summary>
    /// The records, those that are banned first and then those heard of last, at most so many. One that cannot be read any more
    /// is left out: losing it costs little.
    /// </summary>
    /// <exception cref="JournalException">The store cannot be read.</exception>
    Task<IReadOnlyList<PeerRecord>> LoadAsync(int most, CancellationToken cancellation);

    /// <summary>One record, or null.</summary>
    /// <exception cref="JournalException">The store cannot be read.</exception>
    Task<PeerRecord?> FindAsync(PeerId peer, CancellationToken cancellation);

    /// <summary>Stores records in the place of those that were there, and deletes those of others, in one step.</summary>
    /// <exception cref="JournalException">The store cannot be written; nothing is stored.</exception>
    Task SaveAsync(IReadOnlyCollection<PeerRecord> batch, IReadOnlyCollection<PeerId> forgotten, CancellationToken cancellation);

    /// <summary>Keeps so many records, those that <see cref="LoadAsync"/> gives first, and deletes the rest.</summary>
    /// <exception cref="JournalException">The store cannot be written.</exception>
    Task TrimAsync(int most, CancellationToken cancellation);
}

/// <summary>What is remembered of a peer.</summary>
/// <param name="Id">The peer.</param>
/// <param name="Address">Where it was reached last, as a multiaddr; empty where that is not known.</param>
/// <param name="Agent">The software it last said it is.</param>
/// <param name="State">What its behaviour came to.</param>
public sealed record PeerRecord(PeerId Id, string Address, string Agent, PeerState State)
{
    /// <summary>Longest address and agent, in characters.</summary>
    public const int MaxText = 256;

    private const int MaxTextBytes = MaxText * 4;

    /// <summary>Everything but the id, as bytes: the state (<see cref="PeerCodec"/>), then address and agent.</summary>
    public byte[] Encode()
    {
        var writer = new WireWriter();
        PeerCodec.Write(writer, State);
        return writer.LengthPrefixed(System.Text.Encoding.UTF8.GetBytes(Bounded(Address))).LengthPrefixed(System.Text.Encoding.UTF8.GetBytes(Bounded(Agent))).ToArray();
    }

    /// <summary>Reads what <see cref="Encode"/> wrote; null where it is anything else.</summary>
    public static PeerRecord? Decode(PeerId id, ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes);
        var state = PeerCodec.Read(ref reader);
        var address = System.Text.Encoding.UTF8.GetString(reader.LengthPrefixed(MaxTextBytes));
        var agent = System.Text.Encoding.UTF8.GetString(reader.LengthPrefixed(MaxTextBytes));
        return reader.End() ? new PeerRecord(id, address, agent, state) : null;
    }

    /// <summary>What a peer says of itself, short enough to keep and without what a terminal would take for a command.</summary>
    public static string Bounded(string text)
    {
        var kept = text.Length > MaxText ? text[..MaxText] : text;
        return kept.Any(static character => char.IsControl(character) || char.IsSurrogate(character))
            ? string.Concat(kept.Select(static character => char.IsControl(character) || char.IsSurrogate(character) ? '?' : character))
            : kept;
    }
}
