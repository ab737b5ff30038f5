using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using LuxTensor.Core;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>
/// What a block costs that fixes a set, with the same few changes an epoch and more and more registered validators, against a
/// full pass over all of them, which must give the same set.
/// </summary>
internal static class EpochTransitions
{
    private const int Epochs = 10;

    public static void Run()
    {
        for (var i = 0; i < 4; i++)
        {
            Measure(1_000, 100, quiet: true); // the compiler's turn
        }

        var least = Measure(1_000, 100);
        Measure(100_000, 100);
        var most = Measure(1_000_000, 100);
        Report.Line("transition of 1,000,000 against 1,000 registered", $"{most:F0} µs and {least:F0} µs", $"{most / least:F2}", "a full pass: a thousandfold");
        Measure(1_000_000, 10_000);
        Snapshot();
    }

    /// <summary>Measures one size; gives the microseconds of a transition with changes.</summary>
    private static double Measure(int registered, int active, bool quiet = false)
    {
        var before = Live();
        var chain = new RegisteredChain(registered, active, Epochs);
        var bytes = Live() - before - (registered * (long)Unsafe.SizeOf<Address>()); // less the chain's own list of everybody
        var lookup = Lookup(chain);
        var times = new List<Times>();
        for (var epoch = 0; epoch < Epochs; epoch++)
        {
            times.Add(RunEpoch(chain, compare: epoch == Epochs - 1));
        }

        var unchanged = Unchanged(chain); // beyond an ordinary block
        double Middle(Func<Times, double> of) => times.Select(of).Order().ElementAt(times.Count / 2);
        var ordinary = Middle(static it => it.Ordinary);
        var transition = Middle(static it => it.Last) - ordinary;
        var pass = times[^1].Pass;
        if (quiet)
        {
            return transition;
        }

        var size = $"{registered:N0} registered, {active:N0} active";
        Report.Line($"transition, {size}", $"{transition:F0} µs", $"1/{pass / transition:N0} of a full pass ({pass / 1000:N1} ms)", $"{RegisteredChain.Churn} exits, top-ups, stakes and newcomers each; the block writes {times[^1].Writes} leaves");
        Report.Line("— without changes", $"{unchanged:F0} µs", $"{unchanged / transition:F2} of one with changes", "shares the set");
        Report.Line("— blocks", $"{ordinary:F0} µs empty, {Middle(static it => it.Staking):F0} µs with a stake", $"{Middle(static it => it.Staking) / ordinary:F2}", $"{Middle(static it => it.Closing):F0} µs where the duties of an epoch are closed");
        Report.Line("— memory", $"{bytes / (double)registered:F0} bytes a registered validator", $"{bytes / (double)registered / Validator.Size:F1} of its leaf's {Validator.Size} bytes", $"{bytes / 1048576.0:F1} MiB with accounts and sets");
        Report.Line("— back from its leaves", $"{chain.From.TotalMilliseconds:N0} ms", $"{chain.From.TotalMicroseconds / registered:F2} µs each", $"one is looked up in {lookup:F2} µs");
        return transition;
    }

    private static Times RunEpoch(RegisteredChain chain, bool compare)
    {
        chain.Accept(chain.Run(chain.TakeChanges()));
        var closing = Best(chain, []);
        chain.Accept(chain.Run([]));
        var ordinary = Best(chain, []);
        var staking = Best(chain, [chain.OneStake()]);
        chain.Accept(chain.Run([]));
        var last = Best(chain, []);
        var pass = 0.0;
        EpochSnapshot? expected = null;
        if (compare)
        {
            var started = Stopwatch.GetTimestamp();
            expected = chain.FullPass();
            pass = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }

        var block = chain.Run([]);
        chain.Accept(block);
        return expected is null || (expected.Epoch == block.After.Epochs.Newest.Epoch && expected.Hash == block.After.Epochs.Newest.Hash)
            ? new Times(ordinary, staking, closing, last, pass, block.Changes.Length)
            : throw new InvalidOperationException("the transition and a full pass give different sets");
    }

    /// <summary>The last block of an epoch in which nothing changes, once the changes before are through.</summary>
    private static double Unchanged(RegisteredChain chain)
    {
        var ordinary = 0.0;
        for (var block = 0; block < 7; block++)
        {
            ordinary = Best(chain, []);
            chain.Accept(chain.Run([]));
        }

        var before = chain.Ledger.Epochs.Newest;
        var spent = Best(chain, []);
        var after = chain.Run([]).After.Epochs.Newest;
        return after.Epoch == before.Epoch + 1 && after.Validators == before.Validators // the same array
            ? double.Max(0, spent - ordinary)
            : throw new InvalidOperationException("a set that stays as it is was built again");
    }

    /// <summary>Microseconds for one registered validator, picked at random.</summary>
    private static double Lookup(RegisteredChain chain)
    {
        const int Count = 100_000;
        var order = new Random(1);
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < Count; i++)
        {
            _ = chain.Ledger.GetValidator(chain.Everybody[order.Next(chain.Everybody.Length)]) ?? throw new InvalidOperationException("a validator is lost");
        }

        return Stopwatch.GetElapsedTime(started).TotalMicroseconds / Count;
    }

    private static void Snapshot()
    {
        var set = new RegisteredChain(10_000, 10_000, 1).Ledger.Epochs.Newest;
        var build = Best(() => new EpochSnapshot(7, set.Validators), 9);
        const int Shares = 1_000;
        var share = Best(() => Enumerable.Range(0, Shares).Select(i => set.For((ulong)i)).ToArray(), 9) / Shares;
        Report.Line("a snapshot of 10,000", $"{build / 1000:F1} ms built, {share * 1000:F0} ns shared with the next epoch", $"1/{build / share:N0}", "hash, index and draw");
    }

    /// <summary>Microseconds of the next block with these transactions; the state stays as it is.</summary>
    private static double Best(RegisteredChain chain, ImmutableArray<Transaction> transactions) => Best(() => chain.Run(transactions), 15);

    private static double Best(Func<object> action, int times)
    {
        var best = double.MaxValue;
        for (var i = 0; i < times; i++)
        {
            var started = Stopwatch.GetTimestamp();
            GC.KeepAlive(action());
            best = double.Min(best, Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }

        return best;
    }

    private static long Live()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private sealed record Times(double Ordinary, double Staking, double Closing, double Last, double Pass, int Writes);
}
