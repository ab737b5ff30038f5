using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.State;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Core.Primitives;

public sealed class GenesisTests
{
    private const ulong Time = 1_700_000_000_000;

    private static readonly UInt128 Limit = UInt128.One << 120;

    [Fact]
    public void GEN_7_block_0_stands_on_the_genesis_hash()
    {
        var genesis = Given.Genesis(validators: 4, accounts: 3);
        var header = genesis.Block.Header;
        Assert.Equal((Given.ChainId, 0ul, 0u, Time, 0ul), (header.ChainId, header.Height, header.Round, header.Time, header.Epoch));
        Assert.Equal(genesis.Hash, header.Parent);
        Assert.Equal(default, header.Proposer);
        Assert.Equal(genesis.Ledger.Root, header.StateRoot);
        Assert.Equal(Block.RootOf([]), header.TransactionsRoot);
        Assert.Equal((genesis.EpochZero.Hash, genesis.EpochZero.Hash), (header.ValidatorSetHash, header.NextValidatorSetHash));
        Assert.True(header.CertificateHash.IsZero);
        Assert.Null(genesis.Block.Certificate);
        Assert.Empty(genesis.Block.Transactions);
    }

    [Fact]
    public void GEN_7_the_state_holds_the_accounts_and_the_validators_in_their_order()
    {
        var genesis = Given.Genesis(validators: 4, accounts: 3);
        Assert.Equal(Enumerable.Range(0, 4).Select(Given.AddressOf), genesis.EpochZero.Validators.Select(static it => it.Address));
        Assert.Equal((0ul, (UInt128)400), (genesis.EpochZero.Epoch, genesis.EpochZero.TotalStake));
        Assert.All(genesis.EpochZero.Validators, it => Assert.Equal(it.Stake, genesis.Ledger.GetValidator(it.Address)!.Stake));
        Assert.All(Enumerable.Range(10, 3), i => Assert.Equal(new Account(0, 1_000), genesis.Ledger.GetAccount(Given.AddressOf(i))));
        Assert.Equal(9, genesis.Ledger.Count); // with totals and duties
        Assert.Equal(genesis.Ledger.Root, Ledger.Empty.Apply(genesis.Changes).Root);
    }

    [Fact]
    public void GEN_2_accounts_may_come_in_any_order_validators_may_not()
    {
        var (validators, accounts) = Parts();
        var genesis = Make(Given.Rules, validators, accounts);
        var hash = genesis.Hash;
        Assert.Equal(Sha256.Hash([.. "LuxTensor/genesis/1"u8, .. genesis.Encoded.Span]), hash);
        Assert.Equal(hash, Make(Given.Rules, validators, [.. accounts.Reverse()]).Hash);
        Assert.NotEqual(hash, Make(Given.Rules, [.. validators.Reverse()], accounts).Hash);
    }

    [Fact]
    public void GEN_2_another_value_of_anything_is_another_hash()
    {
        var (validators, accounts) = Parts();
        var rules = Given.Rules with { RunAhead = 30 }; // in the middle of its range, as every other is
        var hashes = new List<Hash256>
        {
            Make(rules, validators, accounts).Hash,
            Make(rules, validators, accounts, Time + 1).Hash,
            Make(rules, validators.SetItem(0, validators[0] with { Stake = 101 }), accounts).Hash,
            Make(rules, validators, accounts.SetItem(0, accounts[0] with { Balance = 1 })).Hash,
            Make(rules, validators, accounts.RemoveAt(0)).Hash,
        };

        // Every rule there is: one that is forgotten in the encoding, gives the hash of the unchanged rules.
        foreach (var property in typeof(ChainRules).GetProperties().Where(static it => it.CanWrite))
        {
            var changed = rules with { };
            object other = property.GetValue(changed) switch
            {
                ulong value => value == 64 ? value - 1 : value + 1,
                int value => value - (value == 100 ? 1 : -1),
                UInt128 value => value + 1,
                var value => throw new InvalidOperationException($"{property.Name} has a type that this test does not know: {value}"),
            };
            property.SetValue(changed, other);
            hashes.Add(Make(changed, validators, accounts).Hash);
        }

        Assert.Equal(5 + 23, hashes.Count);
        Assert.Equal(hashes.Count, hashes.Distinct().Count());
    }

