using System.Text;
using LuxTensor.Core.Peers;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Engine.Cluster;

/// <summary>A ban as one process of a node tells it to another.</summary>
public sealed record PeerBan(ulong Until, uint Bans, PeerFault Why)
{
    /// <summary>As an input.</summary>
    public PeerInput ToInput() => new PeerInput.BannedElsewhere(Until, Bans, Why);

    internal void Write(WireWriter writer) => writer.UInt64(Until).UInt32(Bans).UInt8((byte)Why);

    internal static PeerBan Read(ref WireReader reader) => new(reader.UInt64(), reader.UInt32(), PeerCodec.ReadFault(ref reader));
}

/// <summary>
/// What one process found out about a peer since its last report, added up: of any number of inputs some 300 bytes. Not
/// thread-safe.
/// </summary>
public sealed class PeerReport
{
    private const byte Version = 1;
    private const int MaxTextBytes = PeerRecord.MaxText * 4;
    private const int Merits = (int)PeerMerit.Answer + 1;
    private const int Faults = (int)PeerFault.ProtocolViolation + 1;

    private readonly uint[] merits = new uint[Merits];
    private readonly uint[] faults = new uint[Faults];
    private readonly uint[] refusedFrames = new uint[PeerLimits.Kinds];
    private readonly ulong[] refusedTokens = new ulong[PeerLimits.Kinds];
    private bool isMet;
    private ulong bytesIn, bytesOut;
    private (ulong Height, Hash256 Hash)? claimed, proven;

    /// <summary>Where the peer is, as a multiaddr; empty where that is not known.</summary>
    public string Address { get; set; } = "";

    /// <summary>The software it says it is.</summary>
    public string Agent { get; set; } = "";

    /// <summary>The ban that holds in the reporting process; null for none.</summary>
    public PeerBan? Ban { get; set; }

    /// <summary>Adds an input; what other processes found out is not reported back.</summary>
    public void Add(PeerInput input)
    {
        switch (input)
        {
            case PeerInput.Met:
                isMet = true;
                break;
            case PeerInput.Useful useful:
                merits[(int)useful.What] = Sum(merits[(int)useful.What], useful.Count);
                break;
            case PeerInput.Faulty faulty:
                faults[(int)faulty.What] = Sum(faults[(int)faulty.What], faulty.Count);
                break;
            case PeerInput.Refused refused:
                refusedFrames[(int)refused.Kind] = Sum(refusedFrames[(int)refused.Kind], refused.Frames);
                refusedTokens[(int)refused.Kind] += refused.Tokens;
                break;
            case PeerInput.Traffic traffic:
                (bytesIn, bytesOut) = (bytesIn + traffic.BytesIn, bytesOut + traffic.BytesOut);
                break;
            case PeerInput.Claimed claim:
                claimed = (claim.Height, claim.Hash);
                break;
            case PeerInput.Proved proof:
                Prove(proof.Height, proof.Hash);
                break;
            default:
                break;
        }
    }

    /// <summary>What was reported, as inputs for the machine; the ban last, so that its own judgement comes first.</summary>
    public IEnumerable<PeerInput> ToInputs()
    {
        if (isMet)
        {
            yield return new PeerInput.Met();
        }

        if (bytesIn > 0 || bytesOut > 0)
        {
            yield return new PeerInput.Traffic(bytesIn, bytesOut);
        }

        for (var merit = 0; merit < Merits; merit++)
        {
            if (merits[merit] > 0)
            {
                yield return new PeerInput.Useful((PeerMerit)merit, merits[merit]);
            }
        }

        if (claimed is var (claimedHeight, claimedHash))
        {
            yield return new PeerInput.Claimed(claimedHeight, claimedHash);
        }

        if (proven is var (height, hash))
        {
            yield return new PeerInput.Proved(height, hash);
        }

        for (var kind = 0; kind < PeerLimits.Kinds; kind++)
        {
            if (refusedFrames[kind] > 0)
            {
                yield return new PeerInput.Refused((MessageKind)kind, refusedFrames[kind], refusedTokens[kind]);
            }
        }

        for (var fault = 0; fault < Faults; fault++)
        {
            if (faults[fault] > 0)
            {
                yield return new PeerInput.Faulty((PeerFault)fault, faults[fault]);
            }
        }

        if (Ban is { } ban)
        {
            yield return ban.ToInput();
        }
    }

