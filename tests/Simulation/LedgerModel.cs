using System.Numerics;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using static LuxTensor.Tests.Simulation.Demands;

namespace LuxTensor.Tests.Simulation;

/// <summary>
/// Money and stakes computed again from the final blocks, in the plainest way: dictionaries, big integers, a full pass at
/// every step. Knows the rules from the specification and not from the code.
/// </summary>
internal sealed class LedgerModel
{
    private readonly World world;
    private readonly Func<Vote, bool> wasMade;
    private readonly Dictionary<Address, ulong> nonces = [];
    private readonly Dictionary<Address, BigInteger> balances = [];
    private readonly Dictionary<Address, BigInteger> stakes = [];
    private readonly Dictionary<Address, BigInteger> accrued = [];
    private readonly HashSet<Address> punished = [];
    private readonly HashSet<Address> everybody = [];
    private readonly BigInteger given;
    private readonly LifeModel life;
    private BigInteger minted, burned;
    private ulong dutiesEpoch;
    private BlockHeader parent;

    public LedgerModel(World world, Func<Vote, bool> wasMade)
    {
        this.world = world;
        this.wasMade = wasMade;
        parent = world.Genesis.Block.Header;
        foreach (var account in world.Genesis.Accounts)
        {
            Credit(account.Address, account.Balance);
        }

        foreach (var validator in world.Genesis.EpochZero.Validators)
        {
            stakes[validator.Address] = validator.Stake;
            everybody.Add(validator.Address);
        }

        given = Sum(balances) + Sum(stakes);
        life = new LifeModel(world, stakes);
    }

    private ChainRules Rules => world.Scenario.Rules;

    /// <summary>Takes the next final block and the state that the code under test gives it.</summary>
    public void Take(Block block, Ledger after)
    {
        CheckHeader(block.Header, after);
        Demand(
            block.Header.TransactionsRoot == RootOf([.. block.Transactions.Select(transaction => Sha256.Hash(transaction.Encoded.Span))])
                && block.Header.CertificateHash == (block.Certificate?.Hash ?? Hash256.Zero),
            Rule.BlocksAreValid,
            $"final block {block.Height} has another body than its header names");
        BigInteger fees = 0;
        foreach (var transaction in block.Transactions)
        {
            Apply(block.Height, transaction);
            fees += transaction.Fee;
        }

        Reward(block, fees, after.Totals.Minted - minted);
        var next = life.Finish(block);
        Compare(block.Height, after);
        if (next is not null)
        {
            CheckRotation(block.Height / Rules.EpochLength, after, next);
        }

        parent = block.Header;
    }

    private static BigInteger Sum(Dictionary<Address, BigInteger> amounts) => amounts.Values.Aggregate(BigInteger.Zero, (sum, amount) => sum + amount);

    private void CheckHeader(BlockHeader header, Ledger after)
    {
        var epoch = header.Height / Rules.EpochLength;
        var proposer = Draw(world.SetOf(epoch), header.Height, header.Round);
        Demand(
            header.Time >= parent.Time + Rules.BlockInterval && header.Epoch == epoch && header.Proposer == proposer
                && header.ValidatorSetHash == world.SetOf(epoch).Hash && header.StateRoot == after.Root,
            Rule.BlocksAreValid,
            $"final block {header.Height} of round {header.Round} is not what its place makes it: time {header.Time} after {parent.Time}, proposer {header.Proposer} for {proposer}, epoch {header.Epoch}");
    }

    /// <summary>RFC 9162, section 2.1, over ids that are hashes.</summary>
    private static Hash256 RootOf(ReadOnlySpan<Hash256> ids)
    {
        if (ids.Length <= 1)
        {
            return Sha256.Hash(ids.Length == 0 ? [] : [0, .. ids[0].ToArray()]);
        }

        var half = 1;
        while (half * 2 < ids.Length)
        {
            half *= 2;
        }

        return Sha256.Hash([1, .. RootOf(ids[..half]).ToArray(), .. RootOf(ids[half..]).ToArray()]);
    }

    private static Address Draw(EpochSnapshot set, ulong height, uint round)
    {
        var seed = new List<byte>("LuxTensor/draw/1"u8.ToArray());
        seed.AddRange(set.Hash.ToArray());
        seed.AddRange(BitConverter.GetBytes(height).Reverse());
        seed.AddRange(BitConverter.GetBytes(round).Reverse());
        var total = set.Validators.Aggregate(BigInteger.Zero, (sum, member) => sum + member.Stake);
        var ticket = new BigInteger(Sha256.Hash([.. seed]).ToArray().AsSpan(0, 16), isUnsigned: true, isBigEndian: true) % total;
        foreach (var member in set.Validators)
        {
            ticket -= member.Stake;
            if (ticket < 0)
            {
                return member.Address;
            }
        }

        return default;
    }

