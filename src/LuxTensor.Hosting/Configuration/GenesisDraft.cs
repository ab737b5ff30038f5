using System.Globalization;
using LuxTensor.Core;
using LuxTensor.Crypto;

namespace LuxTensor.Hosting.Configuration;

/// <summary>
/// A genesis as it was written, each part with its line. The core names the first fault of a genesis; the draft says where
/// that is written, takes the part out and asks again, so that one reading finds every fault.
/// </summary>
internal sealed class GenesisDraft
{
    private const ulong Most = ulong.MaxValue;

    private readonly Section root;
    private readonly Section rulesSection;
    private readonly Problems problems;
    private readonly ulong? chainId;
    private readonly ulong? time;
    private readonly HashSet<string> dropped = new(StringComparer.OrdinalIgnoreCase);
    private readonly int listed;
    private readonly List<(int Line, GenesisValidator Value)> validators = [];
    private readonly List<(int Line, GenesisAccount Value)> accounts = [];

    private GenesisDraft(Section root, string folder, DateTimeOffset? now)
    {
        this.root = root;
        problems = root.Problems;
        rulesSection = root.Inner("rules");
        chainId = root.Integer("chainId", 1, (1UL << 53) - 1, required: true);
        time = ReadTime(root, now);
        listed = ReadValidators(folder, keystores: now is not null);
        ReadAccounts();
        _ = ReadRules();
        rulesSection.End();
    }

    /// <summary>The rules, in the order in which they are written.</summary>
    internal static IReadOnlyList<Rule> Rules { get; } =
    [
        Number("epochLength", static (rules, value) => rules with { EpochLength = value }, static rules => rules.EpochLength),
        Number(
            "quorumPercent", static (rules, value) => rules with { QuorumPercent = (int)value },
            static rules => (ulong)rules.QuorumPercent, int.MaxValue),
        Time("blockInterval", static (rules, value) => rules with { BlockInterval = value }, static rules => rules.BlockInterval),
        Number("runAhead", static (rules, value) => rules with { RunAhead = value }, static rules => rules.RunAhead),
        Number("safeDepth", static (rules, value) => rules with { SafeDepth = value }, static rules => rules.SafeDepth),
        Number(
            "maxReorganisation", static (rules, value) => rules with { MaxReorganisation = value },
            static rules => rules.MaxReorganisation),
        Time("roundTimeout", static (rules, value) => rules with { RoundTimeout = value }, static rules => rules.RoundTimeout),
        Time("roundTimeoutStep", static (rules, value) => rules with { RoundTimeoutStep = value }, static rules => rules.RoundTimeoutStep),
        Time("clockBound", static (rules, value) => rules with { ClockBound = value }, static rules => rules.ClockBound),
        Number(
            "maxBlockBytes", static (rules, value) => rules with { MaxBlockBytes = (int)value },
            static rules => (ulong)rules.MaxBlockBytes, int.MaxValue),
        Number(
            "maxTransactionBytes", static (rules, value) => rules with { MaxTransactionBytes = (int)value },
            static rules => (ulong)rules.MaxTransactionBytes, int.MaxValue),
        Sum("minimumFee", static (rules, value) => rules with { MinimumFee = value }, static rules => rules.MinimumFee),
        Sum("minimumStake", static (rules, value) => rules with { MinimumStake = value }, static rules => rules.MinimumStake),
        Number(
            "maxActiveValidators", static (rules, value) => rules with { MaxActiveValidators = (int)value },
            static rules => (ulong)rules.MaxActiveValidators, int.MaxValue),
        Number("activationDelay", static (rules, value) => rules with { ActivationDelay = value }, static rules => rules.ActivationDelay),
        Number("exitDelay", static (rules, value) => rules with { ExitDelay = value }, static rules => rules.ExitDelay),
        Number("withdrawalDelay", static (rules, value) => rules with { WithdrawalDelay = value }, static rules => rules.WithdrawalDelay),
        Number("evidenceMaxAge", static (rules, value) => rules with { EvidenceMaxAge = value }, static rules => rules.EvidenceMaxAge),
        Number(
            "churnLimit", static (rules, value) => rules with { ChurnLimit = (int)value }, static rules => (ulong)rules.ChurnLimit, int.MaxValue),
        Number(
            "slashPercent", static (rules, value) => rules with { SlashPercent = (int)value }, static rules => (ulong)rules.SlashPercent,
            int.MaxValue),
        Number(
            "reporterPercent", static (rules, value) => rules with { ReporterPercent = (int)value },
            static rules => (ulong)rules.ReporterPercent, int.MaxValue),
        Sum("subsidy", static (rules, value) => rules with { Subsidy = value }, static rules => rules.Subsidy),
    ];

