using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Engine.Cluster;

namespace LuxTensor.Tests.Engine;

/// <summary>
/// The contract on a node in parts, as a cluster has it but within this process: votes are counted outside the loop, every
/// message between the parts goes through its bytes, and a replica follows the commits.
/// </summary>
public sealed class SplitContract : NodeContract
{
    private protected override ITestNetwork Network(TestChain chain)
    {
        var journals = chain.Validators.Select(_ => new MemoryJournal(chain.Genesis)).ToArray();
        var guards = chain.Validators.Select(_ => new MemoryGuard()).ToArray();
        var networks = new ConcurrentDictionary<int, Collectors>();
        return new EmbeddedNetwork(chain, index => new Followed(journals[index], chain, index), index => guards[index])
        {
            Arrange = (index, options) => options with { Counter = networks[index] = new Collectors(chain, options.Transport) },
            Started = (index, host) =>
            {
                networks[index].Host = host;
                ((Followed)host.Chain).Host = host;
            },
        };
    }

    /// <summary>Counts votes in a task of its own, height by height.</summary>
    private sealed class Collectors : IVoteCounter
    {
        private readonly Channel<Action> work = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
        private readonly SortedDictionary<ulong, CollectorState> heights = [];
        private readonly TestChain chain;
        private readonly ITransport transport;
        private (ulong Height, uint Round) at;

        public Collectors(TestChain chain, ITransport transport)
        {
            (this.chain, this.transport) = (chain, transport);
            _ = Task.Run(async () =>
            {
                await foreach (var next in work.Reader.ReadAllAsync())
                {
                    try
                    {
                        next();
                    }
                    catch (Exception failure)
                    {
                        work.Writer.TryComplete(failure); // the next call fails, and with it the node
                    }
                }
            });
        }

        public NodeHost? Host { get; set; }

        public void Count(Vote vote) => Do(() =>
        {
            if (Of(vote.Ballot.Height) is { } state)
            {
                var (next, told, _) = VoteCollector.Take(state, [Verifier.Attested(VoteRun.Of([vote])[0])], vote.Ballot.Height == at.Height ? at.Round : 0);
                Tell(next, told);
            }
        });

        public void Recount(ulong height, uint round) => Do(() =>
        {
            if (Of(height) is { } state)
            {
                at = (height, round);
                var (next, told) = VoteCollector.Enter(state, round);
                Tell(next, told);
            }
        });

        public void Repeat(ulong height, uint round, Phase phase) => Do(() =>
        {
            foreach (var vote in Of(height) is { } state ? VoteCollector.VotesOf(state, round, phase) : [])
            {
                transport.Broadcast(Topic.Votes, MessageCodec.Encode(chain.Genesis.Rules.ChainId, new Message.CastVote(vote)));
            }
        });

        public void Decided(Certificate certificate) => Do(() =>
        {
            if (Of(certificate.Height) is { } state)
            {
                var (next, told) = VoteCollector.Decide(state, certificate);
                Tell(next, told);
            }
        });

        private void Do(Action next)
        {
            if (!work.Writer.TryWrite(next))
            {
                throw new InvalidOperationException("the collectors failed", work.Reader.Completion.Exception);
            }
        }

        private CollectorState? Of(ulong height) =>
            heights.TryGetValue(height, out var there) ? there
            : Host!.View.Chain.Epochs.Find(chain.Genesis.Rules.EpochOf(height)) is { } set ? VoteCollector.Begin(height, set, chain.Genesis.Rules.QuorumPercent)
            : null;

        private void Tell(CollectorState next, ImmutableArray<NodeInput> told)
        {
            heights[next.Votes.Height] = next;
            foreach (var old in heights.Keys.Where(height => height + 8 < Host!.View.Chain.Height).ToArray())
            {
                heights.Remove(old);
            }

            foreach (var input in told)
            {
                var bytes = RelayCodec.Encode(input, chain.Genesis.Rules.ChainId)!;
                if (RelayCodec.Decode(bytes, Host!.View) is { } relayed)
                {
                    _ = Host.OfferAsync(relayed).AsTask();
                }
            }
        }
    }

    /// <summary>A journal whose commits a replica follows, through their bytes; it must always be where the node is.</summary>
    private sealed class Followed(MemoryJournal inner, TestChain chain, int index) : IJournal
    {
        private Replica? replica;
        private ulong sequence;

        public NodeHost? Host { get; set; }

        public ulong FinalHeight => inner.FinalHeight;

        public JournalContents Load() => inner.Load();

        public void Commit(JournalBatch batch)
        {
            replica ??= Replica.From(new JournalSnapshot(0, inner.Load()), 1, chain.Genesis, [Address.Of(chain.Validators[index].PublicKey)], new MempoolLimits());
            inner.Commit(batch);
            var sent = Commit(batch, ++sequence);
            replica = replica.Apply(sent) is var (next, _) ? next : throw new InvalidOperationException($"commit {sent.Sequence} does not follow");
            if (sequence % 16 == 0 || !batch.Finalized.IsEmpty) // a comparison replays the height, which takes longer than its timeouts
            {
                var stored = Replica.From(new JournalSnapshot(0, inner.Load()), 1, chain.Genesis, [Address.Of(chain.Validators[index].PublicKey)], new MempoolLimits()).State;
                Compare(stored, replica.State);
            }
        }

        private Commit Commit(JournalBatch batch, ulong number) =>
            LuxTensor.Engine.Cluster.Commit.TryDecode(new Commit(1, number, 0, batch).Encode(), chain.Genesis.Rules) ?? throw new InvalidOperationException("a commit does not decode");

        // What a restart would bring back is the measure: the loop publishes its own state only after this call.
        private static void Compare(NodeState expected, NodeState actual)
        {
            Assert.Equal(expected.Final.Hash, actual.Final.Hash);
            Assert.Equal(expected.FinalLedger.Root, actual.FinalLedger.Root);
            Assert.Equal(expected.Head.Hash, actual.Head.Hash);
            Assert.Equal((expected.Chain.Height, expected.Chain.Round, expected.Chain.Phase), (actual.Chain.Height, actual.Chain.Round, actual.Chain.Phase));
            Assert.Equal(expected.Chain.Locked, actual.Chain.Locked);
            Assert.Equal(expected.Pool.InOrder().Select(it => it.Id), actual.Pool.InOrder().Select(it => it.Id));
        }

        public FinalBlock? BlockAt(ulong height) => inner.BlockAt(height);

        public FinalBlock? BlockBy(LuxTensor.Crypto.Hash256 hash) => inner.BlockBy(hash);

        public ulong? HeightOf(LuxTensor.Crypto.Hash256 hash) => inner.HeightOf(hash);

        public TransactionPlace? Locate(LuxTensor.Crypto.Hash256 transactionId) => inner.Locate(transactionId);

        public EpochSnapshot? SetOf(ulong epoch) => inner.SetOf(epoch);

        public MissedDuty? MissOf(Address validator, ulong height) => inner.MissOf(validator, height);

        public IReadOnlyList<Evidence> Evidence(int limit) => inner.Evidence(limit);

        public void Dispose() => inner.Dispose();
    }
}
