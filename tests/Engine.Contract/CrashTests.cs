using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Engine;

/// <summary>What the embedded host does when storage fails, and when copies of its files are put back.</summary>
public sealed class CrashTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_commit_that_fails_stops_the_node_before_anything_of_the_turn_leaves()
    {
        var chain = new TestChain(1);
        using var journal = new MemoryJournal(chain.Genesis);
        using var guard = new MemoryGuard();
        journal.BeforeCommit = batch =>
        {
            if (batch.Finalized.Any(final => final.Block.Height == 3))
            {
                throw new JournalException("disk full");
            }
        };
        var told = new List<ulong>();
        string? reason = null;
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var node = Open(chain, journal, guard);
        using var subscription = node.Subscribe(new Listener(notice =>
        {
            if (notice is Notice.Finalized final)
            {
                told.Add(final.Sequence);
            }
            else if (notice is Notice.Stopped end)
            {
                reason = end.Failure;
                stopped.SetResult();
            }
        }));
        node.Start();

        await Assert.ThrowsAsync<JournalException>(() => node.Completion.WaitAsync(Patience));
        await stopped.Task.WaitAsync(Patience);

        Assert.Equal("disk full", reason);
        Assert.Equal([1, 2], told);
        Assert.Equal(2UL, node.View.Final.Height);
    }

    [Fact]
    public async Task A_signature_that_comes_epochs_too_late_is_dropped()
    {
        var chain = new TestChain(4, runAhead: 4, epochLength: 8); // few sets are kept
        using var open = new ManualResetEventSlim();
        var guards = chain.Validators.Select((_, index) => new MemoryGuard { BeforeRecord = index == 3 ? _ => open.Wait() : null }).ToArray();
        var journals = chain.Validators.Select(_ => new MemoryJournal(chain.Genesis)).ToArray();
        await using var network = new EmbeddedNetwork(chain, index => journals[index], index => guards[index]);
        var slow = (NodeHost)Enumerable.Range(0, 4).Select(network.Start).ToArray()[3];
        await NodeContract.Final(slow, 80);

        open.Set();
        await NodeContract.Final(slow, slow.View.Final.Height + 8);

        Assert.False(slow.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_submission_whose_commit_fails_is_told_that_its_outcome_is_unknown()
    {
        var chain = new TestChain(1);
        using var journal = new MemoryJournal(chain.Genesis);
        using var guard = new MemoryGuard();
        journal.BeforeCommit = batch =>
        {
            if (!batch.PoolAdded.IsEmpty)
            {
                throw new JournalException("disk full");
            }
        };
        await using var node = Open(chain, journal, guard);
        node.Start();

        var submission = node.SubmitAsync(chain.Transfer(0, 1).Encoded, CancellationToken.None).AsTask();

        var failure = await Assert.ThrowsAsync<JournalException>(() => submission.WaitAsync(Patience));
        Assert.Contains("ask for its id", failure.Message, StringComparison.Ordinal);
        Assert.IsType<SubmitOutcome.Busy>(await node.SubmitAsync(chain.Transfer(0, 2).Encoded, CancellationToken.None));
    }

    [Fact]
    public async Task A_node_that_crashed_at_a_commit_goes_on_and_contradicts_nothing()
    {
        var chain = new TestChain(1);
        using var journal = new MemoryJournal(chain.Genesis);
        using var guard = new MemoryGuard();
        for (var crash = 0; crash < 12; crash++)
        {
            var left = crash + 1; // each life ends one commit later
            journal.BeforeCommit = _ =>
            {
                if (left-- == 0)
                {
                    throw new JournalException("pulled the plug");
                }
            };
            await using var node = Open(chain, journal, guard);
            node.Start();
            await Assert.ThrowsAsync<JournalException>(() => node.Completion.WaitAsync(Patience));
        }

        Assert.True(journal.FinalHeight > 0);
        Assert.All(
            guard.Released.GroupBy(vote => (vote.Ballot.Height, vote.Ballot.Round, vote.Ballot.Phase)),
            votes => Assert.Single(votes));
    }

    [Fact]
    public async Task A_journal_older_than_the_guard_signs_nothing_at_the_heights_that_it_forgot() // GRD-4
    {
        var chain = new TestChain(1);
        using var guard = new MemoryGuard();
        using (var lost = new MemoryJournal(chain.Genesis))
        {
            await using var first = Open(chain, lost, guard);
            await RunTo(first, 3);
        }

        var signedBefore = guard.Released.ToArray();
        using var restored = new MemoryJournal(chain.Genesis);
        await using var second = Open(chain, restored, guard);
        var refused = new TaskCompletionSource<Notice.SigningRefused>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var subscription = second.Subscribe(new Listener(notice =>
        {
            if (notice is Notice.SigningRefused refusal)
            {
                refused.TrySetResult(refusal);
            }
        }));
        second.Start();
        var seen = await refused.Task.WaitAsync(Patience);

        Assert.Equal(1UL, seen.Ballot.Height);
        Assert.Contains("older than the guard", Assert.IsType<GuardDecision.Blocked>(seen.Why).Reason, StringComparison.Ordinal);
        Assert.Equal(signedBefore, guard.Released);
        Assert.True(second.SilentUntil.Values.Single() >= 3);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_guard_older_than_the_journal_signs_nothing(bool isOlder) // GRD-3
    {
        var chain = new TestChain(4);
        var stored = Vote(chain, 1, Phase.Prepare);
        using var guard = new MemoryGuard();
        using var journal = new MemoryJournal(chain.Genesis);
        journal.Commit(new JournalBatch { Inputs = [Signed(chain, stored)] });
        if (!isOlder)
        {
            guard.Record(stored);
        }

        await using var node = Open(chain, journal, guard);
        Assert.Equal(isOlder, guard.Record(Vote(chain, 1, Phase.Precommit)) is GuardDecision.Blocked);
    }

    [Fact]
    public async Task A_missing_precommit_shows_below_a_proposal_made_ahead() // GRD-4
    {
        var chain = new TestChain(4);
        Vote[] stored = [Vote(chain, 1, Phase.Prepare), Vote(chain, 6, Phase.Propose)];
        var forgotten = Vote(chain, 1, Phase.Precommit);
        using var guard = new MemoryGuard();
        using var journal = new MemoryJournal(chain.Genesis);
        journal.Commit(new JournalBatch { Inputs = [.. stored.Select(vote => Signed(chain, vote))] });
        Assert.All(stored, vote => Assert.IsType<GuardDecision.Released>(guard.Record(vote)));

        await using (var whole = Open(chain, journal, guard))
        {
            Assert.Empty(whole.SilentUntil);
        }

        guard.Record(forgotten);
        await using var older = Open(chain, journal, guard);

        Assert.Equal(1UL, older.SilentUntil[forgotten.Validator]);
    }

    [Fact]
    public async Task A_journal_older_than_the_guard_stays_so_after_it_asked_for_what_it_forgot() // GRD-4
    {
        var chain = new TestChain(1, timeout: 20);
        using var journal = new MemoryJournal(chain.Genesis);
        using var guard = new MemoryGuard();
        guard.Record(Vote(chain, 1, Phase.Prepare));
        for (var start = 0; start < 3; start++)
        {
            await using var node = Open(chain, journal, guard);
            var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var subscription = node.Subscribe(new Listener(notice =>
            {
                if (notice is Notice.Finalized or Notice.SigningRefused { Ballot.Phase: Phase.Prepare })
                {
                    asked.TrySetResult();
                }
            }));
            node.Start();
            Assert.Equal(1UL, node.SilentUntil.Values.SingleOrDefault());
            if (start == 0)
            {
                await asked.Task.WaitAsync(Patience); // from here on the journal has asked for as much as the guard saw
            }
        }

        Assert.Single(guard.Released);
    }

    [Fact]
    public async Task A_guard_that_cannot_record_a_vote_from_the_network_stops_the_node() // GRD-5
    {
        var chain = new TestChain(4);
        var wire = new LocalNetwork();
        using var journal = new MemoryJournal(chain.Genesis);
        using var guard = new MemoryGuard();
        await using var twin = wire.Join(new PeerId("twin"));
        await using var transport = wire.Join(new PeerId("node"));
        await using var node = Open(chain, journal, guard, transport);
        var vote = Vote(chain, 2, Phase.Precommit);
        guard.BeforeRecord = asked =>
        {
            if (asked == vote)
            {
                throw new JournalException("the disk is gone");
            }
        };
        twin.Start(_ => true);
        node.Start();
        twin.Broadcast(Topic.Votes, MessageCodec.Encode(chain.Genesis.Rules.ChainId, new Message.CastVote(vote)));

        var failure = await Assert.ThrowsAsync<JournalException>(() => node.Completion.WaitAsync(Patience));
        Assert.Equal("the disk is gone", failure.Message);
    }

    [Fact]
    public async Task A_vote_of_an_own_key_seen_on_the_network_is_recorded_before_anything_else_is_signed() // GRD-5
    {
        var chain = new TestChain(4);
        var wire = new LocalNetwork();
        using var journal = new MemoryJournal(chain.Genesis);
        using var guard = new MemoryGuard();
        await using var twin = wire.Join(new PeerId("twin"));
        await using var transport = wire.Join(new PeerId("node"));
        await using var node = Open(chain, journal, guard, transport);
        var vote = Vote(chain, 1, Phase.Prepare);
        var signed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var subscription = node.Subscribe(new Listener(notice =>
        {
            if (notice is Notice.SigningRefused { Why: GuardDecision.DoubleSign } refused && refused.Ballot.Round == 0 && refused.Ballot.Phase == Phase.Prepare)
            {
                signed.TrySetResult();
            }
        }));
        twin.Start(_ => true);
        twin.Broadcast(Topic.Votes, MessageCodec.Encode(chain.Genesis.Rules.ChainId, new Message.CastVote(vote)));

        node.Start();

        await signed.Task.WaitAsync(Patience); // its own prepare of round 0, for nil or a block, was refused
        Assert.Equal(vote, guard.Released[0]);
    }

    [Fact]
    public async Task An_own_proposal_and_own_votes_in_certificates_from_the_network_are_recorded() // GRD-5
    {
        var chain = new TestChain(4, timeout: 60_000);
        var ballots = new Ballots(chain);
        var transport = new Asking();
        using var journal = new MemoryJournal(chain.Genesis); // restored, and so is the guard: both know nothing of the earlier life
        using var guard = new MemoryGuard();
        await using var node = Open(chain, journal, guard, transport);
        var own = Address.Of(chain.Validators[0].PublicKey);
        var round = Enumerable.Range(1, 1_000).Select(static round => (uint)round).First(round => chain.Genesis.EpochZero.ProposerOf(1, round).Address == own);
        var made = BlockValidity.Make(node.View.Chain.Tree.Root, round, 1_700_000_010_000, own, null, [], chain.Genesis.Rules);
        var proposal = ballots.Propose(made);
        var signed = chain.Genesis.EpochZero.Validators.Select(validator => ballots.Sign(validator.Address, 1, 3, Phase.Prepare, chain.Genesis.Hash)).ToArray();
        var certificate = new Certificate(signed[0].Ballot, [0b1111], [.. signed.Select(static vote => vote.Signature)]); // of a block that nobody has
        var missing = new HashSet<Ballot> { proposal.Vote.Ballot, certificate.Ballot };
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        guard.BeforeRecord = vote =>
        {
            lock (missing)
            {
                missing.Remove(vote.Ballot);
                if (missing.Count == 0)
                {
                    all.TrySetResult();
                }
            }
        };
        node.Start();
        foreach (var message in (Message[])[new Message.Propose(proposal), new Message.Certify(certificate)])
        {
            Assert.Equal(FrameVerdict.Accept, (await transport.AskAsync(MessageCodec.Encode(chain.Genesis.Rules.ChainId, message)).WaitAsync(Patience)).Verdict);
        }

        await all.Task.WaitAsync(Patience);
    }

    /// <summary>A vote of the first key for a block that nobody has.</summary>
    private static Vote Vote(TestChain chain, ulong height, Phase phase)
    {
        var ballot = new Ballot(chain.Genesis.Rules.ChainId, 0, height, 0, phase, chain.Genesis.Hash);
        var message = new byte[Ballot.MessageSize];
        ballot.WriteMessage(message);
        var key = chain.Validators[0];
        return new Vote(ballot, Address.Of(key.PublicKey), key.Sign(message));
    }

    private static JournalInput Signed(TestChain chain, Vote vote)
    {
        Assert.Null(Verifier.Check(vote, chain.Genesis.Rules, chain.Genesis.EpochZero, out var verified));
        return InputCodec.Encode(new NodeInput.Chain(new ChainInput.Signed(verified)), chain.Genesis.Rules.ChainId, 0)!.Value;
    }

    private static async Task RunTo(NodeHost node, ulong height)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var subscription = node.Subscribe(new Listener(notice =>
        {
            if (notice is Notice.Finalized final && final.Sequence >= height)
            {
                reached.TrySetResult();
            }
        }));
        node.Start();
        await reached.Task.WaitAsync(Patience);
    }

    private static NodeHost Open(TestChain chain, IJournal journal, ISigningGuard guard, ITransport? transport = null) => NodeHost.Open(new NodeOptions
    {
        Genesis = chain.Genesis,
        Journal = journal,
        Guard = guard,
        Keys = [chain.Validators[0]],
        Transport = transport ?? new LocalNetwork().Join(new PeerId("alone")),
    });
}