    [Fact]
    public void GEN_1_rules_are_decoded_as_they_were()
    {
        var rules = new ChainRules
        {
            ChainId = 9,
            EpochLength = 3,
            QuorumPercent = 70,
            BlockInterval = 5,
            RunAhead = 6,
            SafeDepth = 7,
            MaxReorganisation = 8,
            RoundTimeout = 9,
            RoundTimeoutStep = 10,
            ClockBound = 11,
            MaxBlockBytes = 1 << 16,
            MaxTransactionBytes = 1 << 10,
            MinimumFee = 12,
            MinimumStake = 13,
            MaxActiveValidators = 14,
        };
        var (validators, accounts) = Parts();
        Assert.True(Genesis.TryDecode(Make(rules, validators, accounts).Encoded.Span, out var decoded, out _));
        Assert.Equal(rules, decoded.Rules);
        Assert.Equal(validators.AsEnumerable(), decoded.Validators);
        Assert.Equal(accounts.OrderBy(static it => it.Address), decoded.Accounts);
        Assert.Equal(Time, decoded.Time);
    }

    public static TheoryData<string> Ranges => [.. OutOfRange.Keys];

    private static readonly Dictionary<string, Func<ChainRules, ChainRules>> OutOfRange = new()
    {
        ["ChainId zero"] = static it => it with { ChainId = 0 },
        ["ChainId over what JavaScript counts"] = static it => it with { ChainId = 1UL << 53 },
        ["EpochLength"] = static it => it with { EpochLength = 0 },
        ["QuorumPercent low"] = static it => it with { QuorumPercent = 66 },
        ["QuorumPercent high"] = static it => it with { QuorumPercent = 101 },
        ["QuorumPercent negative"] = static it => it with { QuorumPercent = -67 },
        ["BlockInterval"] = static it => it with { BlockInterval = 0 },
        ["RunAhead low"] = static it => it with { RunAhead = 0 },
        ["RunAhead high"] = static it => it with { RunAhead = 65 },
        ["MaxReorganisation below the run-ahead"] = static it => it with { RunAhead = 10, MaxReorganisation = 9 },
        ["MaxReorganisation high"] = static it => it with { MaxReorganisation = 65 },
        ["SafeDepth"] = static it => it with { SafeDepth = 0 },
        ["RoundTimeout"] = static it => it with { RoundTimeout = 0 },
        ["RoundTimeout long"] = static it => it with { RoundTimeout = 3_600_001 },
        ["RoundTimeoutStep"] = static it => it with { RoundTimeoutStep = 0 },
        ["ClockBound"] = static it => it with { ClockBound = 0 },
        ["MinimumFee"] = static it => it with { MinimumFee = Limit + 1 },
        ["MinimumStake"] = static it => it with { MinimumStake = 0 },
        ["MaxActiveValidators low"] = static it => it with { MaxActiveValidators = 0 },
        ["MaxActiveValidators high"] = static it => it with { MaxActiveValidators = 10_001 },
        ["ActivationDelay"] = static it => it with { ActivationDelay = 1 },
        ["ExitDelay"] = static it => it with { ExitDelay = 1 },
        ["WithdrawalDelay"] = static it => it with { WithdrawalDelay = 0 },
        ["EvidenceMaxAge"] = static it => it with { EvidenceMaxAge = 256 }, // as long as the withdrawal delay
        ["ChurnLimit"] = static it => it with { ChurnLimit = 0 },
        ["SlashPercent low"] = static it => it with { SlashPercent = 0 },
        ["SlashPercent high"] = static it => it with { SlashPercent = 101 },
        ["ReporterPercent"] = static it => it with { ReporterPercent = 101 },
        ["Subsidy"] = static it => it with { Subsidy = Limit + 1 },
        ["MaxTransactionBytes low"] = static it => it with { MaxTransactionBytes = WireLimits.ReportBytes - 1 },
        ["MaxTransactionBytes negative"] = static it => it with { MaxTransactionBytes = -1 },
        ["MaxBlockBytes high"] = static it => it with { MaxBlockBytes = (16 << 20) + 1 },
        ["MaxBlockBytes below 1 KiB"] = static it => it with { MaxBlockBytes = 1023, MaxTransactionBytes = 375, MaxActiveValidators = 1 },
        ["MaxBlockBytes too small for a transaction"] = static it => it with { MaxBlockBytes = Block.OverheadBytes(100) + 4 + (64 << 10) - 1 },
    };