    private void Apply(ulong height, Transaction transaction)
    {
        var sender = transaction.Sender;
        BigInteger value = transaction.Body switch
        {
            TransactionBody.Transfer transfer => transfer.Value,
            TransactionBody.Stake stake => stake.Amount,
            TransactionBody.TopUp more => more.Amount,
            _ => UInt128.Zero,
        };
        var cost = transaction.Fee + value;
        Demand(
            transaction.ChainId == Rules.ChainId && Ed25519.Verify(transaction.SenderKey, transaction.SigningMessage(), transaction.Signature)
                && nonces.GetValueOrDefault(sender) == transaction.Nonce && balances.GetValueOrDefault(sender) >= cost
                && (transaction.Fee >= Rules.MinimumFee || transaction.Body is TransactionBody.Report),
            Rule.BlocksAreValid,
            $"final block {height} holds transaction {transaction.Id} of {sender}, nonce {transaction.Nonce}, cost {cost}, that cannot be executed at nonce {nonces.GetValueOrDefault(sender)} with {balances.GetValueOrDefault(sender)}");
        var why = life.Apply(height, transaction);
        Demand(why is null, Rule.StakesFollowTheRules, $"block {height} executes transaction {transaction.Id}, in which {sender} {why}");
        nonces[sender] = transaction.Nonce + 1;
        Credit(sender, -cost);
        switch (transaction.Body)
        {
            case TransactionBody.Transfer transfer:
                Credit(transfer.To, transfer.Value);
                break;
            case TransactionBody.Stake stake:
                Demand(
                    stakes.GetValueOrDefault(sender) == 0 && stake.Amount >= Rules.MinimumStake && !punished.Contains(sender),
                    Rule.StakesFollowTheRules,
                    $"block {height} lets {sender} stake {stake.Amount}");
                stakes[sender] = stake.Amount;
                break;
            case TransactionBody.TopUp more:
                Demand(stakes.GetValueOrDefault(sender) > 0 && more.Amount > 0 && !punished.Contains(sender), Rule.StakesFollowTheRules, $"block {height} lets {sender} top up");
                stakes[sender] += more.Amount;
                break;
            case TransactionBody.Withdraw:
                Credit(sender, stakes[sender]);
                stakes[sender] = 0;
                break;
            case TransactionBody.Report report:
                Punish(height, sender, report.Offence);
                break;
            default:
                break;
        }
    }

    private void Punish(ulong height, Address reporter, Core.Slashing.DoubleVote offence)
    {
        var (offender, ballot) = (offence.Offender, offence.Ballot);
        var epoch = height / Rules.EpochLength;
        var isTimely = ballot.Epoch == ballot.Height / Rules.EpochLength && ballot.Epoch + Rules.EvidenceMaxAge >= epoch && ballot.Height <= height + Rules.RunAhead;
        Demand(
            world.MayEquivocate(offender) && wasMade(offence.First) && wasMade(offence.Second) && isTimely
                && offence.First.Ballot.BlockHash != offence.Second.Ballot.BlockHash
                && offence.First.Ballot with { BlockHash = offence.Second.Ballot.BlockHash } == offence.Second.Ballot,
            Rule.PunishmentIsJust,
            $"block {height} punishes {offender} for {Wording.Of(offence.First)} and {Wording.Of(offence.Second)}, which is no double vote of its, or too old");
        Demand(punished.Add(offender), Rule.PunishmentIsJust, $"block {height} punishes {offender} once more");
        var penalty = stakes[offender] * Rules.SlashPercent / 100;
        var reward = penalty * Rules.ReporterPercent / 100;
        stakes[offender] -= penalty;
        burned += penalty - reward;
        Credit(reporter, reward);
        world.Coverage.Add(Seen.Punishments);
    }

    private void Reward(Block block, BigInteger fees, BigInteger subsidy)
    {
        var exact = (double)Rules.Subsidy * (1 + Math.Log(block.Height));
        Demand(Math.Abs((double)subsidy - exact) <= exact * 1e-9, Rule.SupplyIsConserved, $"block {block.Height} mints {subsidy}");
        minted += subsidy;
        var pot = subsidy + fees;
        var proposer = block.Header.Proposer;
        if (block.Certificate is not { } certificate)
        {
            Credit(proposer, pot);
            return;
        }

        var epoch = certificate.Height / Rules.EpochLength;
        if (epoch > dutiesEpoch)
        {
            dutiesEpoch = epoch;
            foreach (var (address, amount) in accrued)
            {
                Credit(address, amount);
            }

            accrued.Clear();
        }

        var members = world.SetOf(epoch).Validators;
        var signers = members.Where((_, index) => certificate.HasSigned(index)).ToArray();
        BigInteger own = world.SetOf(block.Height / Rules.EpochLength).Validators.Where(member => member.Address == proposer).Select(member => member.Stake).FirstOrDefault();
        var weight = signers.Aggregate(own, (sum, member) => sum + member.Stake);
        var rest = pot;
        foreach (var signer in signers)
        {
            var share = pot * signer.Stake / weight;
            rest -= share;
            accrued[signer.Address] = accrued.GetValueOrDefault(signer.Address) + share;
        }

        Credit(proposer, rest);
    }

