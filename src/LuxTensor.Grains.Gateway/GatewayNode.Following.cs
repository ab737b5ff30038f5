using System.Text;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Engine;
using LuxTensor.Engine.Cluster;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace LuxTensor.Grains;

/// <content>How the replica follows the chain: by the feed, and by the store where the feed left something out.</content>
public sealed partial class GatewayNode
{
    /// <summary>What the replica's loop takes: bytes of a commit, where the chain is, or what to tell besides.</summary>
    private abstract record Step
    {
        public sealed record Came(byte[] Bytes) : Step;

        public sealed record Looked(ChainStatus Status) : Step;

        public sealed record Told(Notice Notice) : Step;
    }

    private Task<ChainStatus> AttachAsync()
    {
        ReadOnlyMemory<byte>[] peers = [.. Peers.Select(peer => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(peer.Name))];
        return ChainGrain.Attach(self!, name, new Immutable<byte[]>(Pack.Of(peers)));
    }

    private Replica Read(ChainStatus status)
    {
        var local = status.Local.Chunk(Address.Size).Select(bytes => new Address(bytes)).ToArray();
        return Replica.From(options.Store.Load(), status.Generation, options.Genesis, local, options.Pool);
    }

    /// <summary>Says that this gateway is here, hears where the chain is, and renews the feed where that has gone silent.</summary>
    private async Task BeatAsync()
    {
        IAsyncDisposable? subscription = null;
        var seen = Sequence;
        using var timer = new PeriodicTimer(Beat, time);
        do
        {
            try
            {
                var status = await AttachAsync().ConfigureAwait(false);
                var isSilent = status.Sequence > Sequence && Sequence == seen;
                seen = Sequence;
                steps.Writer.TryWrite(new Step.Looked(status));
                if (subscription is null || isSilent)
                {
                    if (subscription is not null)
                    {
                        await subscription.DisposeAsync().ConfigureAwait(false);
                    }

                    subscription = await feed.SubscribeAsync(bytes => steps.Writer.TryWrite(new Step.Came(bytes))).ConfigureAwait(false);
                }
            }
            catch (Exception failure) when (!stop.IsCancellationRequested)
            {
                LogNoChain(failure.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stop.Token).ConfigureAwait(false));
    }

    private async Task FollowAsync()
    {
        ChainStatus? missing = null; // where the chain was when it was found ahead of this replica
        await foreach (var step in steps.Reader.ReadAllAsync(stop.Token).ConfigureAwait(false))
        {
            try
            {
                switch (step)
                {
                    case Step.Came { Bytes: var bytes } when Commit.TryDecode(bytes, options.Genesis.Rules) is { } commit:
                        if (replica!.Apply(commit) is var (next, notices))
                        {
                            Show(next, notices);
                        }
                        else
                        {
                            await CatchUpAsync(await AttachAsync().ConfigureAwait(false)).ConfigureAwait(false);
                        }

                        break;
                    case Step.Looked { Status: var status }:
                        // What it was ahead by at the last look must have come by now, or is lost.
                        if (status.Generation != replica!.Generation || (missing is { } late && late.Sequence > replica.Sequence))
                        {
                            await CatchUpAsync(status).ConfigureAwait(false);
                        }

                        missing = status;
                        break;
                    case Step.Told { Notice: var notice }:
                        sinks.Tell(notice);
                        break;
                    default:
                        break;
                }
            }
            catch (Exception failure) when (!stop.IsCancellationRequested)
            {
                LogBehind(failure.Message); // tried again at the next look
            }
        }
    }

    /// <summary>Reads the store, and tells of all that happened since the replica's last commit.</summary>
    private async Task CatchUpAsync(ChainStatus status)
    {
        var before = replica!.State;
        var next = (await Task.Run(() => Read(status)).ConfigureAwait(false)).Proving(before.ProvenHeight);
        var notices = new List<Notice>();
        if (MoveBetween(before, next.State) is { } move)
        {
            notices.Add(move);
        }

        for (var height = before.Final.Height + 1; height <= next.State.Final.Height; height++)
        {
            if (Chain.BlockAt(height) is { Certificate: { } certificate, Block: var block })
            {
                notices.Add(new Notice.Finalized(block, certificate));
            }
        }

        LogCaughtUp(before.Final.Height, next.State.Final.Height);
        Show(next, notices);
    }

    /// <summary>From the branch that was chosen to the one that is, which lies in the store where it is final; null where both end at the same block.</summary>
    private Notice.HeadMoved? MoveBetween(NodeState before, NodeState now)
    {
        Block? NowAt(ulong height) => height < now.Final.Height ? Chain.BlockAt(height)?.Block : now.BlockAt(height);
        var common = ulong.Min(before.Head.Height, now.Head.Height);
        while (common > before.Final.Height && before.BlockAt(common)?.Hash != NowAt(common)?.Hash)
        {
            common--;
        }

        Block[] left = [.. Above(common, before.Head.Height).Select(before.BlockAt).OfType<Block>()];
        Block[] joined = [.. Above(common, now.Head.Height).Select(NowAt).OfType<Block>()];
        return left.Length + joined.Length == 0 ? null : new Notice.HeadMoved(before.BlockAt(common)!.Hash, common, [.. left], [.. joined]);
    }

    private static IEnumerable<ulong> Above(ulong height, ulong to)
    {
        while (height < to)
        {
            yield return ++height;
        }
    }

    /// <summary>The view first, then the notices.</summary>
    private void Show(Replica next, IReadOnlyCollection<Notice> notices)
    {
        replica = next;
        options.Store.Learn(next.State.Final.Height);
        lock (viewGate)
        {
            Publish(next.State);
        }

        Volatile.Write(ref sequence, next.Sequence);
        Interlocked.Exchange(ref moved, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        foreach (var notice in notices)
        {
            sinks.Tell(notice);
        }

        sync.Look(next.State);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "this gateway could not read what it misses: {Reason}")]
    private partial void LogBehind(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "read from the store what the feed did not bring: final block {From} to {To}")]
    private partial void LogCaughtUp(ulong from, ulong to);
}
