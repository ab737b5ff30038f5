using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Core.Validators;

/// <summary>Random stakers, and a model that looks at everybody at every transition.</summary>
internal static class RandomLife
{
    private const int People = 16;

    /// <summary>Executes blocks with random actions, each of which the state allows, and checks the state against the model after each.</summary>
    public static void Run(StakeChain chain, Random random, int blocks)
    {
        for (var block = 0; block < blocks; block++)
        {
            var actions = new List<(int Who, TransactionBody Body)>();
            foreach (var who in Enumerable.Range(0, People).Where(_ => random.Next(4) == 0))
            {
                TransactionBody body = random.Next(8) switch
                {
                    0 or 1 => new TransactionBody.Stake((UInt128)random.Next(100, 2_000)),
                    2 => new TransactionBody.TopUp((UInt128)random.Next(1, 500)),
                    3 => new TransactionBody.Exit(),
                    4 => new TransactionBody.Withdraw(),
                    5 => new TransactionBody.Unjail(),
                    6 when random.Next(6) == 0 => chain.Offence(
                        random.Next(People), (ulong)long.Max(1, (long)chain.Ledger.Height - random.Next(24)), phase: (LuxTensor.Core.Voting.Phase)random.Next(3)),
                    _ => new TransactionBody.Transfer(Given.AddressOf(random.Next(People)), (UInt128)random.Next(5)),
                };

                // One that a block of these would refuse is left out, as a proposer does.
                var trial = Execution.Run(
                    chain.Ledger, chain.Chosen, Given.AddressOf(0), null, [.. actions.Append((who, body)).Select(action => chain.Sign(action.Item1, action.Item2))]);
                if (trial is ExecutionResult.Executed)
                {
                    actions.Add((who, body));
                }
            }

            int[] missing = random.Next(3) == 0 ? [random.Next(4)] : [chain.Epoch % 3 == 0 ? 2 : 60];
            var before = chain.Ledger;
            chain.Block(random.Next(10) == 0 ? LastOf(chain) : chain.Certificate(missing), [.. actions]);
            Check(chain, before);
        }
    }

    /// <summary>Every leaf of a state of this chain.</summary>
    public static List<KeyValuePair<Hash256, ReadOnlyMemory<byte>>> LeavesOf(StakeChain chain)
    {
        var ledger = chain.Ledger;
        var leaves = new List<StateChange>
        {
            new(Ledger.KeyOfTotals, ledger.Totals.Encode()), new(Ledger.KeyOfDuties, ledger.Duties!.Encode()),
        };
        for (var i = 0; i < 70; i++)
        {
            leaves.Add(Ledger.Put(Given.AddressOf(i), ledger.GetAccount(Given.AddressOf(i))));
            if (ledger.GetValidator(Given.AddressOf(i)) is { } validator)
            {
                leaves.Add(Ledger.Put(validator));
            }
        }

        return [.. leaves.Select(static leaf => KeyValuePair.Create(leaf.Key, leaf.Value))];
    }

    // The certificate that the branch has already, again: nobody knew a newer one.
    private static LuxTensor.Core.Voting.Certificate? LastOf(StakeChain chain)
    {
        var newest = chain.Ledger.Duties!.Newest;
        return newest == 0 || newest + chain.Chosen.RunAhead <= chain.Ledger.Height
            ? chain.Certificate()
            : new LuxTensor.Core.Voting.Certificate(
                new LuxTensor.Core.Voting.Ballot(chain.Chosen.ChainId, chain.Chosen.EpochOf(newest), newest, 0, LuxTensor.Core.Voting.Phase.Precommit, Hash256.Zero), [1], []);
    }

    private static void Check(StakeChain chain, Ledger before)
    {
        var (ledger, totals) = (chain.Ledger, chain.Ledger.Totals);
        var (spendable, staked) = chain.Count();
        Assert.Equal((spendable, staked), (totals.Spendable, totals.Staked));
        Assert.Equal(totals.Genesis + totals.Minted, spendable + staked + totals.Accrued + totals.Burned); // RWD-5
        Assert.Equal(totals.Accrued, ledger.Duties!.Accrued.Aggregate(UInt128.Zero, static (sum, it) => sum + it));
        Validator[] all = [.. Enumerable.Range(0, 70).Select(i => ledger.GetValidator(Given.AddressOf(i))).OfType<Validator>()];
        Assert.Equal(all.Count(static it => it.Standing == Standing.Active), totals.Staying);
        Assert.Equal(all.Where(static it => it.Standing == Standing.Waiting).OrderBy(static it => it.Sequence), ledger.Queue(0, 70));
        if (chain.Chosen.EndsEpoch(ledger.Height))
        {
            var expected = Naive(chain, before.Epochs.Newest, all);
            Assert.Equal(expected, [.. ledger.Epochs.Newest.Validators.Select(static it => (it.Address, it.Stake))]);
        }
        else
        {
            Assert.Same(before.Epochs.Newest, ledger.Epochs.Newest); // EPO-2: frozen
        }
    }

    /// <summary>VAL-1, VAL-8, VAL-9: the set of an epoch by looking at every validator after the transition.</summary>
    private static List<(LuxTensor.Core.Address Address, UInt128 Stake)> Naive(StakeChain chain, EpochSnapshot last, Validator[] all)
    {
        var epoch = last.Epoch + 1;
        var members = all.Where(it => it.Standing is Standing.Active or Standing.Jailed or Standing.Leaving && it.From <= epoch && epoch < it.Until)
            .OrderBy(static it => it.Sequence).ToList();
        var joined = members.Count(it => last.IndexOf(it.Address) < 0);
        Assert.InRange(joined, 0, chain.Chosen.ChurnLimit);
        Assert.InRange(members.Count, 0, chain.Chosen.MaxActiveValidators);
        if (all.Any(it => it.Standing == Standing.Waiting && it.From <= epoch))
        {
            Assert.True(joined == chain.Chosen.ChurnLimit || members.Count == chain.Chosen.MaxActiveValidators, "somebody eligible waits although there is room");
        }

        return members.Count > 0
            ? [.. members.Select(static it => (it.Address, it.Stake))]
            : [.. last.Validators.Select(static it => (it.Address, it.Stake))]; // VAL-10
    }
}
