using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Storage;

/// <summary>What every journal does, whatever it stores in.</summary>
public abstract class Journal_contract
{
    private readonly TestChain chain = new();

    /// <summary>Opens the journal with that name, after the one before was disposed; makes it where there is none.</summary>
    private protected abstract IJournal Open(TestChain chain, string name);

    private IJournal Open(TestChain chain) => Open(chain, "journal");

    /// <summary>The same, without caches.</summary>
    private protected abstract IJournal OpenWithoutCache(TestChain chain);

    /// <summary>How messages name it.</summary>
    private protected abstract string WhereOf(string name);

    [SkippableFact]
    public void A_new_journal_holds_the_genesis()
    {
        using var journal = Open(chain);
        var contents = journal.Load();
        Assert.Equal(0UL, journal.FinalHeight);
        Assert.Equal(chain.Genesis.Block.Hash, contents.Final.Block.Hash);
        Assert.Null(contents.Final.Certificate);
        Assert.Equal(chain.Genesis.Ledger.Root, contents.Ledger.Root);
        Assert.Empty(contents.Inputs);
        Assert.Empty(contents.Pool);
        Assert.Null(journal.BlockAt(1));
        Assert.Equal(chain.Genesis.Block.Hash, journal.BlockBy(chain.Genesis.Block.Hash)?.Block.Hash);
        Assert.Equal(0UL, journal.HeightOf(chain.Genesis.Block.Hash));
    }

    [SkippableFact]
    public void What_was_committed_is_read_back_by_this_opening_and_by_the_next()
    {
        var waiting = chain.Transfer();
        var evidence = chain.DoubleVote(1, 1);
        var blocks = new List<Finalization>();
        using (var journal = Open(chain))
        {
            journal.Commit(new JournalBatch { PoolAdded = [new PoolEntry(5, waiting)], Inputs = [TestChain.Input(2, 0, 1), TestChain.Input(ulong.MaxValue, 9, 2)] });
            blocks.Add(chain.Next([waiting]));
            blocks.Add(chain.Next(3));
            journal.Commit(new JournalBatch { Finalized = [.. blocks], PoolRemoved = [waiting.Id], Evidence = [evidence, evidence] });
            Check(journal, blocks, evidence);
        }

        using var again = Open(chain);
        Check(again, blocks, evidence);
    }

    [SkippableFact]
    public void Final_heights_take_their_inputs_with_them_and_later_ones_stay_in_order()
    {
        var first = chain.Next();
        var second = chain.Next();
        JournalInput[] inputs = [TestChain.Input(3, 10, 1), TestChain.Input(1, 5_000, 2), TestChain.Input(2, 70_000, 3), TestChain.Input(9, 1, 4)];
        using (var journal = Open(chain))
        {
            journal.Commit(new JournalBatch { Inputs = [.. inputs] });
            journal.Commit(new JournalBatch { Finalized = [first], Inputs = [TestChain.Input(1, 3, 5), TestChain.Input(2, 3, 6)] });
            Assert.Equal([3UL, 2UL, 9UL, 2UL], journal.Load().Inputs.Select(input => input.Height));
            journal.Commit(new JournalBatch { Finalized = [second] });
            journal.Commit(new JournalBatch { Inputs = [TestChain.Input(3, 4, 7)] });
        }

        using var again = Open(chain);
        var left = again.Load().Inputs;
        Assert.Equal([3UL, 9UL, 3UL], left.Select(input => input.Height));
        Assert.Equal(inputs[0].Bytes.ToArray(), left[0].Bytes.ToArray());
    }

    [SkippableFact]
    public void A_block_that_does_not_follow_is_refused_and_nothing_of_its_batch_is_stored()
    {
        var first = chain.Next();
        var second = chain.Next();
        var third = chain.Next();
        var foreign = new TestChain().Next(0);
        Refused(first, second with { Block = foreign.Block }); // right height of another parent
        Refused(first, third); // a gap
        Refused(first, first); // twice
        Refused(first, second with { Certificate = first.Certificate }); // another block's certificate
        Refused(first, second with { Certificate = Prepares(second.Certificate) });
    }

    [SkippableFact]
    public void After_a_failed_commit_nothing_is_stored_until_the_journal_is_opened_again()
    {
        var first = chain.Next();
        var second = chain.Next();
        using (var journal = Open(chain))
        {
            Assert.Throws<JournalException>(() => journal.Commit(new JournalBatch { Finalized = [second] }));
            var refused = Assert.Throws<JournalException>(() => journal.Commit(new JournalBatch { Finalized = [first] }));
            Assert.Contains("opened again", refused.Message, StringComparison.Ordinal);
        }

        using var again = Open(chain);
        again.Commit(new JournalBatch { Finalized = [first, second] });
        Assert.Equal(2UL, again.FinalHeight);
    }

