using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Engine;
using LuxTensor.Engine.Cluster;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace LuxTensor.Grains;

/// <summary>
/// Collects the votes of one height. They are stored behind, in batches, one write at a time; what the last batch lost in a
/// crash, its validators say again. Facts go to the chain until it has taken them.
/// </summary>
[GrainType("luxtensor-block-finality"), OnSilos(SiloRole.Validator)]
internal sealed partial class BlockFinalityGrain(ClusterOptions options, SiloShare share, IGrainFactory grains, ILogger<BlockFinalityGrain> log)
    : Grain, IBlockFinalityGrain, IAsyncDisposable
{
    private const ulong HeightsKept = 64; // of votes in the store, for whoever asks why

    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(5); // late votes of a final height still come

    private readonly List<Vote> unwritten = [];
    private CollectorState? state;
    private Packer? tell;
    private Task writing = Task.CompletedTask;
    private IGrainTimer? end;

    private ulong Height => (ulong)this.GetPrimaryKeyLong(out _);

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var chain = grains.GetGrain<IChainGrain>(options.ChainKey);
        tell = new Packer(pack => chain.Take(new Immutable<byte[]>(pack)), () => state?.Decided is null);
        if (await FindAsync() is not { } begun)
        {
            return; // a later call may find the set fixed
        }

        var stored = await options.Store.Votes.ReadAsync(Height, cancellationToken);
        (state, var told) = VoteCollector.Enter(VoteCollector.Take(begun, stored.Select(Verifier.Attested), 0).Next, 0);
        Tell(told); // an activation before this one may not have come to it
        if (await Task.Run(() => options.Store.Reader.BlockAt(Height), cancellationToken) is { Certificate: { } certificate })
        {
            Finish(VoteCollector.Decide(state, certificate).Next);
        }
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    public ValueTask DisposeAsync() => tell?.DisposeAsync() ?? ValueTask.CompletedTask;

    public async Task Take(ulong deciding, uint round, Immutable<byte[]> votes)
    {
        if (await FindAsync() is not { } before)
        {
            return;
        }

        var (next, told, kept) = VoteCollector.Take(
            before, Pack.ReadVotes(votes.Value).Select(Verifier.Attested), deciding == Height ? round : 0);
        state = next;
        Tell(told);
        unwritten.AddRange(kept);
        if (writing.IsCompleted && unwritten.Count > 0)
        {
            writing = WriteAsync();
        }
    }

    public async Task Enter(uint round)
    {
        if (await FindAsync() is { } before)
        {
            (state, var told) = VoteCollector.Enter(before, round);
            Tell(told);
        }
    }

    public async Task Decide(Immutable<byte[]> certificate)
    {
        var reader = new WireReader(certificate.Value);
        var final = Certificate.Read(ref reader);
        if (!reader.End() || await FindAsync() is not { } before)
        {
            return;
        }

        var (next, told) = VoteCollector.Decide(before, final);
        Tell(told);
        Finish(next);
        if (Height % 16 == 0 && Height > HeightsKept)
        {
            await options.Store.Votes.DeleteBelowAsync(Height - HeightsKept, CancellationToken.None);
        }
    }

    public async Task<Immutable<byte[]>> VotesOf(uint round, byte phase)
    {
        ReadOnlyMemory<byte>[] votes = await FindAsync() is { } held ? [.. VoteCollector.VotesOf(held, round, (Phase)phase).Select(Pack.Encode)] : [];
        return new Immutable<byte[]>(Pack.Of(votes));
    }

    private async ValueTask<CollectorState?> FindAsync()
    {
        if (state is null && await share.SetOfAsync(options.Genesis.Rules.EpochOf(Height)) is { } set)
        {
            state = VoteCollector.Begin(Height, set, options.Genesis.Rules.QuorumPercent);
        }

        return state;
    }

    private void Tell(IEnumerable<NodeInput> told)
    {
        foreach (var input in told)
        {
            tell!.Add(RelayCodec.Encode(input, options.Genesis.Rules.ChainId)!);
        }
    }

    private void Finish(CollectorState next)
    {
        state = next;
        end ??= this.RegisterGrainTimer(
            () =>
            {
                DeactivateOnIdle();
                return Task.CompletedTask;
            },
            new GrainTimerCreationOptions(Aftermath, Timeout.InfiniteTimeSpan));
    }

    private async Task WriteAsync()
    {
        while (unwritten.Count > 0)
        {
            Vote[] batch = [.. unwritten];
            unwritten.Clear();
            try
            {
                await options.Store.Votes.AppendAsync(Height, batch, CancellationToken.None);
            }
            catch (JournalException failure)
            {
                LogUnwritten(batch.Length, Height, failure.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} votes of height {Height} are not stored: {Reason}")]
    private partial void LogUnwritten(int count, ulong height, string reason);
}