    /// <summary>Whether enough was read to ask the core.</summary>
    internal bool IsReadable => chainId is not null && time is not null && !root.Problems.IsFull;

    /// <summary>Reads the parts; what is wrong with them goes to the section's problems.</summary>
    internal static GenesisDraft Read(Section root, string folder, DateTimeOffset? now) => new(root, folder, now);

    /// <summary>The genesis, or null and at least one problem.</summary>
    internal Genesis? Build()
    {
        while (!problems.IsFull)
        {
            var made = Genesis.TryCreate(
                ReadRules(), time!.Value, [.. validators.Select(static it => it.Value)], [.. accounts.Select(static it => it.Value)],
                out var genesis, out var why);
            if (made)
            {
                return problems.IsEmpty ? genesis : null;
            }

            if (why is GenesisRejection.NoValidators && listed > 0)
            {
                using var anyone = DevnetKeys.Account(0); // each of them is a problem already; the accounts are still to be looked at
                validators.Add((0, new GenesisValidator(anyone.PublicKey, ReadRules().MinimumStake)));
                continue;
            }

            if (!TakeOut(why!))
            {
                return null;
            }
        }

        return null;
    }

    // Says where a fault is and removes its cause; false where nothing is left to look at.
    private bool TakeOut(GenesisRejection why)
    {
        switch (why)
        {
            case GenesisRejection.BadRule it:
                return TakeOutRule(it);
            case GenesisRejection.DuplicateValidator it:
                return TakeOut(validators, it.Second, $"is the validator of line {validators[it.First].Line} again: key {it.Key}");
            case GenesisRejection.InadmissibleKey it:
                return TakeOut(validators, it.Index, $"has a key that is no admissible Ed25519 key: {it.Key}");
            case GenesisRejection.StakeBelowMinimum it:
                return TakeOut(
                    validators,
                    validators.FindIndex(entry => entry.Value.Key == it.Key),
                    $"has a stake of {Amount.Format(it.Stake)}: the least is {Amount.Format(it.Minimum)} (rules.minimumStake)");
            case GenesisRejection.StakeOverflow it:
                problems.Add(
                    validators.Find(entry => entry.Value.Key == it.Key).Line,
                    $"the stakes up to this validator are more than {Amount.Format(it.Limit)} tokens together");
                return false;
            case GenesisRejection.DuplicateAccount it:
                var first = accounts.FindIndex(entry => entry.Value.Address == it.Address);
                var second = accounts.FindIndex(first + 1, entry => entry.Value.Address == it.Address);
                return TakeOut(accounts, second, $"is the account of line {accounts[first].Line} again: {it.Address}");
            case GenesisRejection.EmptyAccount it:
                return TakeOut(
                    accounts, accounts.FindIndex(entry => entry.Value.Address == it.Address), "has a balance of 0: leave it out");
            case GenesisRejection.NoValidators or GenesisRejection.TooManyValidators:
                problems.Add(root.LineOf("validators"), $"validators: {why.Message}");
                return false;
            case GenesisRejection.TooManyAccounts or GenesisRejection.SupplyOverflow:
                problems.Add(root.LineOf("accounts"), $"accounts: {why.Message}");
                return false;
            default:
                problems.Add(0, why.Message);
                return false;
        }
    }

