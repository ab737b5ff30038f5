using System.Diagnostics;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
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

    public static async Task RunAsync()
    {
        foreach (var validators in new[] { 4, 25, 100 })
        {
            var folder = Directory.CreateTempSubdirectory("luxtensor-bench-");
            try
            {
                await MeasureAsync(validators, folder.FullName);
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        }
    }

    private static async Task MeasureAsync(int validators, string folder)
    {
        var chain = new TestChain(validators, interval: 1, runAhead: 1, timeout: 60_000);
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
        for (ulong height = 1; height <= Heights; height++)
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
            if (height > 10 && offer is not null)
            {
                wall.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                disk.Add((journal.Spent + guard.Spent - diskBefore).TotalMilliseconds);
            }
        }

        // A quorum is enough; with all votes at hand a node still verifies those that its workers took before the block was final.
        var verify = VerifyCost(chain, ballots);
        var signatures = (((validators * 2 / 3) + 1) * 2 * verify / int.Min(8, Environment.ProcessorCount)) + 0.0;
        var total = Median(wall);
        var stored = Median(disk);
        Report.Line(
            $"{validators} validators",
            $"median {total:F2} ms, p95 {Quantile(wall, 95):F2} ms over {wall.Count} heights",
            $"signatures {signatures / total:P0}, disk {stored / total:P0}, scheduling and rest {double.Max(0, total - signatures - stored) / total:P0}",
            $"a quorum's verifications on {int.Min(8, Environment.ProcessorCount)} workers {signatures:F2} ms, commits and guard {stored:F2} ms");
    }

    /// <summary>Milliseconds a verification.</summary>
    private static double VerifyCost(TestChain chain, Ballots ballots)
    {
        var votes = chain.Genesis.EpochZero.Validators.Select(validator => ballots.Sign(validator.Address, 1, 0, Phase.Prepare, chain.Genesis.Hash)).ToArray();
        var started = Stopwatch.GetTimestamp();
        const int Times = 2_000;
        for (var i = 0; i < Times; i++)
        {
            ballots.Verify(votes[i % votes.Length]);
        }

        return Stopwatch.GetElapsedTime(started).TotalMilliseconds / Times;
    }

    private static double Median(List<double> values) => Quantile(values, 50);

    private static double Quantile(List<double> values, int percent) => values.Order().ElementAt(int.Min(values.Count - 1, values.Count * percent / 100));

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
