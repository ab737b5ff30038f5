using LuxTensor.Core.Consensus;

namespace LuxTensor.Engine;

/// <summary>Tells applications when the node begins and ends catching up. A few blocks behind is everyday, not catching up; what a peer merely claims counts for nothing.</summary>
internal sealed class SyncWatch(Action<Notice> notify)
{
    private const ulong Behind = 4;

    private ulong? starting;
    private ulong told;

    public void Look(ChainState chain)
    {
        var current = chain.Tree.Root.Height;
        if (starting is null && chain.ProvenHeight > current + Behind)
        {
            starting = told = current;
            notify(new Notice.Syncing(true, current, current, chain.ProvenHeight));
        }
        else if (starting is { } from && chain.ProvenHeight <= current)
        {
            starting = null;
            notify(new Notice.Syncing(false, from, current, current));
        }
        else if (starting is { } since && current >= told + Core.Wire.WireLimits.MaxBlocksPerMessage)
        {
            told = current;
            notify(new Notice.Syncing(true, since, current, chain.ProvenHeight));
        }
    }
}