    /// <summary>Version (1), a flag, the counts of merits, faults and refusals, traffic, claim, proof and ban where there are any, address, agent.</summary>
    public byte[] Encode()
    {
        var writer = new WireWriter(512).UInt8(Version).Flag(isMet);
        foreach (var count in (ReadOnlySpan<uint>)[.. merits, .. faults, .. refusedFrames])
        {
            writer.UInt32(count);
        }

        foreach (var tokens in refusedTokens)
        {
            writer.UInt64(tokens);
        }

        writer.UInt64(bytesIn).UInt64(bytesOut);
        WritePoint(writer, claimed);
        WritePoint(writer, proven);
        writer.Flag(Ban is not null);
        Ban?.Write(writer);
        return writer.LengthPrefixed(Encoding.UTF8.GetBytes(PeerRecord.Bounded(Address))).LengthPrefixed(Encoding.UTF8.GetBytes(PeerRecord.Bounded(Agent))).ToArray();
    }

    /// <summary>Reads what <see cref="Encode"/> wrote; null where it is anything else.</summary>
    public static PeerReport? Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes);
        if (reader.UInt8() != Version)
        {
            return null;
        }

        var report = new PeerReport { isMet = reader.Flag() };
        foreach (var counts in (uint[][])[report.merits, report.faults, report.refusedFrames])
        {
            for (var i = 0; i < counts.Length; i++)
            {
                counts[i] = reader.UInt32();
            }
        }

        for (var i = 0; i < PeerLimits.Kinds; i++)
        {
            report.refusedTokens[i] = reader.UInt64();
        }

        (report.bytesIn, report.bytesOut) = (reader.UInt64(), reader.UInt64());
        report.claimed = ReadPoint(ref reader);
        report.proven = ReadPoint(ref reader);
        report.Ban = reader.Flag() ? PeerBan.Read(ref reader) : null;
        report.Address = Encoding.UTF8.GetString(reader.LengthPrefixed(MaxTextBytes));
        report.Agent = Encoding.UTF8.GetString(reader.LengthPrefixed(MaxTextBytes));
        return reader.End() ? report : null;
    }

    private static uint Sum(uint a, uint b) => (uint)ulong.Min((ulong)a + b, uint.MaxValue);

    private static void WritePoint(WireWriter writer, (ulong Height, Hash256 Hash)? point)
    {
        writer.Flag(point is not null);
        if (point is var (height, hash))
        {
            writer.UInt64(height).Hash(hash);
        }
    }

    private static (ulong, Hash256)? ReadPoint(ref WireReader reader) => reader.Flag() ? (reader.UInt64(), reader.Hash()) : null;

    private void Prove(ulong height, Hash256 hash)
    {
        if (proven is not { } known || height > known.Height)
        {
            proven = (height, hash);
        }
    }
}

/// <summary>What all that a node's processes reported of a peer comes to (PEE-12).</summary>
/// <param name="Reputation">In thousandths.</param>
/// <param name="Ban">The ban that holds, or null.</param>
public sealed record PeerVerdict(uint Reputation, PeerBan? Ban)
{
    /// <summary>That of a state.</summary>
    public static PeerVerdict Of(PeerState state, ulong now) =>
        new(state.Reputation, state.IsBanned(now) ? new PeerBan(state.BannedUntil, state.Bans, state.BanReason) : null);

    /// <summary>As inputs for another process.</summary>
    public IEnumerable<PeerInput> ToInputs() => Ban is { } ban ? [new PeerInput.Rated(Reputation), ban.ToInput()] : [new PeerInput.Rated(Reputation)];

    /// <summary>Reputation (4), a flag, and the ban where there is one.</summary>
    public byte[] Encode()
    {
        var writer = new WireWriter(32).UInt32(Reputation).Flag(Ban is not null);
        Ban?.Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads what <see cref="Encode"/> wrote; null where it is anything else.</summary>
    public static PeerVerdict? Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes);
        var verdict = new PeerVerdict(reader.UInt32(), reader.Flag() ? PeerBan.Read(ref reader) : null);
        return reader.End() ? verdict : null;
    }
}
