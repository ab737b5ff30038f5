namespace LuxTensor.Core.Peers;

/// <summary>A setting that is out of its range.</summary>
public sealed record PeerSettingFault(string Name, decimal Value, decimal Least, decimal Most)
{
    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Name} is {Value}: choose {Least} to {Most}");
}

/// <summary>
/// How a node judges its peers. Each node's own choice: nothing here need be alike on two nodes. Reputations and what changes
/// them are in thousandths of a point, durations in milliseconds.
/// </summary>
public sealed record PeerSettings
{
    /// <summary>Of whom nothing is known, and where reputation returns to.</summary>
    public const uint Neutral = 50 * Peer.Point;

    /// <summary>What a peer may send.</summary>
    public required PeerLimits Limits { get; init; }

    /// <summary>At or below this a peer is banned.</summary>
    public uint Threshold { get; init; } = 20 * Peer.Point;

    /// <summary>With this a peer comes back from a ban.</summary>
    public uint Readmitted { get; init; } = 35 * Peer.Point;

    /// <summary>How long reputation takes to move one thousandth towards the middle: 60 is a point a minute.</summary>
    public ulong DecayStep { get; init; } = 60;

    /// <summary>The first ban.</summary>
    public ulong FirstBan { get; init; } = 10 * 60_000;

    /// <summary>The longest ban; also how long nobody dials a peer with another genesis.</summary>
    public ulong LongestBan { get; init; } = 24 * 3_600_000;

    /// <summary>So long after a ban the next one is a first one again.</summary>
    public ulong BansForgotten { get; init; } = 30UL * 24 * 3_600_000;

    /// <summary>In this time refusals add up to a fault, or are forgotten.</summary>
    public ulong ExcessWindow { get; init; } = 10_000;

    /// <summary>What one useful thing adds (PEE-3).</summary>
    public static uint GainOf(PeerMerit merit) => merit switch
    {
        PeerMerit.Vote or PeerMerit.Transaction => 1,
        PeerMerit.Certificate or PeerMerit.Evidence => 10,
        PeerMerit.Block => 50,
        PeerMerit.Answer => 100,
        _ => throw new ArgumentOutOfRangeException(nameof(merit)),
    };

    /// <summary>What one fault takes (PEE-4). Whoever did what no honest node can do is banned at once, whatever it did before.</summary>
    public static uint CostOf(PeerFault fault) => Peer.Point * fault switch
    {
        PeerFault.ForgedCertificate or PeerFault.WrongGenesis => 100,
        PeerFault.WrongBody => 60, // a damaged disk sends one, too
        PeerFault.InvalidSignature => 25,
        PeerFault.LiedAboutHeight => 20,
        PeerFault.ProtocolViolation => 15,
        PeerFault.InvalidFrame or PeerFault.DrippingAnswer => 10,
        PeerFault.LimitsExceeded => 8,
        PeerFault.UnsolicitedAnswer => 5,
        PeerFault.NoAnswer => 2u, // four at once where a peer only paused
        PeerFault.LateAnswer => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    };

    /// <summary>The first setting that is out of its range, or null.</summary>
    public PeerSettingFault? Check()
    {
        static PeerSettingFault? Range(string name, ulong value, ulong least, ulong most) =>
            value >= least && value <= most ? null : new PeerSettingFault(name, value, least, most);

        const ulong Year = 366UL * 24 * 3_600_000;
        return Range(nameof(Threshold), Threshold, 0, Neutral - 1)
            ?? Range(nameof(Readmitted), Readmitted, Threshold + 1, Neutral)
            ?? Range(nameof(DecayStep), DecayStep, 1, 3_600_000)
            ?? Range(nameof(FirstBan), FirstBan, 1, Year)
            ?? Range(nameof(LongestBan), LongestBan, FirstBan, Year)
            ?? Range(nameof(BansForgotten), BansForgotten, 0, 10 * Year)
            ?? Range(nameof(ExcessWindow), ExcessWindow, 1, 3_600_000)
            ?? Limits.Check();
    }
}
