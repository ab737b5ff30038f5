using LuxTensor.Core;
using LuxTensor.Core.Peers;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Wire;

namespace LuxTensor.Hosting.Configuration;

/// <summary>
/// The sections that every settings file may have, about what a node puts up with.
/// <code>
/// "pool": { "bytes": 67108864, "perSender": 256 },  // transactions that wait
/// "sync": {                                         // how a late node catches up
///   "peers": 4, "requestBlocks": 128, "tries": 3, "cacheBytes": 67108864,
///   "timeout": "30s",                               // four rounds of the chain's, at most 30 s, unless given
/// },
/// "peers": {                                        // how peers are judged: reputations from 0 to 100, which begin with 50
///   "banAt": 20, "readmittedWith": 35, "decayPoint": "1m", "firstBan": "10m", "longestBan": "24h",
///   "limitPercent": 100,                            // of what a peer may usually send
/// },
/// </code>
/// </summary>
internal static class Choices
{
    private const uint Neutral = PeerSettings.Neutral / Peer.Point;

    private static readonly TimeSpan Year = TimeSpan.FromDays(366);

    /// <summary>The section "pool".</summary>
    internal static MempoolLimits Pool(Section root)
    {
        var section = root.Inner("pool");
        var limits = new MempoolLimits(
            (long)(section.Integer("bytes", 1 << 20, 1UL << 40) ?? 64UL << 20), (int)(section.Integer("perSender", 1, 65_536) ?? 256));
        section.End();
        return limits;
    }

    /// <summary>The section "sync".</summary>
    internal static SyncChoices Sync(Section root)
    {
        var section = root.Inner("sync");
        var choices = new SyncChoices
        {
            Peers = (int?)section.Integer("peers", 1, 64),
            RequestBlocks = (int?)section.Integer("requestBlocks", 1, WireLimits.MaxBlocksPerMessage),
            Timeout = Milliseconds(section.Time("timeout", TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(30))),
            Tries = (int?)section.Integer("tries", 1, 100),
            CacheBytes = (long?)section.Integer("cacheBytes", 1 << 20, 1UL << 40),
        };
        section.End();
        return choices;
    }

    /// <summary>The section "peers".</summary>
    internal static PeerChoices Peers(Section root)
    {
        var section = root.Inner("peers");
        var choices = new PeerChoices
        {
            BanAt = (uint?)section.Integer("banAt", 0, Neutral - 1),
            ReadmittedWith = (uint?)section.Integer("readmittedWith", 1, Neutral),
            DecayPoint = Milliseconds(section.Time("decayPoint", TimeSpan.FromSeconds(1), TimeSpan.FromHours(24))),
            FirstBan = Milliseconds(section.Time("firstBan", TimeSpan.FromSeconds(1), Year)),
            LongestBan = Milliseconds(section.Time("longestBan", TimeSpan.FromSeconds(1), Year)),
            LimitPercent = (int)(section.Integer("limitPercent", 50, 10_000) ?? 100),
        };
        var settings = choices.For(new ChainRules { ChainId = 1 }); // what is compared is alike on every chain
        if (settings.Readmitted <= settings.Threshold)
        {
            section.Wrong(choices.ReadmittedWith is null ? "banAt" : "readmittedWith", $"must leave peers.readmittedWith above peers.banAt, {settings.Threshold / Peer.Point}: who comes back would be banned at once");
        }

        if (settings.LongestBan < settings.FirstBan)
        {
            section.Wrong(choices.LongestBan is null ? "firstBan" : "longestBan", $"must leave peers.longestBan at or above peers.firstBan, {Duration.Format(settings.FirstBan)}");
        }

        section.End();
        return choices;
    }

    private static ulong? Milliseconds(TimeSpan? time) => (ulong?)time?.TotalMilliseconds;
}
