using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Engine;
using LuxTensor.Engine.Cluster;
using Orleans.Concurrency;

namespace LuxTensor.Grains;

/// <summary>
/// Collects the votes of one height. They are stored behind (<see cref="VoteWriter"/>); what a crash loses of them, their
/// validators say again. Facts do not wait for that: each is true by itself, and the chain stores it before it acts on it.
/// </summary>
[GrainType("luxtensor-block-finality")]
internal sealed class BlockFinalityGrain(ClusterOptions options, SiloShare share, IGrainFactory grains, VoteWriter writer)
    : Grain, IBlockFinalityGrain, IAsyncDisposable
{
    private const ulong HeightsBetweenDeletions = 16;
    private const ulong HeightsBetweenSweeps = 1_024;

    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(5); // late votes of a final height still come

    private CollectorState? state;
    private Packer? tell;
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
        (state, var told) = VoteCollector.Enter(VoteCollector.Take(begun, Attested(stored), 0).Next, 0);
        Tell(told); // an activation before this one may not have come to it
        if (await options.Store.BlockAtAsync(Height, cancellationToken) is { Certificate: { } certificate })
        {
            Finish(VoteCollector.Decide(state, certificate).Next);
        }
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await writer.FlushAsync();
    }

    public ValueTask DisposeAsync() => tell?.DisposeAsync() ?? ValueTask.CompletedTask;

    public async Task Take(ulong deciding, uint round, Immutable<byte[]> votes)
    {
        if (await FindAsync() is not { } before)
        {
            return;
        }

        var (next, told, kept) = VoteCollector.Take(before, Attested(Pack.ReadVotes(votes.Value)), deciding == Height ? round : 0);
        state = next;
        Tell(told);
        writer.Add(Height, kept);
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
        if (Height % HeightsBetweenDeletions == 0)
        {
            var from = Height % HeightsBetweenSweeps == 0 ? 0 : Height - ulong.Min(Height, 4 * HeightsBetweenDeletions); // also what a call that failed left
            await options.Store.Votes.DeleteAsync(from, Height, CancellationToken.None);
        }
    }

    public async Task<Immutable<byte[]>> VotesOf(uint round, byte phase)
    {
        var votes = await FindAsync() is { } held ? VoteCollector.VotesOf(held, round, (Phase)phase) : [];
        return new Immutable<byte[]>(Pack.OfVotes(votes));
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
        writer.Drop(Height);
        end ??= this.RegisterGrainTimer(
            () =>
            {
                DeactivateOnIdle();
                return Task.CompletedTask;
            },
            new GrainTimerCreationOptions(Aftermath, Timeout.InfiniteTimeSpan));
    }

    private static Verified<VoteRun>[] Attested(IReadOnlyList<VoteRun> runs) => [.. runs.Select(Verifier.Attested)];
}