    [Theory]
    [MemberData(nameof(Ranges))]
    public void GEN_3_a_rule_out_of_its_range_is_named_with_what_is_allowed(string name)
    {
        var (validators, accounts) = Parts();
        var rules = OutOfRange[name](Given.Rules);
        Assert.False(Genesis.TryCreate(rules, Time, validators, accounts, out var genesis, out var why));
        Assert.Null(genesis);
        var bad = Assert.IsType<GenesisRejection.BadRule>(why);
        Assert.Equal(name.Split(' ')[0], bad.Name);
        Assert.Equal(typeof(ChainRules).GetProperty(bad.Name)!.GetValue(rules)!.ToString(), bad.Value);
        Assert.Contains(" to ", bad.Allowed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(253_402_300_800_000ul)]
    public void GEN_3_the_time_is_one_that_a_calendar_has(ulong time)
    {
        var (validators, accounts) = Parts();
        Assert.False(Genesis.TryCreate(Given.Rules, time, validators, accounts, out _, out var why));
        Assert.Equal("Time", Assert.IsType<GenesisRejection.BadRule>(why).Name);
    }

    [Fact]
    public void GEN_3_the_ends_of_the_ranges_are_allowed()
    {
        var (validators, accounts) = Parts();
        Make(Given.Rules with { QuorumPercent = 100, RunAhead = 1, MaxReorganisation = 1, SafeDepth = 1, EpochLength = 1, MinimumFee = 0, MaxActiveValidators = 4 }, validators, accounts);
        Make(Given.Rules with { ChainId = (1UL << 53) - 1, MaxBlockBytes = 16 << 20, MaxActiveValidators = 10_000, RunAhead = 64 }, validators, accounts, 253_402_300_799_999);
        Make(Given.Rules with { MaxBlockBytes = Block.OverheadBytes(100) + 4 + (64 << 10) }, validators, accounts);
    }

    [Fact]
    public void GEN_4_validators_are_some_distinct_admissible_and_staked()
    {
        var (validators, accounts) = Parts();
        var (first, second) = (validators[0], validators[1]);
        var identity = new PublicKey([1, .. new byte[31]]);
        Assert.IsType<GenesisRejection.NoValidators>(Why([]));
        Assert.IsType<GenesisRejection.NoValidators>(Why(default));
        Assert.Equal(new GenesisRejection.TooManyValidators(1, 2), Why([first, second], Given.Rules with { MaxActiveValidators = 1 }));
        Assert.Equal(new GenesisRejection.DuplicateValidator(first.Key, 0, 2), Why([first, second, first with { Stake = 7 }]));
        Assert.Equal(new GenesisRejection.StakeBelowMinimum(second.Key, 50, 49), Why([first, second with { Stake = 49 }], Given.Rules with { MinimumStake = 50 }));
        Assert.Equal(new GenesisRejection.StakeOverflow(second.Key, Limit), Why([first with { Stake = Limit }, second with { Stake = 1 }]));
        Assert.Equal(new GenesisRejection.StakeOverflow(first.Key, Limit), Why([first with { Stake = UInt128.MaxValue }, second]));
        Assert.Equal(new GenesisRejection.InadmissibleKey(1, identity), Why([first, new GenesisValidator(identity, 100)]));
        Assert.Null(Why([first with { Stake = Limit - 1 }, second with { Stake = 1 }], accounts: []));

        GenesisRejection? Why(ImmutableArray<GenesisValidator> list, ChainRules? rules = null, ImmutableArray<GenesisAccount>? accounts = null) =>
            Genesis.TryCreate(rules ?? Given.Rules, Time, list, accounts ?? Parts().Accounts, out _, out var why) ? null : why;
    }

    [Fact]
    public void GEN_5_and_GEN_6_accounts_are_distinct_funded_and_within_the_supply()
    {
        var (validators, accounts) = Parts(); // 400 staked
        var (first, second) = (accounts[0], accounts[1]);
        Assert.Equal(new GenesisRejection.DuplicateAccount(first.Address), Why([first, second, first with { Balance = 7 }]));
        Assert.Equal(new GenesisRejection.EmptyAccount(second.Address), Why([first, second with { Balance = 0 }]));
        Assert.Equal(new GenesisRejection.SupplyOverflow(Limit), Why([first with { Balance = Limit - 399 }]));
        Assert.Equal(new GenesisRejection.SupplyOverflow(Limit), Why([first with { Balance = UInt128.MaxValue }, second]));
        Assert.Null(Why([first with { Balance = Limit - 400 }]));
        Assert.Null(Why([]));
        Assert.Equal(
            new GenesisRejection.TooManyAccounts(400_000, 400_001),
            Why([.. Enumerable.Range(0, 400_001).Select(static i => new GenesisAccount(new Address([.. BitConverter.GetBytes(i), .. new byte[16]]), 1))]));

        GenesisRejection? Why(ImmutableArray<GenesisAccount> list) => Genesis.TryCreate(Given.Rules, Time, validators, list, out _, out var why) ? null : why;
    }

    [Fact]
    public void GEN_2_bytes_that_are_not_canonical_are_refused()
    {
        var bytes = Given.Genesis(1, 2).Encoded.ToArray();
        byte[] swapped = [.. bytes[..^72], .. bytes[^36..], .. bytes[^72..^36]];
        Assert.Equal(new GenesisRejection.Malformed(WireFault.NotCanonical), Why(swapped));
        Assert.Equal(new GenesisRejection.Malformed(WireFault.TrailingBytes), Why([.. bytes, 0]));
        Assert.Equal(new GenesisRejection.Malformed(WireFault.Truncated), Why(bytes[..^1]));
        Assert.Equal(new GenesisRejection.Malformed(WireFault.UnknownTag), Why([9, .. bytes[1..]]));
        Assert.Equal(new GenesisRejection.Malformed(WireFault.TooLong), Why(new byte[Genesis.MaxBytes + 1]));
        Assert.IsType<GenesisRejection.DuplicateAccount>(Why([.. bytes[..^72], .. bytes[^36..], .. bytes[^36..]]));

        static GenesisRejection? Why(byte[] bytes) => Genesis.TryDecode(bytes, out _, out var why) ? null : why;
    }

    [Fact]
    public void Every_rejection_has_a_message_with_its_values()
    {
        var (key, address) = (Given.Key(1).PublicKey, Given.AddressOf(1));
        GenesisRejection[] all =
        [
            new GenesisRejection.Malformed(WireFault.TooLong), new GenesisRejection.BadRule("RunAhead", "71", "1 to 64"), new GenesisRejection.NoValidators(),
            new GenesisRejection.TooManyValidators(71, 72), new GenesisRejection.DuplicateValidator(key, 71, 72), new GenesisRejection.InadmissibleKey(71, key),
            new GenesisRejection.StakeBelowMinimum(key, 71, 72), new GenesisRejection.StakeOverflow(key, 71), new GenesisRejection.TooManyAccounts(71, 72),
            new GenesisRejection.DuplicateAccount(address), new GenesisRejection.EmptyAccount(address), new GenesisRejection.SupplyOverflow(71),
        ];
        Assert.Equal(typeof(GenesisRejection).GetNestedTypes().Length, all.Select(static it => it.GetType()).Distinct().Count());
        Assert.Equal(all.Length, all.Select(static it => it.Message).Distinct().Count());
        Assert.All(all, static it => Assert.All(
            it.GetType().GetProperties().Where(static property => property.Name != "Message"),
            property => Assert.Contains(property.GetValue(it)!.ToString()!, it.Message, StringComparison.Ordinal)));
    }

    private static (ImmutableArray<GenesisValidator> Validators, ImmutableArray<GenesisAccount> Accounts) Parts() => (
        [.. Enumerable.Range(0, 4).Select(static i => new GenesisValidator(Given.Key(i).PublicKey, 100))],
        [.. Enumerable.Range(10, 3).Select(static i => new GenesisAccount(Given.AddressOf(i), 1_000))]);

    private static Genesis Make(
        ChainRules rules, ImmutableArray<GenesisValidator> validators, ImmutableArray<GenesisAccount> accounts, ulong time = Time) =>
        Genesis.TryCreate(rules, time, validators, accounts, out var genesis, out var why) ? genesis : throw new InvalidOperationException(why.Message);
}
