using System.Collections.Concurrent;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Engine;

/// <summary>A network of nodes on some host, which the contract drives.</summary>
internal interface ITestNetwork : IAsyncDisposable
{
    TestChain Chain { get; }

    /// <summary>Starts node <paramref name="index"/>, anew or from what it had stored.</summary>
    INode Start(int index);

    /// <summary>Ends node <paramref name="index"/> in good order; what it stored stays.</summary>
    Task StopAsync(int index);

    /// <summary>Every vote whose signature left any guard.</summary>
    IReadOnlyList<Vote> Released { get; }
}

/// <summary>What every host must do. One suite; a host gives it a network.</summary>
public abstract class NodeContract
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private protected abstract ITestNetwork Network(TestChain chain);

    [Fact]
    public async Task Four_validators_make_blocks_final_and_agree()
    {
        await using var network = Network(new TestChain(4));
        var nodes = Enumerable.Range(0, 4).Select(network.Start).ToArray();

        await Task.WhenAll(nodes.Select(node => Final(node, 10)));

        for (ulong height = 1; height <= 10; height++)
        {
            var hashes = nodes.Select(node => node.Chain.BlockAt(height)!.Block.Hash).Distinct();
            Assert.Single(hashes);
            AssertCertified(network.Chain.Genesis, nodes[0].Chain.BlockAt(height)!);
        }

        AssertNobodySignedTwice(network);
    }

    [Fact]
    public async Task One_validator_alone_makes_blocks_final()
    {
        await using var network = Network(new TestChain(1));
        var node = network.Start(0);

        await Final(node, 5);

        AssertCertified(network.Chain.Genesis, node.Chain.BlockAt(5)!);
    }

    [Fact]
    public async Task A_transaction_is_final_on_every_node_and_moves_the_balance_once()
    {
        await using var network = Network(new TestChain(4));
        var nodes = Enumerable.Range(0, 4).Select(network.Start).ToArray();
        var transaction = network.Chain.Transfer(0, 7);

        var outcome = await nodes[2].SubmitAsync(transaction.Encoded, CancellationToken.None);
        await Task.WhenAll(nodes.Select(node => Until(node, () => node.Chain.Locate(transaction.Id) is not null)));
        var again = await nodes[2].SubmitAsync(transaction.Encoded, CancellationToken.None);

        Assert.Equal(new SubmitOutcome.Accepted(transaction.Id, Known: false), outcome);
        Assert.Equal(new SubmitOutcome.Accepted(transaction.Id, Known: true), again);
        Assert.All(nodes, node => Assert.Equal((UInt128)7, node.View.FinalLedger.GetAccount(TestChain.Recipient).Balance));
        Assert.All(nodes, node => Assert.Null(node.View.Pool.Find(transaction.Id)));
    }

    [Fact]
    public async Task A_transaction_that_cannot_enter_is_refused_with_the_reason()
    {
        await using var network = Network(new TestChain(1));
        var node = network.Start(0);
        var tooMuch = network.Chain.Transfer(0, UInt128.One << 120);

        var malformed = await node.SubmitAsync(new byte[] { 1, 2, 3 }, CancellationToken.None);
        var poor = await node.SubmitAsync(tooMuch.Encoded, CancellationToken.None);

        Assert.IsType<SubmitOutcome.Malformed>(malformed);
        Assert.IsType<LuxTensor.Core.State.TransactionRejection.InsufficientBalance>(Assert.IsType<SubmitOutcome.Rejected>(poor).Why);
    }

    [Fact]
    public async Task Three_of_four_go_on_without_the_fourth_and_it_catches_up()
    {
        await using var network = Network(new TestChain(4));
        var nodes = Enumerable.Range(0, 4).Select(network.Start).ToArray();
        await Task.WhenAll(nodes.Select(node => Final(node, 3)));

        await network.StopAsync(3);
        var stoppedAt = nodes[0].Chain.FinalHeight;
        await Task.WhenAll(nodes.Take(3).Select(node => Final(node, stoppedAt + 5)));
        var back = network.Start(3);
        await Final(back, stoppedAt + 8);

        Assert.Equal(nodes[0].Chain.BlockAt(stoppedAt + 5)!.Block.Hash, back.Chain.BlockAt(stoppedAt + 5)!.Block.Hash);
        AssertNobodySignedTwice(network);
    }

    [Fact]
    public async Task A_whole_network_goes_on_from_what_it_stored()
    {
        await using var network = Network(new TestChain(4));
        var first = Enumerable.Range(0, 4).Select(network.Start).ToArray();
        await Task.WhenAll(first.Select(node => Final(node, 4)));
        var hash = first[0].Chain.BlockAt(4)!.Block.Hash;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(network.StopAsync));
        var reached = first.Max(node => node.Chain.FinalHeight);

        var second = Enumerable.Range(0, 4).Select(network.Start).ToArray();
        await Task.WhenAll(second.Select(node => Final(node, reached + 3)));

        Assert.All(second, node => Assert.Equal(hash, node.Chain.BlockAt(4)!.Block.Hash));
        AssertNobodySignedTwice(network);
    }

    [Fact]
    public async Task Two_of_four_decide_nothing_and_three_go_on()
    {
        await using var network = Network(new TestChain(4, timeout: 50));
        var nodes = Enumerable.Range(0, 2).Select(network.Start).ToArray();
        await Until(nodes[0], () => nodes[0].View.Chain is { Height: 1, Phase: Phase.Prepare });
        Assert.Equal(0UL, nodes[0].Chain.FinalHeight);

        var third = network.Start(2);

        await Task.WhenAll(nodes.Append(third).Select(node => Final(node, 3)));
        AssertNobodySignedTwice(network);
    }

    [Fact]
    public async Task A_notice_follows_the_view_that_shows_it()
    {
        await using var network = Network(new TestChain(1));
        var node = network.Start(0);
        var wrong = new ConcurrentQueue<string>();
        var watch = new Watch(notice =>
        {
            if (notice is Notice.Finalized final && (node.View.Final.Height < final.Block.Height || node.Chain.BlockAt(final.Sequence) is null))
            {
                wrong.Enqueue($"block {final.Sequence} was told before it could be read");
            }

            if (notice is Notice.HeadMoved moved && moved.Joined.Any(block => node.View.BlockBy(block.Hash) is null && node.Chain.BlockBy(block.Hash) is null))
            {
                wrong.Enqueue($"head {moved.Joined[^1].Height} was told before it could be read");
            }
        });
        using var subscription = node.Subscribe(watch);

        await Final(node, 20);

        Assert.Empty(wrong);
    }

    internal static Task Final(INode node, ulong height) => Until(node, () => node.Chain.FinalHeight >= height);

    internal static async Task Until(INode node, Func<bool> holds)
    {
        var watch = new Watch();
        using var subscription = node.Subscribe(watch);
        try
        {
            await watch.For(_ => holds(), holds).WaitAsync(Patience);
        }
        catch (TimeoutException timeout)
        {
            var chain = node.View.Chain;
            throw new TimeoutException(
                $"a node waits at {chain.Height}/{chain.Round} {chain.Phase}, proven {chain.ProvenHeight}, claimed {node.View.Sync.Claimed}, awaits {chain.Awaited?.BlockHash}, "
                + $"proposals of rounds {string.Join(' ', chain.Proposals.Keys)}, {chain.Orphans.Count} orphans, facts {chain.Facts}, asked {string.Join(' ', chain.Asked.Select(sign => sign.Ballot))}, {node.Peers.Count} peers",
                timeout);
        }
    }

    private protected static void AssertCertified(Genesis genesis, FinalBlock final)
    {
        var item = new CertifiedBlock(final.Block, final.Certificate!);
        Assert.Null(Verifier.Check(item, genesis.Rules, genesis.EpochZero.For, _ => false, out _));
    }

    private static void AssertNobodySignedTwice(ITestNetwork network) =>
        Assert.All(
            network.Released.GroupBy(vote => (vote.Validator, vote.Ballot.Height, vote.Ballot.Round, vote.Ballot.Phase)),
            votes => Assert.Single(votes.Select(vote => vote.Ballot.BlockHash).Distinct()));

    /// <summary>Waits for notices without polling.</summary>
    private protected sealed class Watch(Action<Notice>? see = null) : INoticeSink
    {
        private readonly Lock gate = new();
        private readonly List<(Func<Notice, bool> Holds, TaskCompletionSource Done)> waiting = [];

        public Task For(Func<Notice, bool> holds, Func<bool>? already = null)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (gate)
            {
                waiting.Add((holds, done));
            }

            if (already?.Invoke() == true)
            {
                done.TrySetResult();
            }

            return done.Task;
        }

        public void Publish(Notice notice)
        {
            see?.Invoke(notice);
            lock (gate)
            {
                foreach (var (_, done) in waiting.Where(entry => entry.Holds(notice)))
                {
                    done.TrySetResult();
                }
            }
        }
    }
}
