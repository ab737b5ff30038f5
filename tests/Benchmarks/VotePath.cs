using System.Diagnostics;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Tests.Engine;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>A vote from its bytes to its effect, without the signature check and with it, against one verification of the same vote.</summary>
internal static class VotePath
{
    public static void Run()
    {
        foreach (var validators in new[] { 4, 100, 1000 })
        {
            var chain = new TestChain(validators);
            var ballots = new Ballots(chain);
            var rules = chain.Genesis.Rules;
            var set = chain.Genesis.EpochZero;
            var votes = new List<(byte[] Frame, Verified<Vote> Vote)>();
            foreach (var validator in set.Validators)
            {
                foreach (var phase in new[] { Phase.Prepare, Phase.Precommit })
                {
                    var vote = ballots.Sign(validator.Address, 1, 0, phase, Hash256.Zero);
                    votes.Add((MessageCodec.Encode(rules.ChainId, new Message.CastVote(vote)), ballots.Verify(vote)));
                }
            }

            // Votes for nil of a quorum end the round; feeding less keeps the run on the counting path that every vote takes.
            var counted = votes.Where((_, index) => index < votes.Count * 2 / 3).ToArray();
            var start = ballots.Begin([]);
            var rounds = 200_000 / counted.Length;
            var best = double.MaxValue;
            var verify = double.MaxValue;
            var whole = double.MaxValue;
            SignatureEngine.Shared.Prepare(set.Validators.Select(validator => validator.Key));
            for (var repeat = 0; repeat < 5; repeat++)
            {
                best = double.Min(best, Measure(() => Feed(start, counted, rules), rounds, counted.Length));
                whole = double.Min(whole, Measure(() => FeedUnverified(start, counted, rules, set), int.Max(1, 10_000 / counted.Length), counted.Length));
                verify = double.Min(verify, Measure(() => VerifyAll(counted, set), int.Max(1, 10_000 / counted.Length), counted.Length));
            }

            Report.Line($"vote path, {validators} validators", $"{best:F2} µs a vote (decode, filter, count, journal entry)", $"{best / verify:P1} of one {Ed25519.Provider} verify ({verify:F1} µs)", "aim under 5 %");
            Report.Line(
                $"the same with signatures, {counted.Length} votes together", $"{1e6 / whole:N0} votes a second and core", $"{verify / whole:F1}×",
                $"{SignatureEngine.Shared.Status.Kind}; of single verifications alone {1e6 / verify:N0}");
        }
    }

    private static void Feed(NodeState start, (byte[] Frame, Verified<Vote> Vote)[] votes, ChainRules rules)
    {
        var turn = new NodeTurn(start);
        foreach (var (frame, vote) in votes)
        {
            if (MessageCodec.TryDecode(frame, rules, out var message, out _) && Routing.IsUseful(turn.State, ((Message.CastVote)message!).Vote))
            {
                Routing.Step(turn, new NodeInput.CastVote(vote, PeerId.Self), 0);
            }
        }

        _ = turn.ToBatch();
    }

    /// <summary>From bytes to effect with nothing left out: the votes that are useful are verified together.</summary>
    private static void FeedUnverified(NodeState start, (byte[] Frame, Verified<Vote> Vote)[] votes, ChainRules rules, Core.Validators.EpochSnapshot set)
    {
        var turn = new NodeTurn(start);
        var useful = new List<Vote>(votes.Length);
        foreach (var (frame, _) in votes)
        {
            if (MessageCodec.TryDecode(frame, rules, out var message, out _) && Routing.IsUseful(turn.State, ((Message.CastVote)message!).Vote))
            {
                useful.Add(((Message.CastVote)message).Vote);
            }
        }

        foreach (var verdict in Verifier.Check([.. useful], rules, _ => set))
        {
            Routing.Step(turn, new NodeInput.CastVote(verdict.Vote, PeerId.Self), 0);
        }

        _ = turn.ToBatch();
    }

    private static void VerifyAll((byte[] Frame, Verified<Vote> Vote)[] votes, Core.Validators.EpochSnapshot set)
    {
        Span<byte> message = stackalloc byte[Ballot.MessageSize];
        foreach (var (_, verified) in votes)
        {
            var vote = verified.Value;
            vote.Ballot.WriteMessage(message);
            if (!Ed25519.Verify(set.Validators[set.IndexOf(vote.Validator)].Key, message, vote.Signature))
            {
                throw new InvalidOperationException("a good vote does not verify");
            }
        }
    }

    /// <summary>Microseconds an item.</summary>
    private static double Measure(Action action, int times, int items)
    {
        action();
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < times; i++)
        {
            action();
        }

        return Stopwatch.GetElapsedTime(started).TotalMicroseconds / times / items;
    }
}
