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
    public async Task Votes_come_back_in_the_order_in_which_they_were_stored()
    {
        var votes = nodes.Open(chain).Votes;
        Vote[] first = [chain.Vote(3, 5, 1, Phase.Precommit, 1), chain.Vote(0, 5, 0, Phase.Prepare, 2), chain.Vote(1, 5, 0, Phase.Prepare, 2)];
        Vote[] second = [chain.Vote(0, 5, 0, Phase.Prepare, 7), first[1], chain.Vote(2, 5, uint.MaxValue, Phase.Propose, 3)];
        await votes.AppendAsync(VoteRun.Of(first), default);
        await votes.AppendAsync([], default);
        await votes.AppendAsync(VoteRun.Of([chain.Vote(0, 6, 0, Phase.Prepare, 1), .. second, chain.Vote(1, 6, 0, Phase.Prepare, 1)]), default);

        var other = nodes.Open(chain).Votes;
        Assert.Equal([.. first, .. second], (await other.ReadAsync(5, default)).SelectMany(static run => run.Votes));
        await other.DeleteAsync(4, 6, default);
        Assert.Empty(await votes.ReadAsync(5, default));
        Assert.Equal(2, (await votes.ReadAsync(6, default)).Sum(static run => run.Count));
    }

    [SkippableFact]
    public async Task Thousands_of_votes_fill_pages_and_come_back_in_their_order()
    {
        var votes = nodes.Open(chain).Votes;
        Vote[] many = [.. Enumerable.Range(0, 3_000).Select(i => chain.Vote(i % 4, 5, (uint)(i / 700), Phase.Prepare, (byte)(i % 7)))];
        await votes.AppendAsync(VoteRun.Of(many), default);
        Assert.Equal(many, (await votes.ReadAsync(5, default)).SelectMany(static run => run.Votes));
        Assert.Equal(0L, nodes.Run("SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE oid = 'vote_batch'::regclass"));
    }

    [SkippableFact]
    public async Task Votes_of_another_chain_are_no_votes_of_this_one()
    {
        var votes = nodes.Open(chain).Votes;
        var vote = chain.Vote(0, 5, 0, Phase.Prepare, 1);
        await Assert.ThrowsAsync<ArgumentException>(() => votes.AppendAsync(VoteRun.Of([vote, vote with { Ballot = vote.Ballot with { ChainId = 8 } }]), default));
        Assert.Equal(0L, nodes.Run("SELECT count(*) FROM vote_batch"));
    }

    [SkippableTheory]
    [InlineData("height = 6", 6)]
    [InlineData("votes = set_byte(votes, 70, get_byte(votes, 70) # 1)", 5)]
    public async Task A_changed_vote_is_found(string change, ulong height)
    {
        var votes = nodes.Open(chain).Votes;
        await votes.AppendAsync(VoteRun.Of([chain.Vote(0, 5, 0, Phase.Prepare, 1)]), default);
        nodes.Run($"UPDATE vote_batch SET {change}");
        Assert.Equal(JournalFault.Damaged, (await Assert.ThrowsAsync<JournalException>(() => votes.ReadAsync(height, default))).Fault);
    }

    // A crash of the server may lose them, for validators say them again; an fsync for them would be felt by every commit.
    [SkippableFact]
    public void Nothing_of_a_vote_goes_through_the_write_ahead_log()
    {
        nodes.Open(chain);
        Assert.Equal("u", nodes.Run("SELECT relpersistence::text FROM pg_class WHERE oid = 'vote_batch'::regclass"));
    }
}
