using LuxTensor.Core.Wire;

namespace LuxTensor.Core.Sync;

/// <summary>What an operator chooses about catching up; null is what suits the chain (<see cref="SyncRules.For"/>).</summary>
public sealed record SyncChoices
{
    /// <summary>Peers that are asked for blocks at once.</summary>
    public int? Peers { get; init; }

    /// <summary>Headers or blocks of one request, at most <see cref="WireLimits.MaxBlocksPerMessage"/>.</summary>
    public int? RequestBlocks { get; init; }

    /// <summary>An answer that takes longer does not come; milliseconds.</summary>
    public ulong? Timeout { get; init; }

    /// <summary>Failures in a row after which a peer is left alone for a while.</summary>
    public int? Tries { get; init; }

    /// <summary>Bytes of downloaded blocks that wait for those below them.</summary>
    public long? CacheBytes { get; init; }

    /// <summary>The rules that follow for a chain.</summary>
    public SyncRules For(ChainRules chain)
    {
        var usual = SyncRules.For(chain);
        var timeout = Timeout ?? usual.Timeout;
        return usual with
        {
            Peers = Peers ?? usual.Peers,
            RequestBlocks = RequestBlocks ?? usual.RequestBlocks,
            Timeout = timeout,
            Patience = timeout / 6,
            Tries = Tries ?? usual.Tries,
            CacheBytes = CacheBytes ?? usual.CacheBytes,
        };
    }
}
