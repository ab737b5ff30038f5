using System.Diagnostics;
using System.Text.Json;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Storage;
using LuxTensor.Tests.Engine;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>
/// One node with SQLite among n validators: from the moment a proposal and all votes of the others are handed to its
/// network port until it tells that the block is final. The others' signatures are made beforehand, so the time is this
/// node's alone: verification, two own signatures, storing, scheduling.
/// </summary>
internal static class ProposalToFinal
{
    private const int Heights = 60;
    private const int Turns = 3; // of which the middle one counts

    private static readonly int Workers = int.Clamp(Environment.ProcessorCount, 1, 8);

    private static readonly string[] Engines = ["off", "auto"];

    /// <summary>Each case in processes of its own, in turns: an engine is chosen once a process.</summary>
    public static async Task RunAsync()
    {
        foreach (var validators in new[] { 4, 100, 1000 })
        {
            var runs = Engines.ToDictionary(static engine => engine, static _ => new List<Measured>());
            for (var turn = 0; turn < Turns; turn++)
            {
                foreach (var engine in Engines)
                {
                    runs[engine].Add(await InProcessAsync(validators, engine));
                }
            }

            var before = Middle(runs["off"]);
            var after = Middle(runs["auto"]);
            Line($"{validators} validators, {Ed25519.Provider} alone", before, "1");
            Line($"{validators} validators, {SignatureEngine.Shared.Status.Kind}", after, $"{before.Median / after.Median:F1}×");
        }
    }

