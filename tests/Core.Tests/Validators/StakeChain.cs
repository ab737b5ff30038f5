using LuxTensor.Core;
using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Core.Validators;

/// <summary>A chain's state, executed block by block. Certificates carry no signatures: execution does not look at them.</summary>
internal sealed class StakeChain
{
    public static readonly ChainRules Rules = new()
    {
        ChainId = Given.ChainId,
        EpochLength = 4,
        RunAhead = 4,
        MaxReorganisation = 4,
        MinimumStake = 100,
        MaxActiveValidators = 6,
        ChurnLimit = 2,
        WithdrawalDelay = 5,
        EvidenceMaxAge = 4,
        Subsidy = 1_000,
    };

    private readonly Dictionary<int, ulong> nonces = [];

    public StakeChain(ChainRules? rules = null, int validators = 4, UInt128? balance = null)
    {
        Chosen = rules ?? Rules;
        Genesis = LuxTensor.Core.Genesis.TryCreate(
            Chosen,
            1_700_000_000_000,
            [.. Enumerable.Range(0, validators).Select(static i => new GenesisValidator(Given.Key(i).PublicKey, 1_000))],
            [.. Enumerable.Range(0, 70).Select(i => new GenesisAccount(Given.AddressOf(i), balance ?? 100_000))],
            out var genesis,
            out var why) ? genesis : throw new InvalidOperationException(why.Message);
        Ledger = Genesis.Ledger;
    }

    public ChainRules Chosen { get; }

    public Genesis Genesis { get; }

    public Ledger Ledger { get; set; }

    public ulong Epoch => Chosen.EpochOf(Ledger.Height + 1);

    /// <summary>The set of the epoch of the next block.</summary>
    public EpochSnapshot Set => Ledger.Epochs.Of(Epoch);

    public Validator this[int who] => Ledger.GetValidator(Given.AddressOf(who))!;

    /// <summary>Whether a validator is in the set of an epoch.</summary>
    public bool IsIn(int who, ulong epoch) => Ledger.Epochs.Of(epoch).IndexOf(Given.AddressOf(who)) >= 0;

    public Transaction Sign(int who, TransactionBody body, UInt128? fee = null) => Transaction.Sign(
        Chosen.ChainId, Given.Key(who), Ledger.GetAccount(Given.AddressOf(who)).Nonce, fee ?? 1, body);

    /// <summary>Executes the next block: one transaction a sender, and a certificate for the height below.</summary>
    public StakeChain Block(params (int Who, TransactionBody Body)[] actions) => Block(CertificateOfAll(), actions);

    public StakeChain Block(Certificate? certificate, params (int Who, TransactionBody Body)[] actions)
    {
        var result = Execution.Run(
            Ledger, Chosen, Set.ProposerOf(Ledger.Height + 1, 0).Address, certificate, [.. actions.Select(action => Sign(action.Who, action.Body))]);
        Ledger = Assert.IsType<ExecutionResult.Executed>(result).After;
        return this;
    }

    /// <summary>Executes empty blocks up to and including the last one before an epoch.</summary>
    public StakeChain To(ulong epoch, params int[] missing)
    {
        while (Epoch < epoch)
        {
            Block(Certificate(missing));
        }

        return this;
    }

    /// <summary>Why the state refuses an action, or null.</summary>
    public TransactionRejection? Refusal(int who, TransactionBody body) => Execution.Check(Ledger, Chosen, Sign(who, body));

    public Certificate? CertificateOfAll() => Certificate();

    /// <summary>A certificate for the last block by everybody of its epoch but these.</summary>
    public Certificate? Certificate(params int[] missing)
    {
        var height = Ledger.Height;
        if (height == 0)
        {
            return null;
        }

        var set = Ledger.Epochs.Of(Chosen.EpochOf(height));
        var away = missing.Select(Given.AddressOf).ToHashSet();
        var bitmap = new byte[(set.Validators.Length + 7) / 8];
        for (var i = 0; i < set.Validators.Length; i++)
        {
            bitmap[i / 8] |= (byte)(away.Contains(set.Validators[i].Address) ? 0 : 1 << (i % 8));
        }

        return new Certificate(new Ballot(Chosen.ChainId, set.Epoch, height, 0, Phase.Precommit, Hash256.Zero), [.. bitmap], []);
    }

    /// <summary>Sums over every account and validator that there may be, beside the totals that the state claims.</summary>
    public (UInt128 Spendable, UInt128 Staked) Count()
    {
        (UInt128 Spendable, UInt128 Staked) sum = (0, 0);
        for (var i = 0; i < 70; i++)
        {
            sum.Spendable += Ledger.GetAccount(Given.AddressOf(i)).Balance;
            sum.Staked += Ledger.GetValidator(Given.AddressOf(i))?.Stake ?? 0;
        }

        return sum;
    }

    public TransactionBody Offence(int who, ulong height, ulong? epoch = null, Phase phase = Phase.Prepare, uint round = 0) => new TransactionBody.Report(
        Given.DoubleVote(
            who, new Ballot(Chosen.ChainId, epoch ?? Chosen.EpochOf(height), height, round, phase, Sha256.Hash([1])), Sha256.Hash([2])));
}
