using System.Globalization;
using System.Text;
using LuxTensor.Core.Finality;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Simulation;

/// <summary>
/// What of a node's state a restart must bring back, as text, one fact a line: where it is, what it is bound to, what it
/// holds. Left out is what messages and timers bring again: claims of peers, the wish to fetch, the next block ahead.
/// </summary>
internal static class StateDigest
{
    public static string Of(NodeState state)
    {
        var text = new StringBuilder();
        var chain = state.Chain;
        Line(text, $"final {chain.Tree.Root.Height} {chain.Tree.Root.Hash} certificate {chain.FinalCertificate?.Hash}");
        Line(text, $"round {chain.Round} phase {chain.Phase} facts {chain.Facts} timed {chain.PrepareTimed} {chain.PrecommitTimed}");
        Line(text, $"locked {chain.Locked?.Round} {chain.Locked?.Block}");
        Line(text, $"prepared {chain.Prepared?.Ballot.Round} {chain.Prepared?.BlockHash}");
        foreach (var own in chain.Building)
        {
            Line(text, $"building {own.Hash}");
        }

        foreach (var (round, vote) in chain.Proposals)
        {
            Line(text, $"proposal {round} {vote.Ballot.BlockHash}");
        }

        foreach (var asked in chain.Asked)
        {
            Line(text, $"asked {Wording.Of(asked.Ballot)} {asked.Validator}");
        }

        foreach (var vote in chain.Standing)
        {
            Line(text, $"standing {Wording.Of(vote)}");
        }

        foreach (var node in chain.Tree.Blocks)
        {
            Line(text, $"block {node.Height} {node.Hash}");
        }

        foreach (var height in state.Heights.Values.Where(height => !height.Tallies.IsEmpty))
        {
            Votes(text, height);
        }

        foreach (var transaction in state.Pool.InOrder())
        {
            Line(text, $"pooled {transaction.Id}");
        }

        return text.ToString();
    }

    /// <summary>The first lines that only one of two digests has.</summary>
    public static string Difference(string expected, string actual)
    {
        var left = expected.Split('\n');
        var right = actual.Split('\n');
        var missing = left.Except(right).Take(6).ToArray();
        var added = right.Except(left).Take(6).ToArray();
        var moved = left.Zip(right).FirstOrDefault(pair => pair.First != pair.Second);
        return missing.Length + added.Length == 0
            ? $"came back in another order: {moved.First} | {moved.Second}"
            : $"had: {string.Join("; ", missing)} | came back with: {string.Join("; ", added)}";
    }

    private static void Votes(StringBuilder text, FinalityState height)
    {
        Line(text, $"votes of {height.Height}, round {height.Round}");
        foreach (var ((round, phase), tally) in height.Tallies)
        {
            for (var index = 0; index < height.Set.Validators.Length; index++)
            {
                if (tally[index] is { } vote)
                {
                    Line(text, $"vote {height.Height} {round} {phase} {index} {vote.Ballot.BlockHash}");
                }
            }
        }
    }

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
