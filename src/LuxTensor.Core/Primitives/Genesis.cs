using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.State;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Core;

/// <summary>A validator of the first epoch; the order of the list gives it its index.</summary>
/// <param name="Key">Its Ed25519 key.</param>
/// <param name="Stake">Base units.</param>
public readonly record struct GenesisValidator(PublicKey Key, UInt128 Stake);

/// <summary>An account that exists from the start.</summary>
/// <param name="Address">Whose it is.</param>
/// <param name="Balance">Base units, more than 0.</param>
public readonly record struct GenesisAccount(Address Address, UInt128 Balance);

/// <summary>
/// The beginning of a chain: its rules, its first validators and its first accounts. Its <see cref="Hash"/> is the parent
/// of block 0, so chains that differ in anything here share no block (GEN-7).
/// </summary>
public sealed class Genesis
{
    /// <summary>Largest encoding that is read, bytes.</summary>
    public const int MaxBytes = 16 << 20;

    /// <summary>Most accounts: with as many validators as there can be, the encoding stays within <see cref="MaxBytes"/>.</summary>
    public const int MaxAccounts = 400_000;

    /// <summary>The most base units of a chain, staked and spendable together: no sum of them overflows (GEN-6).</summary>
    public static readonly UInt128 MaxSupply = UInt128.One << 120;

    private const ushort Version = 2;

    private Genesis(ChainRules rules, ulong time, ImmutableArray<GenesisValidator> validators, ImmutableArray<GenesisAccount> accounts)
    {
        Rules = rules;
        Time = time;
        Validators = validators;
        Accounts = accounts;
        Encoded = Encode(rules, time, validators, accounts);
        Hash = Sha256.Hash([.. Domain, .. Encoded.Span]);
        EpochZero = new EpochSnapshot(0, [.. validators.Select(static it => new EpochValidator(Address.Of(it.Key), it.Key, it.Stake))]);
        Changes = [.. ChangesOf(EpochZero, accounts).OrderBy(static change => change.Key)];
        Ledger = Ledger.From(Changes.Select(static it => KeyValuePair.Create(it.Key, it.Value)), Sets);
        Block = new Block(HeaderOf(this), null, []);
    }

    /// <summary>The numbers on which all nodes agree.</summary>
    public ChainRules Rules { get; }

    /// <summary>The time of block 0, milliseconds since 1970 UTC.</summary>
    public ulong Time { get; }

    /// <summary>The validators of epoch 0, by index.</summary>
    public ImmutableArray<GenesisValidator> Validators { get; }

    /// <summary>The accounts, in order of address.</summary>
    public ImmutableArray<GenesisAccount> Accounts { get; }

    /// <summary>The canonical encoding.</summary>
    public ReadOnlyMemory<byte> Encoded { get; }

    /// <summary>SHA-256 of a domain tag and the canonical encoding (GEN-2).</summary>
    public Hash256 Hash { get; }

    /// <summary>The snapshot of epoch 0.</summary>
    public EpochSnapshot EpochZero { get; }

    /// <summary>The sets fixed with the genesis, all the same: up to the one after that of block 1 (EPO-4).</summary>
    public ImmutableArray<EpochSnapshot> Sets => Rules.EpochOf(1) == 0
        ? [EpochZero, EpochZero.For(1)]
        : [EpochZero, EpochZero.For(1), EpochZero.For(2)];

    /// <summary>The leaves of <see cref="Ledger"/>, in order of key.</summary>
    public ImmutableArray<StateChange> Changes { get; }

    /// <summary>The state that block 0 has: the accounts, and the validators registered.</summary>
    public Ledger Ledger { get; }

    /// <summary>Block 0: height 0, no proposer, no certificate, no transactions; final by definition.</summary>
    public Block Block { get; }

    private static ReadOnlySpan<byte> Domain => "LuxTensor/genesis/1"u8;

    /// <summary>Makes a genesis, or says what is wrong with the first thing that is. Accounts may come in any order.</summary>
    public static bool TryCreate(
        ChainRules rules,
        ulong time,
        ImmutableArray<GenesisValidator> validators,
        ImmutableArray<GenesisAccount> accounts,
        [NotNullWhen(true)] out Genesis? genesis,
        [NotNullWhen(false)] out GenesisRejection? why)
    {
        validators = validators.IsDefault ? [] : validators;
        accounts = accounts.IsDefault ? [] : accounts.Sort(static (x, y) => x.Address.CompareTo(y.Address));
        why = GenesisRules.Check(rules, time) ?? CheckValidators(rules, validators, out var staked) ?? CheckAccounts(accounts, staked);
        genesis = why is null ? new Genesis(rules, time, validators, accounts) : null;
        return genesis is not null;
    }