    private void Compare(ulong height, Ledger after)
    {
        foreach (var address in everybody)
        {
            var (account, validator) = (after.GetAccount(address), after.GetValidator(address));
            Demand(
                account.Nonce == nonces.GetValueOrDefault(address) && balances.GetValueOrDefault(address) == account.Balance,
                Rule.SupplyIsConserved,
                $"after block {height} {address} has nonce {account.Nonce} and {account.Balance}, not {nonces.GetValueOrDefault(address)} and {balances.GetValueOrDefault(address)}");
            Demand(
                stakes.GetValueOrDefault(address) == (validator?.Stake ?? 0) && punished.Contains(address) == (validator?.IsSlashed ?? false),
                Rule.StakesFollowTheRules,
                $"after block {height} {address} has {validator?.Stake ?? 0} at stake (punished: {validator?.IsSlashed}), not {stakes.GetValueOrDefault(address)}");
        }

        foreach (var address in everybody)
        {
            var why = life.Compare(address, after.GetValidator(address));
            Demand(why is null, Rule.StakesFollowTheRules, $"after block {height} {address} {why}");
        }

        var totals = after.Totals;
        Demand(
            given + minted == Sum(balances) + Sum(stakes) + Sum(accrued) + burned && totals.Staked == Sum(stakes) && totals.Spendable == Sum(balances)
                && totals.Accrued == Sum(accrued) && totals.Burned == burned && totals.Genesis == given,
            Rule.SupplyIsConserved,
            $"after block {height}: given {given} and minted {minted}, spendable {Sum(balances)}, staked {Sum(stakes)}, accrued {Sum(accrued)}, burned {burned}; the state says {totals}");
    }

    /// <summary>VAL-1, VAL-9: the set of the epoch after the next is who the records say, whatever was handed on from the set before.</summary>
    private void CheckRotation(ulong epoch, Ledger after, IReadOnlyList<(PublicKey Key, BigInteger Stake)> expected)
    {
        var target = epoch + 2;
        Demand(
            world.SetOf(target).Validators.Select(member => (member.Key, (BigInteger)member.Stake)).SequenceEqual(expected),
            Rule.RotationIsTheSame,
            $"the set of epoch {target} is not the one that its validators' lives give");
        var members = everybody.Select(after.GetValidator).OfType<Validator>()
            .Where(validator => validator.Standing != Standing.Waiting && validator.From <= target && target < validator.Until && validator.Stake > 0)
            .OrderBy(validator => validator.Sequence).ToArray();
        var set = world.SetOf(target).Validators;
        Demand(
            members.Length == 0 || set.Select(member => (member.Address, member.Stake)).SequenceEqual(members.Select(member => (member.Address, member.Stake))),
            Rule.RotationIsTheSame,
            $"the set of epoch {target} is {string.Join(' ', set.Select(member => member.Address.ToString()[..6]))}, and should be {string.Join(' ', members.Select(member => member.Address.ToString()[..6]))}");
        var before = world.SetOf(target - 1).Validators.Select(member => member.Address).ToHashSet();
        var joined = set.Count(member => !before.Contains(member.Address));
        Demand(
            joined <= Rules.ChurnLimit && set.Length <= Rules.MaxActiveValidators && set.All(member => !punished.Contains(member.Address)),
            Rule.StakesFollowTheRules,
            $"the set of epoch {target} has {set.Length} members, {joined} of them new, or one that was punished");
        world.Coverage.Add(Seen.ValidatorsJoined, joined);
        world.Coverage.Add(Seen.ValidatorsLeft, before.Count - set.Count(member => before.Contains(member.Address)));
        world.Coverage.Add(Seen.Jailed, everybody.Select(after.GetValidator).Count(validator => validator?.Standing == Standing.Jailed));
    }

    private void Credit(Address address, BigInteger amount)
    {
        everybody.Add(address);
        balances[address] = balances.GetValueOrDefault(address) + amount;
    }
}
