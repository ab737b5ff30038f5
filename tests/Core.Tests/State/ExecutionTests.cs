using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Core.State;

public sealed class ExecutionTests
{
    private const int Proposer = 9;

    [Fact]
    public void EXE_5_a_transfer_moves_its_value_and_pays_its_fee()
    {
        var after = Run(Given.Ledger((1, 100)), Given.Transfer(1, 2, value: 30, fee: 5)).After;
        Assert.Equal(new Account(1, 65), after.GetAccount(Given.AddressOf(1)));
        Assert.Equal(new Account(0, 30), after.GetAccount(Given.AddressOf(2)));
        Assert.Equal(new Account(0, 5), after.GetAccount(Given.AddressOf(Proposer)));
    }

    [Fact]
    public void EXE_5_a_transfer_to_oneself_costs_its_fee()
    {
        var after = Run(Given.Ledger((1, 100)), Given.Transfer(1, 1, value: 95, fee: 5)).After;
        Assert.Equal(new Account(1, 95), after.GetAccount(Given.AddressOf(1)));
    }

    [Fact]
    public void EXE_5_data_changes_nothing_but_what_its_sender_pays()
    {
        var executed = Run(Given.Ledger((1, 100)), Given.Data(1, bytes: 50, fee: 7));
        Assert.Equal(new Account(1, 93), executed.After.GetAccount(Given.AddressOf(1)));
        Assert.Equal(3, executed.Changes.Length); // the sender, the proposer and the totals
    }

    [Fact]
    public void EXE_5_what_came_in_can_be_spent_within_the_block()
    {
        var after = Run(Given.Ledger((1, 100)), Given.Transfer(1, 2, 50), Given.Transfer(2, 3, 49)).After;
        Assert.Equal(new Account(1, 0), after.GetAccount(Given.AddressOf(2)));
        Assert.Equal(new Account(0, 49), after.GetAccount(Given.AddressOf(3)));
    }

    [Fact]
    public void EXE_6_fees_are_the_proposers_after_the_last_transaction()
    {
        var ledger = Given.Ledger((1, 100));
        var rejected = Assert.IsType<ExecutionResult.Rejected>(
            Execution.Run(ledger, Given.Rules, Given.AddressOf(Proposer), null, [Given.Transfer(1, 2, 1, fee: 50), Given.Transfer(Proposer, 2, 1)]));
        Assert.Equal(new ExecutionResult.Rejected(1, new TransactionRejection.InsufficientBalance(2, 0)), rejected);

        // A proposer that sends has the fee of its own transaction back.
        var own = Execution.Run(ledger, Given.Rules, Given.AddressOf(1), null, [Given.Transfer(1, 2, 10, fee: 50)]);
        Assert.Equal(new Account(1, 90), Assert.IsType<ExecutionResult.Executed>(own).After.GetAccount(Given.AddressOf(1)));
    }

    [Fact]
    public void EXE_7_one_that_cannot_be_executed_makes_the_block_invalid_and_is_named()
    {
        var result = Execution.Run(
            Given.Ledger((1, 100)), Given.Rules, Given.AddressOf(Proposer), null, [Given.Transfer(1, 2, 1), Given.Transfer(1, 2, 1, nonce: 2), Given.Transfer(1, 2, 1, nonce: 1)]);
        Assert.Equal(new ExecutionResult.Rejected(1, new TransactionRejection.NonceGap(1, 2)), result);
    }

    [Fact]
    public void EXE_8_a_leaf_is_written_once_in_order_of_key_and_only_where_it_differs()
    {
        var ledger = Given.Ledger((1, 100), (2, 100), (3, 100));
        var executed = Run(
            ledger,
            [
                Given.Transfer(1, 2, 10), Given.Transfer(2, 1, 10), Given.Transfer(1, 4, 0, nonce: 1), Given.Transfer(1, 2, 1, nonce: 2),
                .. Enumerable.Range(20, 8).Select(static i => Given.Transfer(2, i, 1, nonce: (ulong)i - 19)),
            ]);
        Hash256[] keys = [.. executed.Changes.Select(static it => it.Key)];
        Assert.Equal(Enumerable.Range(20, 8).Append(1).Append(2).Append(Proposer).Select(static i => Ledger.KeyOfAccount(Given.AddressOf(i)))
            .Append(Ledger.KeyOfTotals).Order(), keys);
        Assert.Equal(executed.After.Root, ledger.Apply(executed.Changes).Root);
        Assert.Equal(13, executed.After.Count); // nothing was given to account 4: it has no leaf

        var nothing = Run(ledger);
        Assert.Equal([Ledger.KeyOfTotals], nothing.Changes.Select(static it => it.Key)); // the height
    }

