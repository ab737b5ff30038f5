using LuxTensor.Core;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Slashing;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Simulation;

/// <summary>
/// Applications: transfers between a few accounts and, where the scenario has it, validators that join, add to their
/// stake, leave, are paid out and return from jail, with now and then something that must be refused.
/// </summary>
internal sealed class Clients(World world, Prng random)
{
    private readonly ulong[] nonces = new ulong[world.Keys.Accounts.Length];

    public void Start()
    {
        Wait(world.Scenario.TransactionEvery, OfferTransfer);
        if (world.Scenario.IsStaking)
        {
            Wait(world.Scenario.StakingEvery, OfferStaking);
        }
    }

    private void Wait(ulong every, Action offer) => world.Schedule(world.Now + random.Between(1, 2 * every), 'x', 255, 0, () =>
    {
        offer();
        Wait(every, offer);
    });

    /// <summary>Now and then with a used nonce, a gap, twice, or to a second node.</summary>
    private void OfferTransfer()
    {
        var account = random.Below(nonces.Length);
        var nonce = nonces[account];
        if (random.Chance(800))
        {
            nonces[account]++;
        }
        else
        {
            nonce = random.Chance(500) && nonce > 0 ? nonce - 1 : nonce + (ulong)random.Below(300);
        }

        var to = Address.Of(world.Keys.Accounts[random.Below(nonces.Length)].PublicKey);
        TransactionBody body = random.Chance(100) ? new TransactionBody.Data([1, 2, 3]) : new TransactionBody.Transfer(to, random.Between(0, 1_000));
        Submit(Transaction.Sign(world.Scenario.Rules.ChainId, world.Keys.Accounts[account], nonce, random.Between(1, 50), body), random.Chance(300) ? 2 : 1);
    }

    private void OfferStaking()
    {
        var key = world.Keys.Validators[random.Below(world.Scenario.Stakes.Length + world.Scenario.Joiners)];
        var node = world.Nodes[random.Below(world.Nodes.Length)];
        if (node.IsUp && !node.IsByzantine && Choose(node, Address.Of(key.PublicKey)) is { } body)
        {
            world.Coverage.Add(Seen.StakingOffered);
            var nonce = node.View.Pool.NextNonce(Address.Of(key.PublicKey), node.View.FinalLedger);
            Submit(Transaction.Sign(world.Scenario.Rules.ChainId, key, nonce, random.Between(1, 50), body), 1, node);
        }
    }

    /// <summary>What a validator would do next, or cannot do, as a node sees it.</summary>
    private TransactionBody? Choose(SimulatedNode node, Address validator)
    {
        var ledger = node.View.FinalLedger;
        var minimum = world.Scenario.Rules.MinimumStake;
        if (random.Chance(150))
        {
            return random.Below(6) switch
            {
                0 => new TransactionBody.Withdraw(),
                1 => new TransactionBody.Unjail(),
                2 => new TransactionBody.TopUp(0),
                3 => new TransactionBody.Stake(minimum - 1),
                4 => new TransactionBody.Stake(minimum),
                _ => Report(node),
            };
        }

        return ledger.GetValidator(validator) switch
        {
            null or { Standing: Standing.Withdrawn, IsSlashed: false } => new TransactionBody.Stake(minimum + random.Between(0, 1_000)),
            { Standing: Standing.Jailed } => new TransactionBody.Unjail(),
            { Standing: Standing.Leaving } => new TransactionBody.Withdraw(),
            { Standing: Standing.Active or Standing.Waiting } known when random.Chance(300) && MayLeave(ledger, known) => new TransactionBody.Exit(),
            { Standing: Standing.Active or Standing.Waiting } => new TransactionBody.TopUp(random.Between(1, 5) * ChainRules.Token),
            _ => null,
        };
    }

    /// <summary>Evidence that was punished already, or is none.</summary>
    private TransactionBody.Report? Report(SimulatedNode node)
    {
        var known = node.Journal.Evidence(int.MaxValue);
        if (known.Count > 0 && random.Chance(600))
        {
            var evidence = random.Pick(known);
            var key = world.Keys.Validators.First(key => Address.Of(key.PublicKey) == evidence.First.Validator);
            return DoubleVote.Of(evidence, key.PublicKey) is { } offence ? new TransactionBody.Report(offence) : null;
        }

        return new TransactionBody.Report(Slander(world, random, node.View.Chain.Height));
    }

    /// <summary>Two votes of a validator that it never made, under signatures of somebody else.</summary>
    public static DoubleVote Slander(World world, Prng random, ulong height)
    {
        var accused = world.Keys.Validators[random.Below(world.Scenario.Stakes.Length)];
        var rules = world.Scenario.Rules;
        var ballot = new Ballot(rules.ChainId, rules.EpochOf(height), height, 0, Phase.Prepare, Sha256.Hash([1]));
        var first = Forgery.Sign(world.Keys.Accounts[0], ballot) with { Validator = Address.Of(accused.PublicKey) };
        var second = Forgery.Sign(world.Keys.Accounts[0], ballot with { BlockHash = Sha256.Hash([2]) }) with { Validator = first.Validator };
        return DoubleVote.Of(new Evidence(first, second), accused.PublicKey)!;
    }

    /// <summary>Whether those that stay are enough for the liars among them.</summary>
    private bool MayLeave(Core.State.Ledger ledger, Validator leaver)
    {
        var stays = ledger.Epochs.Newest.Validators.Where(member => member.Address != leaver.Address)
            .Select(member => ledger.GetValidator(member.Address)!).Where(member => member.Until == Validator.Never).ToArray();
        var total = stays.Aggregate((UInt128)0, (sum, member) => sum + member.Stake);
        var faulty = stays.Where(member => world.IsFaulty(member.Address)).Aggregate((UInt128)0, (sum, member) => sum + member.Stake);
        return stays.Length >= 3 && faulty * 4 < total;
    }

    private void Submit(Transaction transaction, int copies, SimulatedNode? to = null)
    {
        for (; copies > 0; copies--)
        {
            (to ?? world.Nodes[random.Below(world.Nodes.Length)]).Submit(transaction);
        }
    }
}