    /// <summary>One case: the other process of <see cref="RunAsync"/>.</summary>
    public static async Task ServeAsync(int validators)
    {
        var folder = Directory.CreateTempSubdirectory("luxtensor-bench-");
        try
        {
            Console.WriteLine(JsonSerializer.Serialize(await MeasureAsync(validators, folder.FullName)));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<Measured> InProcessAsync(int validators, string engine)
    {
        var start = Own.Start("finality-of", $"{validators}");
        start.Environment["LUXTENSOR_SIGNATURES"] = engine;
        using var process = Process.Start(start)!;
        var told = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? JsonSerializer.Deserialize<Measured>(told)! : throw new InvalidOperationException($"{validators} validators, {engine}: exit {process.ExitCode}");
    }

    private static Measured Middle(List<Measured> runs) => runs.OrderBy(static run => run.Median).ElementAt(runs.Count / 2);

    private static void Line(string what, Measured it, string ratio) => Report.Line(
        what,
        $"median {it.Median:F2} ms, p95 {it.Late:F2} ms over {it.Heights} heights",
        ratio,
        $"a quorum's signatures on {Workers} workers {it.Signatures:F2} ms, commits and guard {it.Stored:F2} ms, scheduling and rest {double.Max(0, it.Median - it.Signatures - it.Stored):F2} ms");

    private static async Task<Measured> MeasureAsync(int validators, string folder)
    {
        // One epoch: whoever is not among the first of a quorum would be jailed after some, and the next sets be others.
        var chain = new TestChain(validators, interval: 1, runAhead: 1, timeout: 60_000, epochLength: 100_000);
        var ballots = new Ballots(chain);
        var rules = chain.Genesis.Rules;
        using var journal = new TimedJournal(SqliteJournal.Open(Path.Combine(folder, "node.db"), chain.Genesis));
        using var guard = new TimedGuard(SqliteSigningGuard.Open(Path.Combine(folder, "guard.db"), GuardOptions.For(chain.Genesis)));
        await using var transport = new Loopback();
        var self = chain.Genesis.EpochZero.Validators[0].Address;
        await using var host = NodeHost.Open(new NodeOptions
        {
            Genesis = chain.Genesis,
            Journal = journal,
            Guard = guard,
            Keys = [chain.Validators[0]],
            Transport = transport,
        });
        var watch = new FinalWatch();
        using var subscription = host.Subscribe(watch);
        host.Start();

        var wall = new List<double>();
        var disk = new List<double>();
        // A node runs for months: code that is called once a height is compiled well only after some hundreds of them.
        var warmUp = ulong.Clamp(100_000 / (ulong)validators, 60, 1_000);
        for (ulong height = 1; height <= warmUp + Heights; height++)
        {
            var set = ballots.Epochs.Of(rules.EpochOf(height));
            var proposer = set.ProposerOf(height, 0).Address;
            var parent = host.View.Chain.Tree.Root;
            Block block;
            byte[]? offer = null;
            if (proposer == self)
            {
                block = await transport.OwnProposalAsync(rules, height);
            }
            else
            {
                var now = (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
                var node = BlockValidity.Make(parent, 0, now, proposer, host.View.Chain.FinalCertificate, [], rules);
                block = node.Block;
                offer = MessageCodec.Encode(rules.ChainId, new Message.Propose(ballots.Propose(node)));
            }

            var frames = set.Validators.Where(validator => validator.Address != self)
                .SelectMany(validator => new[] { Phase.Prepare, Phase.Precommit }.Select(phase => (validator.Address, phase)))
                .OrderBy(vote => vote.phase)
                .Select(vote => MessageCodec.Encode(rules.ChainId, new Message.CastVote(ballots.Sign(vote.Address, height, 0, vote.phase, block.Hash))))
                .ToArray();
            var final = watch.For(height);
            var diskBefore = journal.Spent + guard.Spent;
            var started = Stopwatch.GetTimestamp();
            if (offer is not null)
            {
                transport.Deliver(Topic.Blocks, offer);
            }

            foreach (var frame in frames)
            {
                transport.Deliver(Topic.Votes, frame);
            }

            await final;
            if (height > warmUp && offer is not null)
            {
                wall.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                disk.Add((journal.Spent + guard.Spent - diskBefore).TotalMilliseconds);
            }
        }

        return new Measured(Report.Median(wall), Report.Quantile(wall, 95), wall.Count, Signatures(chain, ballots), Report.Median(disk));
    }

    /// <summary>Milliseconds to verify a quorum's votes of both phases on all workers, as many together as a node takes.</summary>
    private static double Signatures(TestChain chain, Ballots ballots)
    {
        const int Together = 100;
        var (rules, set) = (chain.Genesis.Rules, chain.Genesis.EpochZero);
        Vote[][] votes = [.. set.Validators.Select(validator => ballots.Sign(validator.Address, 1, 0, Phase.Prepare, chain.Genesis.Hash)).Chunk(Together)];
        var best = double.MaxValue;
        for (var repeat = 0; repeat < 20; repeat++)
        {
            var started = Stopwatch.GetTimestamp();
            foreach (var some in votes)
            {
                if (Verifier.Check([.. some], rules, _ => set).Any(static verdict => verdict.Why is not null))
                {
                    throw new InvalidOperationException("a good vote does not verify");
                }
            }

            best = double.Min(best, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        var quorum = (set.Validators.Length * 2 / 3) + 1;
        return best / set.Validators.Length * quorum * 2 / Workers;
    }

    private sealed record Measured(double Median, double Late, int Heights, double Signatures, double Stored);

    private sealed class FinalWatch : INoticeSink
    {
        private readonly Lock gate = new();
        private readonly Dictionary<ulong, TaskCompletionSource> waiting = [];

        public Task For(ulong height)
        {
            lock (gate)
            {
                return (waiting[height] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
        }

        public void Publish(Notice notice)
        {
            lock (gate)
            {
                if (notice is Notice.Finalized final && waiting.Remove(final.Sequence, out var done))
                {
                    done.SetResult();
                }
            }
        }
    }

    /// <summary>The port of a node whose peers are this benchmark.</summary>
    private sealed class Loopback : ITransport
    {
        private readonly System.Collections.Concurrent.BlockingCollection<byte[]> offers = [];
        private Func<IncomingFrame, bool>? handler;

        public IReadOnlyCollection<PeerId> Peers => [new PeerId("others")];

        public void Start(Func<IncomingFrame, bool> handler) => this.handler = handler;

        public void Broadcast(Topic topic, ReadOnlyMemory<byte> frame)
        {
            if (topic == Topic.Blocks)
            {
                offers.Add(frame.ToArray());
            }
        }

        public void Send(PeerId peer, ReadOnlyMemory<byte> frame)
        {
            // the benchmark answers no requests
        }

        public void Deliver(Topic topic, byte[] frame)
        {
            while (!handler!(new IncomingFrame(new PeerId("others"), topic, frame, static _ => { })))
            {
                Thread.Yield();
            }
        }

        public Task<Block> OwnProposalAsync(ChainRules rules, ulong height) => Task.Run(() =>
        {
            foreach (var frame in offers.GetConsumingEnumerable())
            {
                if (MessageCodec.TryDecode(frame, rules, out var message, out _) && message is Message.Propose { Proposal: var proposal }
                    && proposal.Block.Height == height)
                {
                    return proposal.Block;
                }
            }

            throw new InvalidOperationException("the node offered no block");
        });

        public ValueTask DisposeAsync()
        {
            offers.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