    [Fact]
    public void EXE_9_no_block_changes_the_sum_of_balances_and_execution_is_that_of_a_dictionary() => Seeds.Each(100, static random =>
    {
        const int Accounts = 8;
        var model = Enumerable.Range(0, Accounts).ToDictionary(Given.AddressOf, _ => new Account(0, (UInt128)random.Next(200)));
        var ledger = Ledger.Empty.Apply([.. model.Where(static it => it.Value.Balance > 0).Select(static it => Ledger.Put(it.Key, it.Value))]);
        for (var block = 0; block < 10; block++)
        {
            var proposer = Given.AddressOf(random.Next(Accounts));
            var (next, fees) = (new Dictionary<Address, Account>(model), (UInt128)0);
            var transactions = ImmutableArray.CreateBuilder<Transaction>();
            int? fails = null;
            for (var i = 0; i < 6; i++)
            {
                var (from, to) = (random.Next(Accounts), random.Next(Accounts));
                var (value, fee) = ((UInt128)random.Next(60), (UInt128)random.Next(1, 20));
                var sender = next[Given.AddressOf(from)];
                transactions.Add(Given.Transfer(from, to, value, sender.Nonce, fee));
                if (sender.Balance < value + fee)
                {
                    fails ??= i;
                    break;
                }

                next[Given.AddressOf(from)] = new Account(sender.Nonce + 1, sender.Balance - value - fee);
                next[Given.AddressOf(to)] = next[Given.AddressOf(to)] with { Balance = next[Given.AddressOf(to)].Balance + value };
                fees += fee;
            }

            switch (Execution.Run(ledger, Given.Rules, proposer, null, transactions.ToImmutable()))
            {
                case ExecutionResult.Rejected rejected:
                    Assert.Equal(fails, rejected.Index);
                    Assert.IsType<TransactionRejection.InsufficientBalance>(rejected.Why);
                    break;
                case ExecutionResult.Executed executed:
                    Assert.Null(fails);
                    next[proposer] = next[proposer] with { Balance = next[proposer].Balance + fees };
                    Assert.Equal(Sum(model), Sum(next));
                    (model, ledger) = (next, executed.After);
                    Assert.All(model, it => Assert.Equal(it.Value, executed.After.GetAccount(it.Key)));
                    break;
            }
        }

        static UInt128 Sum(Dictionary<Address, Account> accounts) => accounts.Values.Aggregate((UInt128)0, static (sum, it) => sum + it.Balance);
    });

    public static TheoryData<string> Cases => [.. Refused.Keys];

