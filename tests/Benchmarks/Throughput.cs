using System.Diagnostics;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Storage;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>
/// Signed transfers from many senders, submitted to one node of four with SQLite in one process, until all are final on
/// all nodes. Against the limit of the machine: every node verifies every signature once.
/// </summary>
internal static class Throughput
{
    private const int Senders = 100;
    private const int PerSender = 200;
    private const int Nodes = 4;

    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("luxtensor-bench-");
        try
        {
            await MeasureAsync(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task MeasureAsync(string folder)
    {
        var keys = Enumerable.Range(1, Nodes).Select(number => Key(number)).ToArray();
        var senders = Enumerable.Range(1_000, Senders).Select(number => Key(number)).ToArray();
        var rules = new ChainRules { ChainId = 1337, BlockInterval = 100, RoundTimeout = 10_000, RoundTimeoutStep = 5_000, MaxBlockBytes = 4 << 20 };
        if (!Genesis.TryCreate(
            rules,
            1_700_000_000_000,
            [.. keys.Select(key => new GenesisValidator(key.PublicKey, 100 * ChainRules.Token))],
            [.. senders.Select(key => new GenesisAccount(Address.Of(key.PublicKey), 1_000 * ChainRules.Token))],
            out var genesis,
            out var why))
        {
            throw new InvalidOperationException(why.ToString());
        }

        var to = Address.Of(Key(9_999).PublicKey);
        var transfers = Enumerable.Range(0, PerSender)
            .SelectMany(nonce => senders.Select(key => Transaction.Sign(rules.ChainId, key, (ulong)nonce, 1_000, new TransactionBody.Transfer(to, 1))))
            .ToArray();
        var verify = VerifyCost(transfers, rules);

        var wire = new LocalNetwork();
        var parts = new List<IAsyncDisposable>();
        var stores = new List<IDisposable>();
        var nodes = new List<NodeHost>();
        for (var i = 0; i < Nodes; i++)
        {
            var journal = SqliteJournal.Open(Path.Combine(folder, $"{i}.db"), genesis);
            var guard = SqliteSigningGuard.Open(Path.Combine(folder, $"{i}-guard.db"), GuardOptions.For(genesis));
            var transport = wire.Join(new PeerId($"node-{i}"));
            var node = NodeHost.Open(new NodeOptions { Genesis = genesis, Journal = journal, Guard = guard, Keys = [keys[i]], Transport = transport });
            parts.AddRange([node, transport]);
            stores.AddRange([journal, guard]);
            nodes.Add(node);
        }

        var done = nodes.Select(node => new Total(node, transfers.Length)).ToArray();
        nodes.ForEach(node => node.Start());
        await done[0].First;
        var started = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(
            transfers.GroupBy(transfer => transfer.Sender),
            new ParallelOptions { MaxDegreeOfParallelism = 64 },
            async (mine, cancellation) =>
            {
                foreach (var transfer in mine)
                {
                    while (await nodes[0].SubmitAsync(transfer.Encoded, cancellation) is not SubmitOutcome.Accepted)
                    {
                        await Task.Yield();
                    }
                }
            });
        var accepted = Stopwatch.GetElapsedTime(started).TotalSeconds;
        await Task.WhenAll(done.Select(total => total.All));
        var final = Stopwatch.GetElapsedTime(started).TotalSeconds;
        parts.ForEach(part => part.DisposeAsync().AsTask().GetAwaiter().GetResult());
        stores.ForEach(store => store.Dispose());

        var limit = Environment.ProcessorCount / (verify * Nodes);
        Report.Line(
            $"{transfers.Length:N0} transfers of {Senders} senders, {Nodes} nodes in one process",
            $"{transfers.Length / final:N0} final a second ({transfers.Length / accepted:N0} accepted a second)",
            $"{transfers.Length / final / limit:P0} of what {Environment.ProcessorCount} cores can verify {Nodes} times over ({limit:N0} a second)",
            $"one transfer's check {verify * 1e6:F0} µs");
    }

    /// <summary>Seconds a transaction check, its sender known.</summary>
    private static double VerifyCost(Transaction[] transfers, ChainRules rules)
    {
        foreach (var warm in transfers.Take(Senders))
        {
            Verifier.Check(warm, rules, out _);
        }

        var started = Stopwatch.GetTimestamp();
        foreach (var transfer in transfers.Take(2_000))
        {
            Verifier.Check(transfer, rules, out _);
        }

        return Stopwatch.GetElapsedTime(started).TotalSeconds / 2_000;
    }

    private static SigningKey Key(int number)
    {
        Span<byte> seed = stackalloc byte[32];
        seed.Clear();
        BitConverter.TryWriteBytes(seed, number);
        return SigningKey.FromSeed(seed);
    }

    /// <summary>Counts a node's final transactions.</summary>
    private sealed class Total : INoticeSink
    {
        private readonly TaskCompletionSource first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int left;

        public Total(NodeHost node, int expected)
        {
            left = expected;
            node.Subscribe(this);
        }

        public Task First => first.Task;

        public Task All => all.Task;

        public void Publish(Notice notice)
        {
            if (notice is Notice.Finalized final)
            {
                first.TrySetResult();
                left -= final.Block.Transactions.Length;
                if (left == 0)
                {
                    all.TrySetResult();
                }
            }
        }
    }
}
