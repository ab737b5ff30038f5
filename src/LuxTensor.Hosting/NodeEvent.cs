using System.Globalization;
using System.Text.Json.Nodes;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;

namespace LuxTensor.Hosting;

/// <summary>Something worth a line: a kind, a sentence for a human, and named values for a machine.</summary>
internal sealed record NodeEvent(string Kind, string Text, IReadOnlyList<(string Key, JsonNode? Value)> Values)
{
    /// <summary>A line for a human: the time of day, then the sentence.</summary>
    internal string Line(DateTimeOffset at) => string.Create(CultureInfo.InvariantCulture, $"{at.UtcDateTime:HH:mm:ss.fff}  {Text}");

    /// <summary>A line for a machine: one JSON object; with the sentence, where the machine is to pass it on to a human.</summary>
    internal string Json(DateTimeOffset at, bool withText = false) => Report.Json(
        [("event", Kind), ("time", at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)), .. withText ? [("text", Text)] : NoText, .. Values]);

    private static readonly (string Key, JsonNode? Value)[] NoText = [];

    /// <summary>A final block. Its time to finality may be unknown.</summary>
    internal static NodeEvent Final(Notice.Finalized final, EpochSnapshot set, double? milliseconds)
    {
        var block = final.Block;
        var percent = PercentSigned(final.Certificate, set);
        var took = milliseconds is { } known ? string.Create(CultureInfo.InvariantCulture, $"  {known:F0} ms") : "";
        return new NodeEvent(
            "final",
            $"final   height {block.Height}  {block.Hash}  {block.Transactions.Length} tx{took}  signed {percent} "
            + $"%{(final.Certificate.Ballot.Round > 0 ? $"  round {final.Certificate.Ballot.Round}" : "")}",
            [
                ("height", block.Height), ("hash", block.Hash.ToString()), ("transactions", block.Transactions.Length),
                ("milliseconds", milliseconds is { } value ? Math.Round(value, 1) : null), ("signedPercent", percent),
                ("round", final.Certificate.Ballot.Round), ("proposer", block.Header.Proposer.ToString()),
            ]);
    }

    /// <summary>What a notice says, or null where it is not worth a line. Final blocks have a line of their own.</summary>
    internal static NodeEvent? Of(string node, Notice notice) => notice switch
    {
        Notice.RoundMoved { Round: > 0, Phase: Phase.Propose } it => new NodeEvent(
            "viewChange", $"round   {node}: height {it.Height} moves on to round {it.Round}",
                [("node", node), ("height", it.Height), ("round", it.Round)]),
        Notice.HeadMoved { Left.IsEmpty: false } it => new NodeEvent(
            "reorganisation",
            $"reorg   {node}: {it.Left.Length} block(s) above height {it.AncestorHeight} left, {it.Joined.Length} joined",
            [("node", node), ("depth", it.Left.Length), ("joined", it.Joined.Length), ("ancestor", it.Ancestor.ToString()),
                ("ancestorHeight", it.AncestorHeight)]),
        Notice.Syncing it => new NodeEvent(
            "sync",
            it.Active ? $"sync    {node}: {Progress(it)}" : $"sync    {node}: caught up at {it.Current}",
            [("node", node), ("active", it.Active), ("starting", it.Starting), ("current", it.Current), ("highest", it.Highest), ("claimed", it.Claimed),
                ("blocksPerSecond", it.Rate > 0 ? Math.Round(it.Rate, 1) : null), ("secondsLeft", it.Left is { } left ? Math.Round(left.TotalSeconds, 1) : null)]),
        Notice.Conflict it => new NodeEvent(
            "doubleVote",
            $"DOUBLE  {node}: validator {it.Evidence.First.Validator} signed two blocks at height {it.Evidence.First.Ballot.Height}, "
            + $"round {it.Evidence.First.Ballot.Round}",
            [("node", node), ("validator", it.Evidence.First.Validator.ToString()), ("height", it.Evidence.First.Ballot.Height),
                ("round", it.Evidence.First.Ballot.Round)]),
        Notice.SigningRefused it => new NodeEvent(
            "signingRefused",
            $"GUARD   {node}: no signature of {it.Validator} at height {it.Ballot.Height}, round {it.Ballot.Round}, {it.Ballot.Phase}: "
            + $"{Reason(it.Why)}",
            [("node", node), ("validator", it.Validator.ToString()), ("height", it.Ballot.Height), ("round", it.Ballot.Round),
                ("phase", it.Ballot.Phase.ToString()), ("reason", Reason(it.Why))]),
        Notice.Unreadable it => new NodeEvent("unreadable", $"DAMAGED {node}: {it.Why}", [("node", node), ("reason", it.Why)]),
        Notice.Stopped { Failure: { } failure } =>
            new NodeEvent("failed", $"FAILED  {node}: {failure}", [("node", node), ("reason", failure)]),
        _ => null,
    };

    /// <summary>Whole percent of the epoch's stake in a certificate, rounded down.</summary>
    internal static int PercentSigned(Certificate certificate, EpochSnapshot set)
    {
        UInt128 signed = 0;
        for (var i = 0; i < set.Validators.Length; i++)
        {
            signed += certificate.HasSigned(i) ? set.Validators[i].Stake : 0;
        }

        return (int)(signed * 100 / set.TotalStake);
    }

    /// <summary>Why a guard refused, in words.</summary>
    internal static string Reason(GuardDecision decision) => decision switch
    {
        GuardDecision.DoubleSign it => $"it signed {it.Signed} there, not {it.Asked}",
        GuardDecision.BelowWatermark it => $"everything up to height {it.Watermark.Height}, round {it.Watermark.Round} counts as signed "
            + "elsewhere",
        GuardDecision.Blocked it => it.Reason,
        _ => "it was released",
    };

    /// <summary>A bar, and the figures behind it.</summary>
    private static string Progress(Notice.Syncing it)
    {
        const int Width = 24;
        var span = it.Claimed - it.Starting;
        var done = span == 0 ? 0 : (int)((UInt128)(it.Current - it.Starting) * 1_000 / span);
        var bar = new string('#', done * Width / 1_000).PadRight(Width, '.');
        var rate = it.Left is { } left ? string.Create(CultureInfo.InvariantCulture, $", {it.Rate:F0} blocks/s, {left.TotalSeconds:F0} s left") : "";
        return string.Create(CultureInfo.InvariantCulture, $"[{bar}] {done / 10} %  {it.Current} of {it.Claimed}, proven to {it.Highest}{rate}");
    }
}