    /// <summary>Reads exactly one genesis of at most <see cref="MaxBytes"/> and checks it as <see cref="TryCreate"/> does.</summary>
    public static bool TryDecode(
        ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Genesis? genesis, [NotNullWhen(false)] out GenesisRejection? why)
    {
        genesis = null;
        var reader = new WireReader(bytes);
        if (bytes.Length > MaxBytes)
        {
            reader.Fail(WireFault.TooLong);
        }

        if (reader.UInt16() != Version)
        {
            reader.Fail(WireFault.UnknownTag);
        }

        var rules = GenesisRules.Read(ref reader);
        var time = reader.UInt64();
        var validators = new GenesisValidator[reader.Count(WireLimits.MaxValidators, PublicKey.Size + 16)];
        for (var i = 0; i < validators.Length; i++)
        {
            validators[i] = new GenesisValidator(reader.Key(), reader.UInt128());
        }

        var accounts = new GenesisAccount[reader.Count(MaxAccounts, Address.Size + 16)];
        for (var i = 0; i < accounts.Length; i++)
        {
            accounts[i] = new GenesisAccount(reader.Address(), reader.UInt128());
            if (i > 0 && accounts[i - 1].Address.CompareTo(accounts[i].Address) > 0)
            {
                reader.Fail(WireFault.NotCanonical);
            }
        }

        if (!reader.End())
        {
            why = new GenesisRejection.Malformed(reader.Fault);
            return false;
        }

        return TryCreate(rules, time, [.. validators], [.. accounts], out genesis, out why);
    }

    private static byte[] Encode(
        ChainRules rules, ulong time, ImmutableArray<GenesisValidator> validators, ImmutableArray<GenesisAccount> accounts)
    {
        var writer = new WireWriter(1024).UInt16(Version);
        GenesisRules.Write(writer, rules);
        writer.UInt64(time).UInt32((uint)validators.Length);
        foreach (var validator in validators)
        {
            writer.Key(validator.Key).UInt128(validator.Stake);
        }

        writer.UInt32((uint)accounts.Length);
        foreach (var account in accounts)
        {
            writer.Address(account.Address).UInt128(account.Balance);
        }

        return writer.ToArray();
    }

    /// <summary>VAL-1: the first validators are active from epoch 0 on, in the order of the list.</summary>
    private static IEnumerable<StateChange> ChangesOf(EpochSnapshot set, ImmutableArray<GenesisAccount> accounts)
    {
        var spendable = accounts.Aggregate(UInt128.Zero, static (sum, account) => sum + account.Balance);
        var totals = new Totals
        {
            Genesis = spendable + set.TotalStake,
            Spendable = spendable,
            Staked = set.TotalStake,
            NextSequence = (ulong)set.Validators.Length,
            Staying = set.Validators.Length,
            NewestSet = set.Hash,
        };
        return accounts.Select(static it => Ledger.Put(it.Address, new Account(0, it.Balance)))
            .Concat(set.Validators.Select(static (it, index) => Ledger.Put(
                new Validator { Key = it.Key, Stake = it.Stake, Standing = Standing.Active, Sequence = (ulong)index, From = 0 })))
            .Append(new StateChange(Ledger.KeyOfTotals, totals.Encode()))
            .Append(new StateChange(Ledger.KeyOfDuties, Duties.Open(set, 0).Encode()));
    }

    private static BlockHeader HeaderOf(Genesis genesis) => new()
    {
        ChainId = genesis.Rules.ChainId,
        Height = 0,
        Round = 0,
        Time = genesis.Time,
        Parent = genesis.Hash,
        Proposer = default,
        TransactionsRoot = Block.RootOf([]),
        StateRoot = genesis.Ledger.Root,
        Epoch = 0,
        ValidatorSetHash = genesis.EpochZero.Hash,
        NextValidatorSetHash = genesis.EpochZero.Hash,
        CertificateHash = Hash256.Zero,
    };

    private static GenesisRejection? CheckValidators(ChainRules rules, ImmutableArray<GenesisValidator> validators, out UInt128 staked)
    {
        staked = 0;
        if (validators.IsEmpty)
        {
            return new GenesisRejection.NoValidators();
        }

        if (validators.Length > rules.MaxActiveValidators)
        {
            return new GenesisRejection.TooManyValidators(rules.MaxActiveValidators, validators.Length);
        }

        var seen = new Dictionary<PublicKey, int>(validators.Length);
        for (var i = 0; i < validators.Length; i++)
        {
            var (key, stake) = validators[i];
            if (!seen.TryAdd(key, i))
            {
                return new GenesisRejection.DuplicateValidator(key, seen[key], i);
            }

            if (stake < rules.MinimumStake)
            {
                return new GenesisRejection.StakeBelowMinimum(key, rules.MinimumStake, stake);
            }

            if (stake > Quorum.MaxTotalStake || (staked += stake) > Quorum.MaxTotalStake)
            {
                return new GenesisRejection.StakeOverflow(key, Quorum.MaxTotalStake);
            }
        }

        for (var i = 0; i < validators.Length; i++) // last, because it costs most
        {
            if (!Ed25519.IsAdmissible(validators[i].Key))
            {
                return new GenesisRejection.InadmissibleKey(i, validators[i].Key);
            }
        }

        return null;
    }

    // Sorted: equal addresses are neighbours.
    private static GenesisRejection? CheckAccounts(ImmutableArray<GenesisAccount> accounts, UInt128 staked)
    {
        if (accounts.Length > MaxAccounts)
        {
            return new GenesisRejection.TooManyAccounts(MaxAccounts, accounts.Length);
        }

        var supply = staked;
        for (var i = 0; i < accounts.Length; i++)
        {
            var (address, balance) = accounts[i];
            if (i > 0 && accounts[i - 1].Address == address)
            {
                return new GenesisRejection.DuplicateAccount(address);
            }

            if (balance == 0)
            {
                return new GenesisRejection.EmptyAccount(address);
            }

            if (balance > MaxSupply || (supply += balance) > MaxSupply)
            {
                return new GenesisRejection.SupplyOverflow(MaxSupply);
            }
        }

        return null;
    }
}
