using System.Globalization;
using System.Numerics;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Simulation;

/// <summary>
/// The life of every validator computed again from the final blocks, as the specification tells it (VAL, DUT): a list, a
/// full pass over it for whatever is asked, and nothing carried along that follows from the rest.
/// </summary>
internal sealed class LifeModel
{
    private const ulong Never = ulong.MaxValue;

    private readonly ChainRules rules;
    private readonly Dictionary<Address, BigInteger> stakes; // the ledger model's
    private readonly Dictionary<Address, Record> records = [];
    private readonly List<(PublicKey Key, BigInteger Stake)[]> sets = [];
    private readonly Dictionary<Address, int> missed = [];
    private ulong nextSequence, exitEpoch, exits, dutiesEpoch, newest;

    public LifeModel(World world, Dictionary<Address, BigInteger> stakes)
    {
        rules = world.Scenario.Rules;
        this.stakes = stakes;
        foreach (var member in world.Genesis.EpochZero.Validators)
        {
            records[member.Address] = new Record(member.Key) { Standing = Standing.Active, Sequence = nextSequence++ };
        }

        (PublicKey, BigInteger)[] first = [.. world.Genesis.EpochZero.Validators.Select(member => (member.Key, (BigInteger)member.Stake))];
        sets.AddRange([first, first]);
    }

    private ulong FirstFree => (ulong)sets.Count;

    private int Staying => records.Values.Count(record => record is { Standing: Standing.Active, Until: Never });

    /// <summary>Takes a transaction of a block; what is wrong with its being there, or null.</summary>
    public string? Apply(ulong height, Transaction transaction)
    {
        var epoch = height / rules.EpochLength;
        var record = records.GetValueOrDefault(transaction.Sender);
        var isOut = record is null or { Standing: Standing.Withdrawn };
        switch (transaction.Body)
        {
            case TransactionBody.Stake:
                records[transaction.Sender] = Enter(new Record(transaction.SenderKey), epoch);
                return isOut && record?.IsSlashed != true && !IsMember(transaction.Sender) ? null : "stakes, and is a validator";
            case TransactionBody.TopUp:
                return !isOut && record is { IsSlashed: false, Standing: not Standing.Leaving } ? null : "tops up what it does not have";
            case TransactionBody.Exit when isOut || record!.Standing == Standing.Leaving:
                return "leaves, and is no validator that stays";
            case TransactionBody.Exit when record!.Standing == Standing.Active && Staying <= 1:
                return "leaves, and is the last";
            case TransactionBody.Exit:
                Leave(record!, epoch, record!.Standing == Standing.Active ? TurnOf(epoch + rules.ExitDelay) : ulong.Min(record.Until, epoch + rules.ExitDelay));
                return null;
            case TransactionBody.Withdraw when isOut || record!.Standing != Standing.Leaving || epoch < record.Withdrawable:
                return $"withdraws in epoch {epoch}, and may from {record?.Withdrawable}";
            case TransactionBody.Withdraw:
                record!.Standing = Standing.Withdrawn;
                return null;
            case TransactionBody.Unjail when record is not { Standing: Standing.Jailed, IsSlashed: false } || epoch < record.Until || IsMember(transaction.Sender):
                return "returns from a jail that it is not in, or not out of the sets";
            case TransactionBody.Unjail:
                records[transaction.Sender] = Enter(record!, epoch);
                return stakes[transaction.Sender] >= rules.MinimumStake ? null : "returns with too little stake";
            case TransactionBody.Report report:
                var offender = records[report.Offence.Offender];
                offender.IsSlashed = true;
                Leave(offender, epoch, ulong.Min(offender.Until, FirstFree));
                return null;
            default:
                return null;
        }
    }

    /// <summary>Ends a block: duties, then at the end of an epoch the set of the one after the next. Gives that set, or null.</summary>
    public IReadOnlyList<(PublicKey Key, BigInteger Stake)>? Finish(Block block)
    {
        var epoch = block.Height / rules.EpochLength;
        if (block.Certificate is { } certificate)
        {
            var of = certificate.Height / rules.EpochLength;
            if (of > dutiesEpoch)
            {
                Close();
                dutiesEpoch = of;
            }

            for (var index = 0; certificate.Height > newest && index < sets[(int)of].Length; index++)
            {
                var address = Address.Of(sets[(int)of][index].Key);
                missed[address] = missed.GetValueOrDefault(address) + (certificate.HasSigned(index) ? 0 : 1);
            }

            newest = ulong.Max(newest, certificate.Height);
        }

        return (block.Height + 1) % rules.EpochLength == 0 ? Rotate(epoch + 2) : null;
    }