    private bool TakeOutRule(GenesisRejection.BadRule why)
    {
        var rule = Rules.FirstOrDefault(rule => rule.Key.Equals(why.Name, StringComparison.OrdinalIgnoreCase));
        var section = rule is null ? root : rulesSection;
        var key = rule?.Key ?? (why.Name == nameof(Genesis.Time) ? "time" : "chainId");
        section.Problems.Add(
            section.LineOf(key), $"{(rule is null ? "" : "rules.")}{key} is {why.Value}{rule?.Unit}; it must be {why.Allowed}{rule?.Unit}");
        return rule is not null && section.Has(rule.Key) && dropped.Add(rule.Key);
    }

    private bool TakeOut<T>(List<(int Line, T Value)> from, int index, string what)
    {
        problems.Add(from[index].Line, $"this entry {what}");
        from.RemoveAt(index);
        return true;
    }

    private ChainRules ReadRules()
    {
        var rules = new ChainRules { ChainId = chainId ?? 1 };
        foreach (var rule in Rules.Where(rule => !dropped.Contains(rule.Key)))
        {
            rules = rule.Read(rulesSection, rules);
        }

        return rules;
    }

    private static ulong? ReadTime(Section root, DateTimeOffset? now)
    {
        if (root.Has("time") || now is null)
        {
            return ReadTime(root);
        }

        _ = root.Text("time");
        return (ulong)now.Value.ToUnixTimeMilliseconds();
    }

    private static ulong? ReadTime(Section root)
    {
        if (root.IsNumber("time"))
        {
            return root.Integer("time", 1, long.MaxValue);
        }

        var written = root.Text("time", required: true);
        if (written is null)
        {
            return null;
        }

        if (DateTimeOffset.TryParse(written, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant)
            && instant > DateTimeOffset.UnixEpoch)
        {
            return (ulong)instant.ToUnixTimeMilliseconds();
        }

        root.Wrong("time", "must be a time after 1970 as in \"2026-01-01T00:00:00Z\"");
        return null;
    }

    private int ReadValidators(string folder, bool keystores)
    {
        var sections = root.Sections("validators");
        foreach (var section in sections)
        {
            var fromFile = keystores && section.File("keystore", folder) is { } path ? KeyOf(path, section) : null;
            if (fromFile is not null && section.Has("key"))
            {
                section.Wrong("key", "is given beside keystore: leave one of them out");
            }

            var key = section.Key("key", required: !keystores || !section.Has("keystore")) ?? fromFile;
            var stake = section.Units("stake", required: true);
            section.End();
            if (key is { } known && stake is { } units)
            {
                validators.Add((section.Line, new GenesisValidator(known, units)));
            }
        }

        return sections.Count;
    }

    private void ReadAccounts()
    {
        foreach (var section in root.Sections("accounts"))
        {
            var address = section.Account("address", required: true);
            var balance = section.Units("balance", required: true);
            section.End();
            if (address is { } known && balance is { } units)
            {
                accounts.Add((section.Line, new GenesisAccount(known, units)));
            }
        }
    }

    private static PublicKey? KeyOf(string keystore, Section section)
    {
        try
        {
            return Keystore.StatedPublicKey(KeystoreFile.Read(keystore));
        }
        catch (KeystoreException e)
        {
            section.Problems.Add(section.LineOf("keystore"), e.Message);
            return null;
        }
    }

    private static Rule Number(string key, Func<ChainRules, ulong, ChainRules> set, Func<ChainRules, ulong> get, ulong most = Most) => new(
        key, "", (section, rules) => section.Integer(key, 0, most) is { } value ? set(rules, value) : rules, rules => $"{get(rules)}");

    private static Rule Time(string key, Func<ChainRules, ulong, ChainRules> set, Func<ChainRules, ulong> get) => new(
        key, "ms", (section, rules) => section.Milliseconds(key) is { } value ? set(rules, value) : rules,
        rules => $"\"{Duration.Format(get(rules))}\"");

    private static Rule Sum(string key, Func<ChainRules, UInt128, ChainRules> set, Func<ChainRules, UInt128> get) => new(
        key, " units", (section, rules) => section.Units(key) is { } value ? set(rules, value) : rules,
        rules => $"\"{Amount.Write(get(rules))}\"");

    /// <summary>A rule of the chain: how it is read and written.</summary>
    internal sealed record Rule(string Key, string Unit, Func<Section, ChainRules, ChainRules> Read, Func<ChainRules, string> Write);
}
