using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using LuxTensor.Core;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Wire;

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
        for (var i = 0; i < 5; i++)
        {
            Measure(new Size(1_000, 100)); // the compiler's turn
        }

        var few = Measure(new Size(1_000, 100), new Size(100_000, 100), new Size(1_000_000, 100));
        var large = Measure(new Size(1_000_000, WireLimits.MaxValidators));
        foreach (var subject in few.Concat(large))
        {
            Tell(subject);
        }

        var (least, most) = (few[0].Transition, few[^1].Transition);
        Report.Line("transition of 1,000,000 against 1,000 registered", $"{most:F0} µs and {least:F0} µs", $"{most / least:F2}", "a full pass: a thousandfold");
        Snapshot();
    }

    /// <summary>Measures these sizes, epoch by epoch in turn, so that whatever else the machine does slows all of them alike.</summary>
    private static Subject[] Measure(params Size[] sizes)
    {
        var subjects = Array.ConvertAll(sizes, static size => new Subject(size));
        for (var epoch = 0; epoch < Epochs; epoch++)
        {
            foreach (var subject in subjects)
            {
                subject.Times.Add(RunEpoch(subject.Chain, compare: epoch == Epochs - 1));
            }
        }

        foreach (var subject in subjects)
        {
            subject.Unchanged = Unchanged(subject.Chain);
            subject.Forget();
        }

        return subjects;
    }

    private static void Tell(Subject it)
    {
        var (transition, pass, ordinary, staking) = (it.Transition, it.Times[^1].Pass, it.Middle(static it => it.Ordinary), it.Middle(static it => it.Staking));
        Report.Line($"transition, {it.Size.Registered:N0} registered, {it.Size.Active:N0} active", $"{transition:F0} µs", $"1/{pass / transition:N0} of a full pass ({pass / 1000:N1} ms)", $"{RegisteredChain.Churn} exits, top-ups, stakes and newcomers each; the block writes {it.Times[^1].Writes} leaves");
        Report.Line("— without changes", $"{it.Unchanged:F0} µs", $"{it.Unchanged / transition:F2} of one with changes", "shares the set");
        Report.Line("— blocks", $"{ordinary:F0} µs empty, {staking:F0} µs with a stake", $"{staking / ordinary:F2}", $"{it.Middle(static it => it.Closing):F0} µs where the duties of an epoch are closed");
        Report.Line("— memory", $"{it.BytesEach:F0} bytes a registered validator", $"{it.BytesEach / Validator.Size:F1} of its leaf's {Validator.Size} bytes", $"{it.BytesEach * it.Size.Registered / 1048576:F1} MiB with accounts and sets");
        Report.Line("— back from its leaves", $"{it.From.TotalMilliseconds:N0} ms", $"{it.From.TotalMicroseconds / it.Size.Registered:F2} µs each", $"one is looked up in {it.Lookup:F2} µs");
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
        EpochSnapshot? expected = null;
        var pass = compare ? Best(() => expected = chain.FullPass(), 3) : 0;
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

    private readonly record struct Size(int Registered, int Active);

    private sealed record Times(double Ordinary, double Staking, double Closing, double Last, double Pass, int Writes);

    /// <summary>A chain and what was measured on it. Times are microseconds.</summary>
    private sealed class Subject
    {
        private RegisteredChain? chain;

        public Subject(Size size)
        {
            Size = size;
            var before = Live();
            chain = new RegisteredChain(size.Registered, size.Active, Epochs);
            var listed = size.Registered * (long)Unsafe.SizeOf<Address>(); // the chain's own list of everybody
            BytesEach = (Live() - before - listed) / (double)size.Registered;
            From = chain.From;
            Lookup = EpochTransitions.Lookup(chain);
        }

        public Size Size { get; }

        public RegisteredChain Chain => chain ?? throw new InvalidOperationException("the measurement is over");

        public double BytesEach { get; }

        public TimeSpan From { get; }

        public double Lookup { get; }

        public List<Times> Times { get; } = [];

        public double Unchanged { get; set; }

        public double Transition => Middle(static it => it.Last - it.Ordinary);

        public double Middle(Func<Times, double> of) => Times.Select(of).Order().ElementAt(Times.Count / 2);

        /// <summary>Lets go of the chain, so that it is not in the way of the next one's.</summary>
        public void Forget() => chain = null;
    }
}
