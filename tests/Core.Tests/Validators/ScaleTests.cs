using LuxTensor.Core.State;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;
using LuxTensor.Tests.Benchmarks;

namespace LuxTensor.Tests.Core.Validators;

/// <summary>Many who are registered, and the largest set. Keys are made up: execution does not look at signatures.</summary>
public sealed class ScaleTests
{
    [Fact]
    public void VAL_9_a_transition_costs_what_changed_and_not_who_is_registered()
    {
        var few = new RegisteredChain(1_000, 100, epochs: 3);
        var many = new RegisteredChain(100_000, 100, epochs: 3);
        for (var epoch = 0; epoch < 3; epoch++)
        {
            var (fewBytes, manyBytes) = (Transit(few, changes: RegisteredChain.Churn), Transit(many, changes: RegisteredChain.Churn));
            if (epoch > 0) // the first one also allocates what is made once
            {
                Assert.InRange(manyBytes, 1, 3 * fewBytes); // whoever reads 100,000 validators allocates a hundred times as much
            }
        }

        Transit(many, changes: 0);
    }

    [Fact]
    public void VAL_9_ten_thousand_are_active_and_rotate()
    {
        var chain = new RegisteredChain(11_000, WireLimits.MaxValidators, epochs: 3);
        int[] missing = [17, 9_000, 9_999];
        for (var epoch = 0; epoch < 3; epoch++)
        {
            var last = chain.Ledger.Epochs.Newest;
            chain.Accept(chain.Run(chain.TakeChanges()));
            chain.Accept(chain.Run([], missing));
            chain.Accept(chain.Run([], missing));
            var expected = chain.FullPass();
            chain.Accept(chain.Run([], missing));
            var (ledger, totals) = (chain.Ledger, chain.Ledger.Totals);
            Assert.Equal(expected.Hash, ledger.Epochs.Newest.Hash);
            var jailed = chain.Everybody.Count(address => ledger.GetValidator(address)!.Standing == Standing.Jailed);
            Assert.Equal(epoch == 0 ? 0 : missing.Length, jailed); // VAL-7: when the next epoch's first certificate is in
            Assert.Equal(WireLimits.MaxValidators - jailed, ledger.Epochs.Newest.Validators.Length);
            Assert.Equal(RegisteredChain.Churn, ledger.Epochs.Newest.Validators.Count(it => last.IndexOf(it.Address) < 0));
            Assert.Equal(totals.Genesis + totals.Minted, totals.Spendable + totals.Staked + totals.Accrued + totals.Burned); // RWD-5
            Assert.Equal(totals.Accrued, ledger.Duties!.Accrued.Aggregate(UInt128.Zero, static (sum, it) => sum + it));
            Assert.Equal(ledger.Duties.Encode(), Duties.TryDecode(ledger.Duties.Encode(), ledger.Epochs)!.Encode());
            Assert.Equal(missing, Enumerable.Range(0, WireLimits.MaxValidators).Where(index => ledger.Duties.Missed[index] == 3));
        }
    }

    [Fact]
    public void WIR_2_ten_thousand_signatures_are_one_certificate()
    {
        var bitmap = new byte[WireLimits.MaxValidators / 8];
        Array.Fill(bitmap, (byte)0xff);
        var signature = new Signature(Enumerable.Range(0, Signature.Size).Select(static i => (byte)i).ToArray());
        var ballot = new Ballot(7, 1, 5, 0, Phase.Precommit, Sha256.Hash([1]));
        var writer = new WireWriter();
        new Certificate(ballot, [.. bitmap], [.. Enumerable.Repeat(signature, WireLimits.MaxValidators)]).Write(writer);
        Assert.Equal(Certificate.MaxBytes(WireLimits.MaxValidators), writer.Length);
        var reader = new WireReader(writer.Written);
        var read = Certificate.Read(ref reader);
        Assert.True(reader.End());
        Assert.True(read.HasSigned(WireLimits.MaxValidators - 1));
        Assert.Equal(WireLimits.MaxValidators, read.Signatures.Length);
    }

    /// <summary>Runs an epoch, checks what its last block wrote, and gives the bytes which that allocated.</summary>
    private static long Transit(RegisteredChain chain, int changes)
    {
        chain.Accept(chain.Run(changes > 0 ? chain.TakeChanges() : []));
        chain.Accept(chain.Run([]));
        chain.Accept(chain.Run([]));
        var (proposer, last) = (chain.Proposer, chain.Ledger.Epochs.Newest);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var block = chain.Run([]);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        chain.Accept(block);
        var set = block.After.Epochs.Newest;
        var joined = set.Validators.Where(it => last.IndexOf(it.Address) < 0).Select(static it => it.Address).ToArray();
        Assert.Equal(changes, joined.Length);
        Assert.Equal(changes == 0, set.Validators == last.Validators); // the same array
        Hash256[] expected = [Ledger.KeyOfTotals, Ledger.KeyOfDuties, Ledger.KeyOfAccount(proposer), .. joined.Select(Ledger.KeyOfValidator)];
        Assert.Equal(expected.Order(), block.Changes.Select(static change => change.Key));
        return allocated;
    }
}
