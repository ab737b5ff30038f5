using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using LuxTensor.Core;
using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>
/// The state of a chain in which many validators are registered, made up without the blocks that would have led there: the first
/// are active, of the others half wait, three in ten have withdrawn and two in ten are out and waiting for their stake. Who acts
/// has a real key, nobody else needs one. Certificates carry no signatures: execution does not look at them.
/// </summary>
internal sealed class RegisteredChain
{
    /// <summary>Exits, top-ups and new stakes, each, in an epoch with changes; as many join.</summary>
    public const int Churn = 4;

    private const ulong FirstEpoch = 300;
    private static readonly UInt128 Stake = 32 * ChainRules.Token;

    private readonly SigningKey[] actors; // of the set: Churn that top up, then those that leave, Churn an epoch
    private readonly SigningKey[] stakers; // not registered yet
    private int exits = Churn;
    private int stakes;

    public RegisteredChain(int registered, int active, int epochs)
    {
        Rules = new ChainRules
        {
            ChainId = 1337,
            EpochLength = 4,
            RunAhead = 4,
            MaxReorganisation = 4,
            MaxActiveValidators = active,
            ChurnLimit = Churn,
        };
        actors = [.. Enumerable.Range(0, Churn * (epochs + 1)).Select(static i => KeyOf(0, i))];
        stakers = [.. Enumerable.Range(0, (Churn * epochs) + 1).Select(static i => KeyOf(1, i))];
        Everybody = new Address[registered];
        (Ledger, From) = Restore(registered, active);
    }

    public ChainRules Rules { get; }

    /// <summary>The state after the last block.</summary>
    public Ledger Ledger { get; private set; }

    /// <summary>Addresses of the validators that were registered from the beginning.</summary>
    public Address[] Everybody { get; }

    /// <summary>How long <see cref="Ledger.From"/> took.</summary>
    public TimeSpan From { get; }

    /// <summary>Addresses of those that entered the queue since.</summary>
    public IEnumerable<Address> Newcomers => stakers.Take(stakes).Select(static key => Address.Of(key.PublicKey));

    /// <summary>The transactions of an epoch with changes.</summary>
    public ImmutableArray<Transaction> TakeChanges()
    {
        var list = ImmutableArray.CreateBuilder<Transaction>(3 * Churn);
        for (var i = 0; i < Churn; i++)
        {
            list.Add(Sign(actors[exits++], new TransactionBody.Exit()));
            list.Add(Sign(actors[i], new TransactionBody.TopUp(1)));
            list.Add(Sign(stakers[stakes++], new TransactionBody.Stake(Stake)));
        }

        return list.MoveToImmutable();
    }

    /// <summary>One new validator, which never acts otherwise.</summary>
    public Transaction OneStake() => Sign(stakers[^1], new TransactionBody.Stake(Stake));

    /// <summary>The proposer of the next block.</summary>
    public Address Proposer => Ledger.Epochs.Of(Rules.EpochOf(Ledger.Height + 1)).ProposerOf(Ledger.Height + 1, 0).Address;

    /// <summary>The next block on the state, with a certificate for the one below by all but those at these places of its set.</summary>
    public ExecutionResult.Executed Run(ImmutableArray<Transaction> transactions, params ReadOnlySpan<int> missing)
    {
        var height = Ledger.Height;
        var set = Ledger.Epochs.Of(Rules.EpochOf(height));
        var bitmap = new byte[(set.Validators.Length + 7) / 8];
        for (var i = 0; i < set.Validators.Length; i++)
        {
            bitmap[i / 8] |= (byte)(missing.Contains(i) ? 0 : 1 << (i % 8));
        }

        var certificate = new Certificate(new Ballot(Rules.ChainId, set.Epoch, height, 0, Phase.Precommit, Hash256.Zero), [.. bitmap], []);
        return Execution.Run(Ledger, Rules, Proposer, certificate, transactions) as ExecutionResult.Executed
            ?? throw new InvalidOperationException($"block {height + 1} cannot be executed");
    }

    public ExecutionResult.Executed Accept(ExecutionResult.Executed block)
    {
        Ledger = block.After;
        return block;
    }