    [SkippableFact]
    public void Readers_see_a_batch_as_a_whole_while_others_are_stored()
    {
        var blocks = Enumerable.Range(0, 60).Select(_ => chain.Next(3)).ToArray();
        using var journal = OpenWithoutCache(chain);
        var stop = false;
        var wrong = new System.Collections.Concurrent.ConcurrentBag<string>();
        var readers = Enumerable.Range(0, 3).Select(reader => new Thread(() =>
        {
            try
            {
                var random = new Random(reader);
                while (!Volatile.Read(ref stop))
                {
                    var known = journal.FinalHeight;
                    var at = random.Next(blocks.Length);
                    var (block, height) = (blocks[at].Block, (ulong)at + 1);
                    var found = (journal.BlockAt(height)?.Block.Hash, journal.BlockBy(block.Hash)?.Block.Hash, journal.HeightOf(block.Hash), journal.Locate(block.Transactions[2].Id));
                    var final = journal.FinalHeight;
                    var here = ((Hash256?)block.Hash, (Hash256?)block.Hash, (ulong?)height, (TransactionPlace?)new TransactionPlace(height, 2));
                    if ((height <= known && found != here) || (height > final && found != (null, null, null, null)))
                    {
                        wrong.Add($"height {height} of {known} to {final}: {found}");
                    }
                }
            }
            catch (Exception failure)
            {
                wrong.Add(failure.ToString());
            }
        })).ToArray();
        Array.ForEach(readers, reader => reader.Start());
        foreach (var block in blocks)
        {
            journal.Commit(new JournalBatch { Finalized = [block] });
        }

        Volatile.Write(ref stop, true);
        Array.ForEach(readers, reader => reader.Join());
        Assert.Empty(wrong);
    }

    private void Refused(Finalization good, Finalization bad)
    {
        var name = "j" + Guid.NewGuid().ToString("N");
        using var journal = Open(chain, name);
        var before = journal.Load().Digest();
        var failure = Assert.Throws<JournalException>(() => journal.Commit(new JournalBatch { Finalized = [good, bad], Inputs = [TestChain.Input(9, 9, 9)] }));
        Assert.Contains(WhereOf(name), failure.Message, StringComparison.Ordinal);
        Assert.Equal(0UL, journal.FinalHeight);
        journal.Dispose();
        using var again = Open(chain, name);
        Assert.Equal(before, again.Load().Digest());
    }

    private static Certificate Prepares(Certificate certificate) =>
        new(certificate.Ballot with { Phase = Phase.Prepare }, certificate.Signers, certificate.Signatures);

    private static void Check(IJournal journal, List<Finalization> blocks, LuxTensor.Core.Finality.Evidence evidence)
    {
        Assert.Equal((ulong)blocks.Count, journal.FinalHeight);
        foreach (var (block, certificate, _, _) in blocks)
        {
            var stored = journal.BlockAt(block.Height)!;
            Assert.Equal(block.Encoded.ToArray(), stored.Block.Encoded.ToArray());
            Assert.Equal(certificate.Hash, stored.Certificate!.Hash);
            Assert.Equal(block.Hash, journal.BlockBy(block.Hash)!.Block.Hash);
            Assert.Equal(block.Height, journal.HeightOf(block.Hash));
            for (var i = 0; i < block.Transactions.Length; i++)
            {
                Assert.Equal(new TransactionPlace(block.Height, i), journal.Locate(block.Transactions[i].Id));
            }
        }

        Assert.Null(journal.BlockAt((ulong)blocks.Count + 1));
        Assert.Null(journal.BlockBy(Hash256.Zero));
        Assert.Null(journal.HeightOf(Hash256.Zero));
        Assert.Null(journal.Locate(Hash256.Zero));
        var contents = journal.Load();
        Assert.Equal(blocks[^1].Block.Header.StateRoot, contents.Ledger.Root);
        Assert.Empty(contents.Pool);
        Assert.Equal(ulong.MaxValue, Assert.Single(contents.Inputs).Height);
        Assert.Equal(evidence, Assert.Single(journal.Evidence(10)));
        Assert.Empty(journal.Evidence(0));
    }
}
