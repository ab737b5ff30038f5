using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Tests.Postgres;

namespace LuxTensor.Tests.Storage.Postgres;

[Collection(PostgresCollection.Name)]
public sealed class Collected_votes(PostgresFixture fixture) : IDisposable
{
    private readonly PostgresNodes nodes = new(fixture);
    private readonly TestChain chain = new();

    public void Dispose() => nodes.Dispose();

    [SkippableFact]
    public async Task Votes_come_back_once_each_in_the_order_in_which_they_were_stored()
    {
        var votes = nodes.Open(chain).Votes;
        Vote[] first = [chain.Vote(3, 5, 1, Phase.Precommit, 1), chain.Vote(0, 5, 0, Phase.Prepare, 0), chain.Vote(1, 5, 0, Phase.Prepare, 2)];
        Vote[] second = [first[1], chain.Vote(0, 5, 0, Phase.Prepare, 7), chain.Vote(2, 5, uint.MaxValue, Phase.Propose, 3), first[0] with { Signature = default }];
        await votes.AppendAsync(5, first, default);
        await votes.AppendAsync(5, [], default);
        await votes.AppendAsync(5, [second[1], second[1], .. second], default);
        await votes.AppendAsync(6, [chain.Vote(0, 6, 0, Phase.Prepare, 1)], default);

        var other = nodes.Open(chain).Votes;
        Assert.Equal([.. first, second[1], second[2]], await other.ReadAsync(5, default));
        await other.DeleteBelowAsync(6, default);
        Assert.Empty(await votes.ReadAsync(5, default));
        Assert.Single(await votes.ReadAsync(6, default));
    }

    [SkippableFact]
    public async Task Votes_of_another_height_or_chain_are_no_votes_of_this_one()
    {
        var votes = nodes.Open(chain).Votes;
        var vote = chain.Vote(0, 5, 0, Phase.Prepare, 1);
        await Assert.ThrowsAsync<ArgumentException>(() => votes.AppendAsync(6, [vote], default));
        await Assert.ThrowsAsync<ArgumentException>(() => votes.AppendAsync(5, [vote, vote with { Ballot = vote.Ballot with { ChainId = 8 } }], default));
        Assert.Equal(0L, nodes.Run("SELECT count(*) FROM vote"));
    }

    [SkippableFact]
    public async Task A_changed_vote_is_found()
    {
        var votes = nodes.Open(chain).Votes;
        await votes.AppendAsync(5, [chain.Vote(0, 5, 0, Phase.Prepare, 1)], default);
        nodes.Run("UPDATE vote SET round = 1");
        Assert.Equal(JournalFault.Damaged, (await Assert.ThrowsAsync<JournalException>(() => votes.ReadAsync(5, default))).Fault);
    }
}
