using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Engine;

namespace LuxTensor.Node.Devnet;

/// <summary>What final blocks do to validators, in words: each staking transaction, and who joins and leaves with an epoch.</summary>
internal static class EpochEvents
{
    /// <summary>The events of a final block; the node has it final already.</summary>
    internal static IEnumerable<NodeEvent> Of(Block block, INode node)
    {
        foreach (var transaction in block.Transactions)
        {
            if (Of(transaction, node.View.FinalLedger.GetValidator(OffenderOr(transaction))) is { } one)
            {
                yield return one;
            }
        }

        var rules = node.Genesis.Rules;
        var epoch = rules.EpochOf(block.Height) + 2;
        if (rules.EndsEpoch(block.Height) && node.Chain.SetOf(epoch) is { } next && node.Chain.SetOf(epoch - 1) is { } last && next.Hash != last.Hash)
        {
            yield return Rotated(next, last, node);
        }
    }

    private static Address OffenderOr(Transaction transaction) =>
        transaction.Body is TransactionBody.Report report ? report.Offence.Offender : transaction.Sender;

    private static NodeEvent? Of(Transaction transaction, Validator? validator) => (transaction.Body, validator) switch
    {
        (TransactionBody.Report report, { } it) => new NodeEvent(
            "slashed",
            $"SLASHED {it.Address} for two votes at height {report.Offence.Ballot.Height}: {Amount.Format(it.Stake)} tokens left, out of the set from "
            + $"epoch {it.Until} on, for good; reported by {transaction.Sender}",
            [
                ("validator", it.Address.ToString()), ("height", report.Offence.Ballot.Height), ("stake", Amount.Format(it.Stake)), ("until", it.Until),
                ("reporter", transaction.Sender.ToString()), ("transaction", transaction.Id.ToString()),
            ]),
        (TransactionBody.Stake or TransactionBody.Unjail, { } it) => new NodeEvent(
            "waiting",
            $"stake   {it.Address}: {Amount.Format(it.Stake)} tokens, {(it.Standing == Standing.Waiting ? "waits, eligible from" : "active from")} epoch {it.From} on",
            [("validator", it.Address.ToString()), ("stake", Amount.Format(it.Stake)), ("from", it.From)]),
        (TransactionBody.TopUp, { } it) => new NodeEvent(
            "topUp", $"stake   {it.Address}: now {Amount.Format(it.Stake)} tokens", [("validator", it.Address.ToString()), ("stake", Amount.Format(it.Stake))]),
        (TransactionBody.Exit, { } it) => new NodeEvent(
            "exit",
            $"exit    {it.Address}: in no set from epoch {it.Until} on, stake can be withdrawn from epoch {it.Withdrawable} on",
            [("validator", it.Address.ToString()), ("until", it.Until), ("withdrawable", it.Withdrawable)]),
        (TransactionBody.Withdraw, { } it) => new NodeEvent(
            "withdrawn", $"stake   {it.Address}: withdrawn", [("validator", it.Address.ToString())]),
        _ => null,
    };

    private static NodeEvent Rotated(EpochSnapshot next, EpochSnapshot last, INode node)
    {
        var joined = next.Validators.Where(it => last.IndexOf(it.Address) < 0).Select(it => $" +{it.Address}");
        var left = last.Validators.Where(it => next.IndexOf(it.Address) < 0).Select(it => $" -{it.Address} ({Why(node.View.FinalLedger.GetValidator(it.Address))})");
        return new NodeEvent(
            "epoch",
            $"epoch   {next.Epoch} will have {next.Validators.Length} validators:{string.Concat(joined.Concat(left))}",
            [("epoch", next.Epoch), ("validators", next.Validators.Length), ("set", next.Hash.ToString()), ("totalStake", Amount.Format(next.TotalStake))]);
    }

    private static string Why(Validator? validator) => validator switch
    {
        { IsSlashed: true } => "slashed",
        { Standing: Standing.Jailed } => "jailed",
        _ => "exit",
    };
}
