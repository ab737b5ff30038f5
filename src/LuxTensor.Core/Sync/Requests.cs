using LuxTensor.Core.Consensus;

namespace LuxTensor.Core.Sync;

/// <summary>Who is asked for what, and what becomes of whoever fails (SYN-3 to SYN-5).</summary>
internal static class Requests
{
    private const int LongestRest = 10; // timeouts
    private const ulong LeastShare = 16; // blocks: fewer are not worth another request
    private const ulong Trial = 4; // one request of so many is no matter of who answered before

    /// <summary>Closes a peer's request. False where it was not asked for this.</summary>
    public static bool Answered(SyncTurn turn, PeerId from, SyncPart part, SyncFault? fault)
    {
        if (!turn.State.Peers.TryGetValue(from, out var peer) || peer.Request is not { } request || request.Part != part)
        {
            turn.Effects.Add(new SyncEffect.Blame(from, SyncFault.Unsolicited));
            return false;
        }

        if (fault is SyncFault.Nothing)
        {
            Fail(turn, from, peer with { Claimed = ulong.Min(peer.Claimed, request.From - 1) }, SyncFault.Nothing);
        }
        else if (fault is { } why)
        {
            Fail(turn, from, peer, why);
        }
        else
        {
            turn.Set(from, peer with { Request = null, Failures = 0, Served = true });
        }

        return true;
    }

    /// <summary>SYN-5: what was not answered in time counts as failed. After a clock that was set back nobody knows, so it does too.</summary>
    public static void Expire(SyncTurn turn)
    {
        foreach (var (id, peer) in InOrder(turn.State))
        {
            if (peer.Request is { } request && Age(turn, request) >= turn.State.Rules.Timeout)
            {
                Fail(turn, id, peer, SyncFault.NoAnswer);
            }
        }
    }

    /// <summary>SYN-3, SYN-4: asks whoever is free: one peer for headers, up to <see cref="SyncRules.Peers"/> for blocks.</summary>
    public static void Ask(SyncTurn turn)
    {
        if (turn.State.Claimed <= turn.FinalHeight && turn.State.Headers.IsEmpty)
        {
            return; // nobody claims to be ahead
        }

        AskForHeaders(turn);
        AskForBlocks(turn);
        WakeLater(turn);
    }

    private static void AskForHeaders(SyncTurn turn)
    {
        var room = turn.State.Rules.HeadersAhead - turn.State.Headers.Count;
        if (room < int.Min(turn.State.Rules.RequestBlocks, turn.State.Rules.HeadersAhead) || turn.State.Peers.Values.Any(peer => IsFresh(turn, peer.Request, SyncPart.Headers)))
        {
            return;
        }

        var from = turn.Top + 1;
        if (Free(turn, from) is { } peer)
        {
            var count = (int)ulong.Min((ulong)turn.State.Rules.RequestBlocks, turn.State.Peers[peer].Claimed - turn.Top);
            Send(turn, peer, SyncPart.Headers, from, count);
        }
    }

    private static void AskForBlocks(SyncTurn turn)
    {
        var at = turn.FinalHeight + turn.Delivered + 1;
        while (turn.State.Peers.Values.Count(peer => IsFresh(turn, peer.Request, SyncPart.Blocks)) < turn.State.Rules.Peers)
        {
            while (at <= turn.Top && (turn.State.Blocks.ContainsKey(at) || IsComing(turn, at)))
            {
                at++;
            }

            var isLowest = !turn.State.Blocks.Keys.Any(height => height < at);
            if (at > turn.Top || (!isLowest && turn.State.BlockBytes >= turn.State.Rules.CacheBytes) || Free(turn, at) is not { } peer)
            {
                return;
            }

            var last = ulong.Min(turn.State.Peers[peer].Claimed, turn.Top);
            var most = (ulong)turn.State.Rules.RequestBlocks;
            var share = ulong.Clamp((turn.Top - at) / (ulong)turn.State.Rules.Peers, ulong.Min(LeastShare, most), most);
            var count = 1;
            while ((ulong)count < share && at + (ulong)count <= last
                && !turn.State.Blocks.ContainsKey(at + (ulong)count) && !IsComing(turn, at + (ulong)count))
            {
                count++;
            }

            Send(turn, peer, SyncPart.Blocks, at, count);
            at += (ulong)count;
        }
    }

