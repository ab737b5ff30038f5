namespace LuxTensor.Core.Peers;

/// <summary>What an operator chooses about how peers are judged; null is the default of <see cref="PeerSettings"/>.</summary>
public sealed record PeerChoices
{
    /// <summary>At or below this reputation a peer is banned; points, 0 to 100.</summary>
    public uint? BanAt { get; init; }

    /// <summary>With this reputation a peer comes back from a ban; points, above <see cref="BanAt"/>.</summary>
    public uint? ReadmittedWith { get; init; }

    /// <summary>How long reputation takes to move a point towards the middle; milliseconds.</summary>
    public ulong? DecayPoint { get; init; }

    /// <summary>The first ban, milliseconds; each further one is twice as long.</summary>
    public ulong? FirstBan { get; init; }

    /// <summary>The longest ban, milliseconds.</summary>
    public ulong? LongestBan { get; init; }

    /// <summary>Per cent, 50 at least, of what a peer may usually send of each kind (<see cref="PeerLimits.For"/>).</summary>
    public int LimitPercent { get; init; } = 100;

    /// <summary>The settings that follow for a chain.</summary>
    public PeerSettings For(ChainRules chain)
    {
        var usual = new PeerSettings { Limits = PeerLimits.For(chain, LimitPercent) };
        return usual with
        {
            Threshold = BanAt * Peer.Point ?? usual.Threshold,
            Readmitted = ReadmittedWith * Peer.Point ?? usual.Readmitted,
            DecayStep = DecayPoint / Peer.Point ?? usual.DecayStep,
            FirstBan = FirstBan ?? usual.FirstBan,
            LongestBan = LongestBan ?? usual.LongestBan,
        };
    }
}
