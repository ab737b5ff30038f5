using LuxTensor.Core;
using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Core.Transactions;

/// <summary>The pool against a list that does by scanning what MEM-1 to MEM-10 say.</summary>
public sealed class MempoolModelTests
{
    private const int Senders = 5;
    private const int Window = 5;

    [Fact]
    public void The_pool_does_what_a_list_would_do() => Seeds.Each(150, static random =>
    {
        var limits = new MempoolLimits(MaxBytes: random.Next(3_000, 15_000), MaxPerSender: Window);
        var accounts = Enumerable.Range(0, Senders).ToDictionary(Given.AddressOf, _ => new Account((ulong)random.Next(3), (UInt128)random.Next(30, 200)));
        var (model, pool) = (new Model(limits), Mempool.Empty(limits));
        for (var step = 0; step < 60; step++)
        {
            var ledger = Ledger.Empty.Apply([.. accounts.Select(static it => Ledger.Put(it.Key, it.Value))]);
            if (random.Next(8) == 0)
            {
                Advance(accounts, random);
                ledger = Ledger.Empty.Apply([.. accounts.Select(static it => Ledger.Put(it.Key, it.Value))]);
                (pool, var removed) = pool.AfterFinal(ledger, Given.Rules, [.. accounts.Keys.Select(Given.FromSender)]);
                Assert.Equal(model.AfterFinal(accounts), removed);
            }
            else
            {
                var transaction = Next(accounts, random);
                (pool, var outcome) = pool.Add(Given.Verified(transaction), ledger, Given.Rules);
                var left = model.Add(transaction, accounts[transaction.Sender]);
                Assert.Equal(left, outcome is MempoolOutcome.Added added ? added.Evicted : null);
            }

            Assert.Equal(model.Entries.Select(static it => it.Id), pool.InOrder().Select(static it => it.Id));
            Assert.Equal(model.Entries.Count, pool.Count);
            Assert.Equal(model.Entries.Sum(Mempool.WeightOf), pool.Bytes);
            Assert.True(pool.Bytes <= limits.MaxBytes);
            var room = random.Next(3_000);
            var selected = pool.Select(ledger, Given.Rules, room);
            Assert.Equal(model.Select(accounts, room), selected);
            Assert.IsType<ExecutionResult.Executed>(Execution.Run(ledger, Given.Rules, Given.AddressOf(60), null, selected));
        }
    });

    private static Transaction Next(Dictionary<Address, Account> accounts, Random random)
    {
        var from = random.Next(Senders);
        var nonce = accounts[Given.AddressOf(from)].Nonce + (ulong)random.Next(Window + 2);
        var fee = (UInt128)random.Next(1, 25);
        return random.Next(3) == 0
            ? Given.Data(from, random.Next(400), nonce == 0 ? 0 : nonce - (ulong)random.Next(2), fee)
            : Given.Transfer(from, random.Next(Senders), (UInt128)random.Next(30), nonce, fee);
    }

    private static void Advance(Dictionary<Address, Account> accounts, Random random)
    {
        foreach (var address in accounts.Keys.ToArray())
        {
            accounts[address] = new Account(accounts[address].Nonce + (ulong)random.Next(3), (UInt128)random.Next(20, 200));
        }
    }

    // In order of arrival, so the later of two equals is the one further back.
    private sealed class Model(MempoolLimits limits)
    {
        public List<Transaction> Entries { get; private set; } = [];

        public List<Transaction>? Add(Transaction offered, Account account)
        {
            var mine = Entries.Where(it => it.Sender == offered.Sender).ToList();
            var old = mine.Find(it => it.Nonce == offered.Nonce);
            if (Entries.Exists(it => it.Id == offered.Id) || offered.Nonce < account.Nonce || offered.Nonce >= account.Nonce + (ulong)limits.MaxPerSender
                || (old is not null && (offered.Fee * 10 < old.Fee * 11 || offered.Fee <= old.Fee))
                || mine.Where(it => it != old).Append(offered).Aggregate((UInt128)0, static (sum, it) => sum + it.Fee + it.Value) > account.Balance)
            {
                return null;
            }

            var left = old is null ? new List<Transaction>() : [old];
            var rest = Entries.Where(it => it != old).ToList();
            while (rest.Append(offered).Sum(Mempool.WeightOf) > limits.MaxBytes)
            {
                var worst = rest.OrderBy(static it => it.Fee).ThenByDescending(rest.IndexOf).FirstOrDefault();
                if (worst is null || worst.Fee >= offered.Fee || (worst.Sender == offered.Sender && worst.Nonce < offered.Nonce))
                {
                    return null;
                }

                var goes = rest.Where(it => it.Sender == worst.Sender && it.Nonce >= worst.Nonce).OrderBy(static it => it.Nonce).ToList();
                left.AddRange(goes);
                rest.RemoveAll(goes.Contains);
            }

            Entries = [.. rest, offered];
            return left;
        }

        public List<Hash256> AfterFinal(Dictionary<Address, Account> accounts)
        {
            var removed = new List<Transaction>();
            foreach (var (address, account) in accounts)
            {
                removed.AddRange(Entries.Where(it => it.Sender == address && it.Nonce < account.Nonce).OrderBy(static it => it.Nonce));
                var rest = Entries.Where(it => it.Sender == address && it.Nonce >= account.Nonce).OrderBy(static it => it.Nonce).ToList();
                while (rest.Aggregate((UInt128)0, static (sum, it) => sum + it.Fee + it.Value) > account.Balance)
                {
                    removed.Add(rest[^1]);
                    rest.RemoveAt(rest.Count - 1);
                }
            }

            Entries.RemoveAll(removed.Contains);
            return [.. removed.Select(static it => it.Id)];
        }

        public List<Transaction> Select(Dictionary<Address, Account> start, int room)
        {
            var accounts = new Dictionary<Address, Account>(start);
            var (selected, passedOver) = (new List<Transaction>(), new HashSet<Transaction>());
            while (true)
            {
                var best = Entries.Where(it => !passedOver.Contains(it) && it.Nonce == accounts[it.Sender].Nonce)
                    .OrderByDescending(static it => it.Fee).ThenBy(Entries.IndexOf).FirstOrDefault();
                if (best is null)
                {
                    return selected;
                }

                var (sender, cost) = (accounts[best.Sender], best.Fee + best.Value);
                if (best.Encoded.Length + 4 > room || cost > sender.Balance)
                {
                    passedOver.Add(best);
                    continue;
                }

                accounts[best.Sender] = new Account(sender.Nonce + 1, sender.Balance - cost);
                if (best.Body is TransactionBody.Transfer transfer)
                {
                    accounts[transfer.To] = accounts[transfer.To] with { Balance = accounts[transfer.To].Balance + transfer.Value };
                }

                selected.Add(best);
                room -= best.Encoded.Length + 4;
            }
        }
    }
}