    /// <summary>How a validator's record differs from what its life should have made it, or null.</summary>
    public string? Compare(Address address, Validator? actual)
    {
        var expected = records.GetValueOrDefault(address);
        return expected is null
            ? actual is null ? null : "is registered, and never staked"
            : actual is not null && (actual.Standing, actual.Sequence, actual.From, actual.Until, actual.Withdrawable, actual.Missed, actual.IsSlashed)
                == (expected.Standing, expected.Sequence, expected.From, expected.Until, expected.Withdrawable, expected.Missed, expected.IsSlashed)
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"is {actual}, and should be {expected}");
    }

    private bool IsMember(Address address) => sets[^1].Any(member => Address.Of(member.Key) == address);

    /// <summary>VAL-2, VAL-6.</summary>
    private Record Enter(Record record, ulong epoch)
    {
        record.Standing = Standing.Waiting;
        record.Sequence = nextSequence++;
        record.From = epoch + rules.ActivationDelay;
        record.Until = Never;
        return record;
    }

    /// <summary>VAL-4: the first epoch from the earliest on that fewer than the churn limit leave with, after all that left before.</summary>
    private ulong TurnOf(ulong earliest)
    {
        if (exitEpoch < earliest)
        {
            (exitEpoch, exits) = (earliest, 0);
        }
        else if (exits >= (ulong)rules.ChurnLimit)
        {
            (exitEpoch, exits) = (exitEpoch + 1, 0);
        }

        exits++;
        return exitEpoch;
    }

    /// <summary>VAL-5, EVI-5.</summary>
    private void Leave(Record record, ulong epoch, ulong until)
    {
        record.Until = record.Standing == Standing.Waiting ? record.From : until;
        record.Standing = Standing.Leaving;
        var free = ulong.Max(record.Until, epoch + rules.ExitDelay) + rules.WithdrawalDelay;
        record.Withdrawable = record.Withdrawable == Never ? free : ulong.Max(record.Withdrawable, free);
    }

    /// <summary>DUT-2, DUT-3, VAL-7: in the set's order, as the last that stays is not jailed.</summary>
    private void Close()
    {
        foreach (var (key, _) in sets[(int)dutiesEpoch])
        {
            var record = records[Address.Of(key)];
            var count = missed.GetValueOrDefault(Address.Of(key));
            record.Missed += (ulong)count;
            if ((ulong)count > rules.EpochLength / 2 && record.Standing == Standing.Active && Staying > 1)
            {
                (record.Standing, record.Until) = (Standing.Jailed, FirstFree);
            }
        }

        missed.Clear();
    }

    /// <summary>VAL-8, VAL-9, VAL-10.</summary>
    private (PublicKey Key, BigInteger Stake)[] Rotate(ulong target)
    {
        var stay = sets[^1].Select(member => Address.Of(member.Key)).Where(address => records[address].Until > target).ToArray();
        var room = int.Min(rules.ChurnLimit, rules.MaxActiveValidators - stay.Length);
        var join = records.Where(entry => entry.Value.Standing == Standing.Waiting && entry.Value.From <= target)
            .OrderBy(entry => entry.Value.Sequence).Take(int.Max(room, 0)).Select(entry => entry.Key).ToArray();
        foreach (var address in join)
        {
            (records[address].Standing, records[address].From) = (Standing.Active, target);
        }

        Address[] all = [.. stay.Concat(join)];
        sets.Add(all.Length == 0 ? sets[^1] : [.. all.Select(address => (records[address].Key, stakes[address]))]);
        return sets[^1];
    }

    private sealed record Record(PublicKey Key)
    {
        public Standing Standing { get; set; }

        public ulong Sequence { get; set; }

        public ulong From { get; set; }

        public ulong Until { get; set; } = Never;

        public ulong Withdrawable { get; set; } = Never;

        public ulong Missed { get; set; }

        public bool IsSlashed { get; set; }
    }
}
