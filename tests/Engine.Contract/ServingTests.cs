using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Engine;

/// <summary>What becomes of a node when peers ask for what it cannot read, and when its network fails.</summary>
public sealed class ServingTests : IAsyncDisposable
{
    private const int MostTold = 64;

    private readonly AskedNode asked = new();
    private readonly TestChain chain;
    private readonly NodeHost node;

    public ServingTests() => (chain, node) = (asked.Chain, asked.Host);

    public ValueTask DisposeAsync() => asked.DisposeAsync();

    [Fact]
    public async Task What_cannot_be_read_is_told_once_and_not_answered_and_the_node_goes_on()
    {
        var told = new List<string>();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var subscription = node.Subscribe(new Listener(notice =>
        {
            if (notice is Notice.Unreadable { Why: var why })
            {
                told.Add(why);
                if (told.Count == MostTold)
                {
                    all.SetResult();
                }
            }
        }));
        node.Start();
        asked.Journal.BeforeRead = static height => throw new JournalException($"block {height} cannot be read");
        for (var height = 1UL; height <= MostTold + 10; height++)
        {
            for (var time = 0; time < 2; time++)
            {
                Assert.Equal((FrameVerdict.Ignore, null), await asked.AskAsync(new Message.GetBlocks(height, 1)));
            }
        }

        await all.Task.WaitAsync(AskedNode.Patience);
        asked.Journal.BeforeRead = null;
        var (verdict, answer) = await asked.AskAsync(new Message.GetBlocks(1, 1));

        Assert.Equal(FrameVerdict.Accept, verdict);
        Assert.NotNull(answer);
        Assert.Equal(Enumerable.Range(1, MostTold).Select(static height => $"block {height} cannot be read"), told);
        Assert.False(node.Completion.IsCompleted);
    }

    [Fact]
    public async Task FRK_8_a_block_that_is_not_final_is_given_as_its_proposal()
    {
        node.Start();
        var made = BlockValidity.Make(
            node.View.Chain.Tree.Root, 0, 1_700_000_010_000, chain.Genesis.EpochZero.ProposerOf(1, 0).Address, null, [], chain.Genesis.Rules);
        var proposal = new Message.Propose(new Ballots(chain).Propose(made));
        Assert.Equal(FrameVerdict.Accept, (await asked.AskAsync(proposal)).Verdict);

        byte[]? answer = null;
        using var soon = new CancellationTokenSource(AskedNode.Patience);
        while (answer is null)
        {
            soon.Token.ThrowIfCancellationRequested();
            (_, answer) = await asked.AskAsync(new Message.GetBlock(made.Hash)); // nothing until the node has taken it
        }

        Assert.Equal(MessageCodec.Encode(chain.Genesis.Rules.ChainId, proposal), answer);
    }

    [Fact]
    public async Task A_node_ends_with_its_network_rather_than_being_deaf()
    {
        node.Start();
        asked.Peer.Failed.SetException(new InvalidOperationException("the router is broken"));

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => node.Completion.WaitAsync(AskedNode.Patience));
        Assert.Equal("the router is broken", failure.Message);
    }
}
