using System.Diagnostics;
using System.Runtime.CompilerServices;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Storage;
using LuxTensor.Tests.Engine;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>Live memory over 100,000 final heights and after 10,000 votes, and the time to come back from that database.</summary>
internal static class MemoryAndRecovery
{
    private const int Heights = 100_000;
    private const int Batch = 128;

    public static void Run()
    {
        Votes();
        var folder = Directory.CreateTempSubdirectory("luxtensor-bench-");
        try
        {
            Chain(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Votes()
    {
        var chain = new TestChain(100);
        var before = Live();
        var (held, counted) = Count(chain);
        var after = Live();
        Report.Line(
            $"{counted:N0} votes of 100 validators in 50 rounds",
            $"+{(held - before) / 1024.0:N0} KiB while the height is open, {(after - before) / 1024.0:+0;-0;0} KiB when it is final",
            $"{after / (double)before:F2} of the start",
            "votes of rounds more than 32 back are forgotten");
    }

    /// <summary>In a method of its own, so that nothing of it is alive when it has returned.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (long Held, int Counted) Count(TestChain chain)
    {
        var ballots = new Ballots(chain);
        var set = chain.Genesis.EpochZero;
        var state = BlockFinality.Begin(1, set, chain.Genesis.Rules.QuorumPercent);
        const int Votes = 10_000;
        for (var i = 0; i < Votes; i++)
        {
            var validator = set.Validators[i % 100].Address;
            var vote = ballots.Verify(ballots.Sign(validator, 1, (uint)(i / 200), i / 100 % 2 == 0 ? Phase.Prepare : Phase.Precommit, Hash256.Zero));
            state = BlockFinality.Advance(BlockFinality.Count(state, vote).Next, (uint)(i / 200));
        }

        var held = Live();
        GC.KeepAlive(state);
        return (held, Votes);
    }

    private static void Chain(string folder)
    {
        var chain = new TestChain(4, interval: 1, runAhead: 1);
        var ballots = new Ballots(chain);
        var path = Path.Combine(folder, "node.db");
        var memory = new List<(int Height, long Bytes)>();
        var built = Stopwatch.GetTimestamp();
        using (var journal = SqliteJournal.Open(path, chain.Genesis))
        {
            var state = ballots.Begin([]);
            var pending = new List<Verified<CertifiedBlock>>();
            var tip = state.Chain.Tree.Root;
            Certificate? certificate = null;
            for (var height = 1; height <= Heights; height++)
            {
                var transfers = TransfersAt(chain, height);
                var proposer = ballots.Epochs.Of(chain.Genesis.Rules.EpochOf((ulong)height)).ProposerOf((ulong)height, 0).Address;
                tip = BlockValidity.Make(tip, 0, 0, proposer, certificate, transfers, chain.Genesis.Rules);
                certificate = ballots.Certify(tip, Phase.Precommit);
                var why = Verifier.Check(
                    new CertifiedBlock(tip.Block, certificate), chain.Genesis.Rules, ballots.Epochs.Of, static _ => true, out var verified);
                pending.Add(why is null ? verified : throw new InvalidOperationException(why.ToString()));
                if (pending.Count == Batch || height == Heights)
                {
                    var turn = new NodeTurn(state);
                    Routing.Step(turn, new NodeInput.Chain(new ChainInput.FinalBlocks([.. pending], PeerId.Self)), 0);
                    journal.Commit(turn.ToBatch());
                    state = turn.State;
                    pending.Clear();
                }

                if (height is 1_000 or 10_000 or 50_000 or Heights)
                {
                    memory.Add((height, Live()));
                }
            }
        }

        var seconds = Stopwatch.GetElapsedTime(built).TotalSeconds;
        var first = memory[2].Bytes; // the cache of blocks is full by then
        Report.Line(
            $"over {Heights:N0} heights", string.Join(", ", memory.Select(point => $"{point.Bytes / 1048576.0:F1} MiB at {point.Height:N0}")), $"{memory[^1].Bytes / (double)first:F2} of that at 50,000", $"made in {seconds:F0} s: {Heights / seconds:N0} blocks a second signed by 4, verified, executed, stored");

        var started = Stopwatch.GetTimestamp();
        using (var journal = SqliteJournal.Open(path, chain.Genesis))
        {
            var recovered = Recovery.Replay(journal.Load(), chain.Genesis, [], new MempoolLimits());
            var milliseconds = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            if (recovered.Turn.State.Final.Height != Heights)
            {
                throw new InvalidOperationException("the database lost its head");
            }

            Report.Line($"recovery from {Heights:N0} blocks", $"{milliseconds:F0} ms", $"{milliseconds / 1000 / seconds:P3} of making them", $"{new FileInfo(path).Length / 1048576.0:F0} MiB file");
        }
    }

    private static System.Collections.Immutable.ImmutableArray<Transaction> TransfersAt(TestChain chain, int height) =>
        height % 10 == 0 ? [chain.Transfer((ulong)(height / 10) - 1, 1)] : [];

    private static long Live()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