    /// <summary>The next set by reading every registered validator, as VAL-1 and VAL-8 say it.</summary>
    public EpochSnapshot FullPass()
    {
        var epoch = Ledger.Epochs.Newest.Epoch + 1;
        var (members, eligible) = (new List<Validator>(), new List<Validator>());
        foreach (var address in Everybody.Concat(Newcomers))
        {
            var validator = Ledger.GetValidator(address)!;
            if (validator.Standing == Standing.Waiting && validator.From <= epoch)
            {
                eligible.Add(validator);
            }
            else if (validator.Standing is Standing.Active or Standing.Jailed or Standing.Leaving && validator.From <= epoch && epoch < validator.Until)
            {
                members.Add(validator);
            }
        }

        var room = int.Min(Rules.ChurnLimit, Rules.MaxActiveValidators - members.Count);
        members.AddRange(eligible.OrderBy(static it => it.Sequence).Take(room));
        return new EpochSnapshot(
            epoch, [.. members.OrderBy(static it => it.Sequence).Select(static it => new EpochValidator(it.Address, it.Key, it.Stake))]);
    }

    private Transaction Sign(SigningKey key, TransactionBody body) =>
        Transaction.Sign(Rules.ChainId, key, Ledger.GetAccount(Address.Of(key.PublicKey)).Nonce, 1, body);

    /// <summary>In a method of its own, so that the leaves are garbage when it has returned.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private (Ledger Ledger, TimeSpan Spent) Restore(int registered, int active)
    {
        var set = SetOf(active);
        ImmutableArray<EpochSnapshot> sets = [.. Enumerable.Range(-3, 5).Select(i => set.For((ulong)((long)FirstEpoch + i)))];
        var leaves = new List<KeyValuePair<Hash256, ReadOnlyMemory<byte>>>(registered + 1_000);
        void Add(StateChange leaf) => leaves.Add(KeyValuePair.Create(leaf.Key, leaf.Value));
        UInt128 staked = 0;
        for (var i = 0; i < registered; i++)
        {
            var validator = Made(i, set.Validators.Length);
            Everybody[i] = validator.Address;
            staked += validator.Stake;
            Add(Ledger.Put(validator));
        }

        var funds = 2 * Stake;
        foreach (var key in actors.Concat(stakers))
        {
            Add(Ledger.Put(Address.Of(key.PublicKey), new Account(0, funds)));
        }

        var spendable = funds * (UInt128)(actors.Length + stakers.Length);
        var height = (FirstEpoch * Rules.EpochLength) - 1;
        Add(new StateChange(Ledger.KeyOfDuties, Duties.Open(set.For(FirstEpoch - 1), height - 1).Encode()));
        Add(new StateChange(Ledger.KeyOfTotals, new Totals
        {
            Height = height,
            Genesis = spendable + staked,
            Spendable = spendable,
            Staked = staked,
            NextSequence = (ulong)registered,
            Staying = set.Validators.Length,
            NewestSet = set.Hash,
        }.Encode()));
        var started = Stopwatch.GetTimestamp();
        var ledger = Ledger.From(leaves, sets);
        return (ledger, Stopwatch.GetElapsedTime(started));
    }

    private EpochSnapshot SetOf(int active) => new(
        FirstEpoch, [.. Enumerable.Range(0, active).Select(i => Made(i, active)).Select(static it => new EpochValidator(it.Address, it.Key, it.Stake))]);

    private Validator Made(int number, int active)
    {
        var key = number < actors.Length && number < active ? actors[number].PublicKey : FakeKey(number);
        var made = new Validator { Key = key, Stake = Stake, Standing = Standing.Active, Sequence = (ulong)number, From = 10 };
        return number < active ? made : (number % 10) switch
        {
            < 5 => made with { Standing = Standing.Waiting, From = 200 },
            < 8 => made with { Standing = Standing.Withdrawn, Stake = 0, Until = 20, Withdrawable = 276 },
            _ => made with { Standing = Standing.Leaving, Until = 290, Withdrawable = 546 },
        };
    }

    private static PublicKey FakeKey(int number)
    {
        Span<byte> bytes = stackalloc byte[PublicKey.Size];
        bytes.Clear();
        BinaryPrimitives.WriteInt32BigEndian(bytes, number + 1);
        return new PublicKey(bytes);
    }

    private static SigningKey KeyOf(byte kind, int number)
    {
        Span<byte> seed = stackalloc byte[32];
        seed.Clear();
        seed[31] = kind;
        BinaryPrimitives.WriteInt32BigEndian(seed, number);
        return SigningKey.FromSeed(seed);
    }
}
