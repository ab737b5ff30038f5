using System.Collections.Immutable;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Sync;

/// <summary>
/// The machine by which a node that is behind catches up (SYN-1 to SYN-6): headers with their certificates first, which prove
/// how far the chain is, then the blocks below them from several peers at once. Pure. What it asks for is bounded, whoever
/// fails rests, and whoever is slow is asked beside another, so that no peer can keep an honest one from being used.
/// </summary>
public static class CatchUp
{
    /// <summary>Takes one input at a time; <paramref name="chain"/> says what is final, <paramref name="now"/> is milliseconds since 1970 UTC.</summary>
    public static (SyncState Next, ImmutableArray<SyncEffect> Effects) Step(SyncState state, ChainState chain, SyncInput input, ulong now)
    {
        var turn = new SyncTurn(state, chain, now);
        switch (input)
        {
            case SyncInput.Heard heard:
                TakeClaim(turn, heard);
                break;
            case SyncInput.Headers headers:
                TakeHeaders(turn, headers);
                break;
            case SyncInput.Blocks blocks:
                TakeBlocks(turn, blocks);
                break;
            case SyncInput.Advanced:
                break;
            case SyncInput.Wake wake:
                turn.State = turn.State with { WakesAt = 0, Peers = turn.State.Peers.RemoveRange(wake.Gone) };
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(input));
        }