    // TXN-3 to TXN-6, EXE-3, EXE-4: each refusal with its numbers, from account 1 with nonce 0 and 100 base units.
    private static readonly Dictionary<string, (Transaction Transaction, TransactionRejection Why)> Refused = new()
    {
        ["TXN-3"] = (Given.Transfer(1, 2, 1, chainId: 8), new TransactionRejection.WrongChain(7, 8)),
        ["TXN-4"] = (Given.Data(1, 200), new TransactionRejection.TooLarge(300, 334)),
        ["TXN-5"] = (Given.Transfer(1, 2, 1, fee: 1), new TransactionRejection.FeeTooLow(2, 1)),
        ["TXN-6"] = (Given.Transfer(1, 2, UInt128.MaxValue - 1, fee: 2), new TransactionRejection.AmountOverflow(2, UInt128.MaxValue - 1)),
        ["EXE-3 gap"] = (Given.Transfer(1, 2, 1, nonce: 1, fee: 2), new TransactionRejection.NonceGap(0, 1)),
        ["EXE-4"] = (Given.Transfer(1, 2, 99, fee: 2), new TransactionRejection.InsufficientBalance(101, 100)),
        ["EXE-3 used"] = (Given.Transfer(5, 2, 1, nonce: 6, fee: 2), new TransactionRejection.NonceTooLow(7, 6)),
        ["EXE-3 exhausted"] = (Given.Transfer(6, 2, 1, nonce: ulong.MaxValue, fee: 2), new TransactionRejection.NonceExhausted(ulong.MaxValue)),
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_refusal_names_the_rule_and_its_numbers(string name)
    {
        var rules = Given.Rules with { MinimumFee = 2, MaxTransactionBytes = 300 };
        var ledger = Given.Ledger((1, 100)).Apply(
            [Ledger.Put(Given.AddressOf(5), new Account(7, 100)), Ledger.Put(Given.AddressOf(6), new Account(ulong.MaxValue, 100))]);
        var (transaction, why) = Refused[name];
        Assert.Equal(why, Execution.Check(ledger, rules, transaction));
        Assert.Equal(new ExecutionResult.Rejected(0, why), Execution.Run(ledger, rules, Given.AddressOf(Proposer), null, [transaction]));
    }

    [Fact]
    public void The_last_value_that_is_allowed_passes()
    {
        var rules = Given.Rules with { MinimumFee = 2, MaxTransactionBytes = 334 };
        var ledger = Given.Ledger((1, 100));
        Assert.Null(Execution.Check(ledger, rules, Given.Transfer(1, 2, 98, fee: 2))); // EXE-4, TXN-5
        Assert.Null(Execution.Check(ledger, rules, Given.Data(1, 200, fee: 2))); // TXN-4
        var late = Ledger.Empty.Apply([Ledger.Put(Given.AddressOf(1), new Account(ulong.MaxValue - 1, 100))]);
        Assert.Null(Execution.Check(late, rules, Given.Transfer(1, 2, 1, nonce: ulong.MaxValue - 1, fee: 2))); // EXE-3
    }

    [Fact]
    public void Every_rejection_has_a_message_with_its_numbers()
    {
        var key = Given.Key(1).PublicKey;
        TransactionRejection[] all =
        [
            new TransactionRejection.Malformed(WireFault.TooLong), new TransactionRejection.WrongChain(71, 72), new TransactionRejection.TooLarge(71, 72),
            new TransactionRejection.FeeTooLow(71, 72), new TransactionRejection.AmountOverflow(71, 72), new TransactionRejection.NonceTooLow(71, 72),
            new TransactionRejection.NonceGap(71, 72), new TransactionRejection.NonceTooFar(71, 72), new TransactionRejection.NonceExhausted(71),
            new TransactionRejection.InsufficientBalance(71, 72), new TransactionRejection.SenderNotAdmissible(key),
            new TransactionRejection.BadSignature(Given.AddressOf(1)), new TransactionRejection.ReplacementUnderpriced(71, 72),
            new TransactionRejection.PoolFull(71), new TransactionRejection.BadEvidence(Given.AddressOf(1)),
            new TransactionRejection.ValidatorExists(Given.AddressOf(1), Standing.Jailed), new TransactionRejection.ValidatorUnknown(Given.AddressOf(1)),
            new TransactionRejection.StakeBelowMinimum(71, 72), new TransactionRejection.NothingToAdd(Given.AddressOf(1)),
            new TransactionRejection.AlreadyLeaving(Given.AddressOf(1), 71), new TransactionRejection.LastValidator(Given.AddressOf(1)),
            new TransactionRejection.NotJailed(Given.AddressOf(1), Standing.Active), new TransactionRejection.StillInSet(Given.AddressOf(1), 71, 72),
            new TransactionRejection.NotWithdrawable(Given.AddressOf(1), 71, 72), new TransactionRejection.RemovedForGood(Given.AddressOf(1)),
            new TransactionRejection.WrongEvidenceEpoch(71, 72, 73), new TransactionRejection.EvidenceTooOld(71, 72),
            new TransactionRejection.EvidenceTooEarly(71, 72), new TransactionRejection.EvidenceKnown(Given.AddressOf(1), Hash256.Zero),
            new TransactionRejection.AlreadyPunished(Given.AddressOf(1)),
        ];
        Assert.Equal(typeof(TransactionRejection).GetNestedTypes().Length, all.Select(static it => it.GetType()).Distinct().Count());
        Assert.Equal(all.Length, all.Select(static it => it.Message).Distinct().Count());
        Assert.All(all, static it => Assert.All(
            it.GetType().GetProperties().Where(static property => property.Name != "Message"),
            property => Assert.Contains(property.GetValue(it)!.ToString()!, it.Message, StringComparison.Ordinal)));
    }

    private static ExecutionResult.Executed Run(Ledger ledger, params ImmutableArray<Transaction> transactions) =>
        Assert.IsType<ExecutionResult.Executed>(Execution.Run(ledger, Given.Rules, Given.AddressOf(Proposer), null, transactions));
}
