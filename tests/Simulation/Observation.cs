using LuxTensor.Core.Consensus;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Finality;

namespace LuxTensor.Tests.Simulation;

/// <summary>Counts what a turn did that not every run does.</summary>
internal static class Observation
{
    public static void Note(Coverage coverage, ChainState before, ChainState after)
    {
        coverage.Reach(Seen.HighestRound, after.Round);
        coverage.Reach(Seen.DeepestRunAhead, (long)(after.Tree.Head.Height - after.Tree.Root.Height));
        if (after.Awaited is not null && before.Awaited is null)
        {
            coverage.Add(Seen.AwaitedBlocks);
        }

        if (after.Orphans.Count > before.Orphans.Count)
        {
            coverage.Add(Seen.OrphansHeld);
        }

        if (after.Height > before.Height + 1)
        {
            coverage.Add(Seen.SyncsByFinalBlocks);
        }

        if (after.Height != before.Height)
        {
            return;
        }

        if (after.Round > before.Round)
        {
            coverage.Add(Seen.RoundsChanged);
            if (after.Locked is { } carried && carried.Round < after.Round)
            {
                coverage.Add(Seen.LocksCarriedOver);
            }
        }

        if (before.Locked is { } old && after.Locked is { } now && old.Block != now.Block)
        {
            coverage.Add(Seen.Unlocks);
        }
    }
}

/// <summary>Memory that must not grow with what peers send. Each bound follows from a limit that the core states.</summary>
internal static class Bounds
{
    private const int WindowRounds = (int)(FinalityState.Ahead + FinalityState.Behind + 1);

    /// <summary>Inputs that one undecided height may leave in the journal: votes of every round and phase, and as much again for the rest.</summary>
    private const int JournalInputs = 20_000;

    /// <summary>What the embedded host's mailbox holds.</summary>
    private const int Mailbox = 16_384;

    /// <summary>A journal's pool may be one turn ahead of the published one.</summary>
    private const int TransactionsAhead = 8;

    public static void Check(SimulatedNode node)
    {
        var state = node.View;
        var chain = state.Chain;
        Demand(node, "orphans", chain.Orphans.Count, ChainState.MaxOrphans);
        Demand(node, "blocks in the tree", chain.Tree.Count, ChainState.TreeCapacity(chain.Rules));
        Demand(node, "heights with votes", state.Heights.Count, (int)chain.Rules.RunAhead + 3);
        Demand(node, "proposals", chain.Proposals.Count, WindowRounds);
        Demand(node, "requests to sign", chain.Asked.Length, 3 * chain.Local.Length * ((int)chain.Rules.RunAhead + 2));
        Demand(node, "standing votes", chain.Standing.Length, 4 * chain.Local.Length);
        Demand(node, "proposals ahead", chain.AheadProposals.Count, ChainState.TreeCapacity(chain.Rules));
        Demand(node, "own blocks", chain.Building.Length, (2 * chain.Local.Length) + 1);
        Demand(node, "peers that claim to be ahead", state.Sync.Peers.Count, SyncState.MaxPeers);
        Demand(node, "headers ahead", state.Sync.Headers.Count, state.Sync.Rules.HeadersAhead);
        Demand(node, "downloaded blocks", state.Sync.Blocks.Count, state.Sync.Headers.Count);
        Demand(node, "bytes of downloaded blocks", state.Sync.BlockBytes, state.Sync.Rules.CacheBytes + (state.Sync.Rules.Peers * (8L << 20)));
        Demand(node, "sets ahead", state.Sync.Sets.Count, (int)(((ulong)state.Sync.Headers.Count / chain.Rules.EpochLength) + 2));
        Demand(node, "bytes of transactions", state.Pool.Bytes, state.Pool.Limits.MaxBytes);
        Demand(node, "transactions stored", node.Journal.PoolCount, state.Pool.Count + TransactionsAhead);
        Demand(node, "inputs that wait", node.MailCount, Mailbox);
        Demand(node, "timers", node.TimerCount, 64);
        Demand(node, "inputs in the journal", node.Journal.InputCount, JournalInputs);
        foreach (var height in state.Heights.Values)
        {
            if (height.Tallies.Keys.Any(place => place.Round > height.Round + (ulong)FinalityState.Ahead || place.Round + (ulong)FinalityState.Behind < height.Round))
            {
                throw new ViolationException(Rule.MemoryIsBounded, $"{node.Name} holds votes of rounds that are far from {height.Round} at height {height.Height}");
            }

            Demand(node, "tallies of a height", height.Tallies.Count, 3 * WindowRounds);
            Demand(node, "rounds seen of a height", height.LatestRounds.Count, height.Set.Validators.Length);
            Demand(node, "conflicts of a height", height.Conflicts.Count, height.Set.Validators.Length);
        }
    }

    private static void Demand(SimulatedNode node, string what, long count, long limit)
    {
        if (count > limit)
        {
            throw new ViolationException(Rule.MemoryIsBounded, $"{node.Name} holds {count} {what}, at most {limit} are allowed");
        }
    }
}