        Forget(turn);
        Deliver(turn);
        Requests.Expire(turn);
        Requests.Ask(turn);
        return (turn.State, turn.Effects.ToImmutable());
    }

    /// <summary>SYN-1: a claim is a reason to ask whoever makes it, and nothing else.</summary>
    private static void TakeClaim(SyncTurn turn, SyncInput.Heard heard)
    {
        var peers = turn.State.Peers;
        if (peers.TryGetValue(heard.From, out var known))
        {
            turn.Set(heard.From, known with { Claimed = ulong.Max(known.Claimed, heard.Height) });
        }
        else if (heard.Height > turn.FinalHeight && (peers.Count < SyncState.MaxPeers || MakeRoom(turn)))
        {
            turn.Set(heard.From, new SyncPeer(heard.Height) { Turn = turn.State.Requests }); // behind all that wait already
        }
    }

    /// <summary>Forgets the peer that failed most, of those that are asked for nothing.</summary>
    private static bool MakeRoom(SyncTurn turn)
    {
        var worst = turn.State.Peers.Where(static entry => entry.Value is { Request: null, Failures: > 0 })
            .OrderByDescending(static entry => entry.Value.Failures).ThenBy(static entry => entry.Key.Name, StringComparer.Ordinal).FirstOrDefault();
        turn.State = turn.State with { Peers = turn.State.Peers.Remove(worst.Key) };
        return worst.Value is not null;
    }

    /// <summary>SYN-3: verified headers that follow on from those that are here.</summary>
    private static void TakeHeaders(SyncTurn turn, SyncInput.Headers headers)
    {
        if (!Requests.Answered(turn, headers.From, SyncPart.Headers, headers.Fault))
        {
            return;
        }

        foreach (var item in headers.Items)
        {
            var (header, certificate) = item.Value;
            if (header.Height == turn.Top + 1 && header.Parent == turn.TopHash && turn.State.Headers.Count < turn.State.Rules.HeadersAhead)
            {
                turn.State = turn.State with { Headers = turn.State.Headers.Add(header.Height, item) };
            }
        }

        turn.State = turn.State with { Sets = turn.State.Sets.SetItems(headers.Sets.Select(static set => KeyValuePair.Create(set.Epoch, set))) };
    }

    /// <summary>SYN-4: blocks of verified headers, kept until those below them are here.</summary>
    private static void TakeBlocks(SyncTurn turn, SyncInput.Blocks blocks)
    {
        if (!Requests.Answered(turn, blocks.From, SyncPart.Blocks, blocks.Fault))
        {
            return;
        }

        foreach (var item in blocks.Items)
        {
            var state = turn.State;
            var (block, certificate) = item.Value;
            if (state.Headers.TryGetValue(block.Height, out var header) && header.Value.Hash == block.Hash && !state.Blocks.ContainsKey(block.Height))
            {
                turn.State = state with
                {
                    Blocks = state.Blocks.Add(block.Height, new SyncedBlock(item, blocks.From)),
                    BlockBytes = state.BlockBytes + block.Encoded.Length,
                    Downloaded = state.Downloaded + 1,
                };
            }
        }
    }

    /// <summary>Forgets what is final by now, whoever made it so; where the chain went another way than the headers, all of them.</summary>
    private static void Forget(SyncTurn turn)
    {
        var state = turn.State;
        var useless = state.Peers.Where(entry => entry.Value is { Request: null, Failures: 0 } && entry.Value.Claimed <= turn.FinalHeight);
        state = turn.State = state with { Peers = state.Peers.RemoveRange(useless.Select(static entry => entry.Key)) };
        if (state.Headers.IsEmpty && state.Sets.IsEmpty)
        {
            return;
        }

        var headers = state.Headers.RemoveRange(state.Headers.Keys.TakeWhile(height => height <= turn.FinalHeight));
        if (!headers.IsEmpty && headers.Values.First().Value.Header is var first
            && (first.Height != turn.FinalHeight + 1 || first.Parent != turn.Chain.Tree.Root.Hash))
        {
            headers = headers.Clear();
        }

        var blocks = headers.IsEmpty ? state.Blocks.Clear() : state.Blocks.RemoveRange(state.Blocks.Keys.TakeWhile(height => height <= turn.FinalHeight));
        turn.State = state with
        {
            Headers = headers,
            Blocks = blocks,
            BlockBytes = blocks.Count == state.Blocks.Count ? state.BlockBytes : blocks.Values.Sum(static block => (long)block.Item.Value.Block.Encoded.Length),
            Sets = state.Sets.RemoveRange(state.Sets.Keys.TakeWhile(epoch => epoch <= turn.Chain.Epochs.Newest.Epoch)),
        };
    }

    /// <summary>SYN-4: hands over the blocks that follow on from the last final one, at most an answer's worth at a time.</summary>
    private static void Deliver(SyncTurn turn)
    {
        var items = ImmutableArray.CreateBuilder<Verified<CertifiedBlock>>();
        var from = PeerId.Self;
        while (items.Count < WireLimits.MaxBlocksPerMessage && turn.State.Blocks.TryGetValue(turn.FinalHeight + 1 + (ulong)items.Count, out var block))
        {
            from = items.Count == 0 ? block.From : from;
            items.Add(block.Item);
        }

        if (items.Count > 0)
        {
            var taken = items.Select(static item => item.Value.Block);
            turn.State = turn.State with
            {
                Blocks = turn.State.Blocks.RemoveRange(taken.Select(static block => block.Height)),
                BlockBytes = turn.State.BlockBytes - taken.Sum(static block => (long)block.Encoded.Length),
            };
            turn.Delivered = (ulong)items.Count;
            turn.Effects.Add(new SyncEffect.Take(items.ToImmutable(), from));
        }
    }
}

/// <summary>One step of the machine: the state as it changes, and the effects.</summary>
internal sealed class SyncTurn(SyncState state, ChainState chain, ulong now)
{
    public SyncState State { get; set; } = state;

    public ChainState Chain { get; } = chain;

    public ulong Now { get; } = now;

    public ImmutableArray<SyncEffect>.Builder Effects { get; } = ImmutableArray.CreateBuilder<SyncEffect>();

    public ulong FinalHeight => Chain.Tree.Root.Height;

    /// <summary>Blocks that this step hands over: they are not asked for again.</summary>
    public ulong Delivered { get; set; }

    /// <summary>The height up to which headers are verified.</summary>
    public ulong Top => FinalHeight + (ulong)State.Headers.Count;

    public Hash256 TopHash => State.Headers.IsEmpty ? Chain.Tree.Root.Hash : State.Headers[Top].Value.Hash;

    public void Set(PeerId peer, SyncPeer value) => State = State with { Peers = State.Peers.SetItem(peer, value) };
}