    /// <summary>
    /// SYN-5: the peer to ask for a height, of those that neither rest nor are asked: who answered comes first, then who waits longest. Every
    /// fourth request goes by the wait alone: newcomers without end cost little, and whoever answers badly keeps nobody from being tried.
    /// </summary>
    private static PeerId? Free(SyncTurn turn, ulong height)
    {
        var isTrial = turn.State.Requests % Trial == 1; // from the second request on
        var free = InOrder(turn.State)
            .Where(entry => entry.Peer.Request is null && entry.Peer.Claimed >= height && !IsResting(turn, entry.Peer))
            .OrderByDescending(entry => entry.Peer.Served && !isTrial).ThenBy(static entry => entry.Peer.Turn).ToArray();
        return free.Length == 0 ? null : free[0].Id;
    }

    private static void Send(SyncTurn turn, PeerId id, SyncPart part, ulong from, int count)
    {
        var number = turn.State.Requests + 1;
        turn.State = turn.State with { Requests = number };
        turn.Set(id, turn.State.Peers[id] with { Request = new SyncRequest(part, from, count, turn.Now), Turn = number });
        turn.Effects.Add(new SyncEffect.Ask(id, part == SyncPart.Headers ? new Message.GetBlockHeaders(from, count) : new Message.GetBlocks(from, count)));
    }

    /// <summary>SYN-5: whoever fails rests, a little at first and for whole timeouts after <see cref="SyncRules.Tries"/> failures in a row.</summary>
    private static void Fail(SyncTurn turn, PeerId id, SyncPeer peer, SyncFault fault)
    {
        var rules = turn.State.Rules;
        var failures = peer.Failures + 1;
        var rest = failures < rules.Tries
            ? rules.Patience * (ulong)failures
            : rules.Timeout * (ulong)int.Min(failures - rules.Tries + 1, LongestRest);
        turn.State = turn.State with { Retried = turn.State.Retried + 1 };
        turn.Set(id, peer with { Request = null, Failures = failures, Served = false, RestsUntil = turn.Now + rest });
        turn.Effects.Add(new SyncEffect.Blame(id, fault));
    }

    /// <summary>Wakes itself while it waits for anybody, so that time is noticed.</summary>
    private static void WakeLater(SyncTurn turn)
    {
        var delay = turn.State.Rules.Patience;
        var isDue = turn.State.WakesAt <= turn.Now || turn.State.WakesAt > turn.Now + delay; // the clock may have been set back
        if (isDue)
        {
            turn.State = turn.State with { WakesAt = turn.Now + delay };
            turn.Effects.Add(new SyncEffect.WakeAfter(delay));
        }
    }

    private static bool IsComing(SyncTurn turn, ulong height) =>
        turn.State.Peers.Values.Any(peer => IsFresh(turn, peer.Request, SyncPart.Blocks) && peer.Request!.Covers(height));

    /// <summary>SYN-5: what is older than <see cref="SyncRules.Patience"/> is asked of another peer as well.</summary>
    private static bool IsFresh(SyncTurn turn, SyncRequest? request, SyncPart part) =>
        request?.Part == part && Age(turn, request) < turn.State.Rules.Patience;

    private static bool IsResting(SyncTurn turn, SyncPeer peer) =>
        turn.Now < peer.RestsUntil && peer.RestsUntil <= turn.Now + (LongestRest * turn.State.Rules.Timeout); // no clock was set back

    private static ulong Age(SyncTurn turn, SyncRequest request) => turn.Now >= request.SentAt ? turn.Now - request.SentAt : ulong.MaxValue;

    private static IEnumerable<(PeerId Id, SyncPeer Peer)> InOrder(SyncState state) =>
        state.Peers.OrderBy(static entry => entry.Key.Name, StringComparer.Ordinal).Select(static entry => (entry.Key, entry.Value)).ToArray();
}
