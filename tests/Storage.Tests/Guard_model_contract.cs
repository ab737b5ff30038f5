using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Storage;

/// <summary>Random votes, openings, findings and acceptances: the guard says what the plainest possible guard in memory says.</summary>
public abstract class Guard_model_contract
{
    private readonly TestChain chain = new();

    private protected abstract ISigningGuard Open(TestChain chain, string name);

    private protected abstract SigningPosition? Accept(ISigningGuard guard, Address validator);

    [SkippableFact]
    public void Every_decision_is_the_models()
    {
        var seed = Environment.TickCount;
        for (var run = 0; run < 5; run++)
        {
            Run(seed + run, $"run{run}");
        }
    }

    private void Run(int seed, string name)
    {
        var random = new Random(seed);
        var model = new Model();
        var guard = Open(chain, name);
        try
        {
            for (var step = 0; step < 250; step++)
            {
                var label = $"seed {seed}, step {step}";
                var validator = TestChain.Validators[random.Next(2)];
                var position = new SigningPosition((ulong)random.Next(8), (uint)random.Next(3), (Phase)random.Next(3));
                switch (random.Next(40))
                {
                    case 0:
                        guard.Dispose();
                        guard = Open(chain, name);
                        break;
                    case 1:
                        Assert.True(model.Verify(validator, position) == (guard.VerifyNotOlderThan(validator, position) is not null), label);
                        break;
                    case 2 or 3 or 4:
                        Assert.True(model.Accept(validator) == Accept(guard, validator), label);
                        break;
                    default:
                        var ballot = new Ballot(
                            7, chain.Genesis.Rules.EpochOf(position.Height), position.Height, position.Round, position.Phase, TestChain.HashOf((byte)random.Next(3)));
                        var signature = new byte[Signature.Size];
                        random.NextBytes(signature);
                        var vote = new Vote(ballot, validator, new Signature(signature));
                        Assert.True(model.Record(vote) == Plain(guard.Record(vote)), label);
                        break;
                }

                Assert.True(model.Last(validator) == guard.LastSigned(validator), label);
            }
        }
        finally
        {
            guard.Dispose();
        }
    }

    private static string Plain(GuardDecision decision) => decision is GuardDecision.Blocked ? "Blocked" : decision.ToString();

    private sealed class Model
    {
        private readonly Dictionary<(Address, SigningPosition), Vote> signed = [];
        private readonly Dictionary<Address, SigningPosition> watermark = [];
        private readonly Dictionary<Address, SigningPosition> blocked = [];

        public string Record(Vote vote)
        {
            var position = new SigningPosition(vote.Ballot.Height, vote.Ballot.Round, vote.Ballot.Phase);
            if (blocked.ContainsKey(vote.Validator))
            {
                return "Blocked";
            }

            if (signed.TryGetValue((vote.Validator, position), out var before))
            {
                return before.Ballot == vote.Ballot
                    ? new GuardDecision.Released(before.Signature).ToString()
                    : new GuardDecision.DoubleSign(before.Ballot.BlockHash, vote.Ballot.BlockHash).ToString();
            }

            if (watermark.TryGetValue(vote.Validator, out var mark) && position.CompareTo(mark) <= 0)
            {
                return new GuardDecision.BelowWatermark(mark).ToString();
            }

            signed.Add((vote.Validator, position), vote);
            return new GuardDecision.Released(vote.Signature).ToString();
        }

        public SigningPosition? Last(Address validator)
        {
            var all = signed.Keys.Where(key => key.Item1 == validator && key.Item2.Phase != Phase.Propose).Select(key => key.Item2)
                .Concat(watermark.Where(pair => pair.Key == validator).Select(pair => pair.Value)).ToList();
            return all.Count == 0 ? null : all.Max();
        }

        public bool Verify(Address validator, SigningPosition position)
        {
            if (!signed.ContainsKey((validator, position)) && !(watermark.TryGetValue(validator, out var mark) && position.CompareTo(mark) <= 0))
            {
                blocked[validator] = blocked.TryGetValue(validator, out var there) && there.CompareTo(position) > 0 ? there : position;
            }

            return blocked.ContainsKey(validator);
        }

        public SigningPosition? Accept(Address validator)
        {
            if (!blocked.Remove(validator, out var position))
            {
                return null;
            }

            watermark[validator] = watermark.TryGetValue(validator, out var mark) && mark.CompareTo(position) > 0 ? mark : position;
            return position;
        }
    }
}
