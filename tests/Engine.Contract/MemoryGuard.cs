using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Engine;

/// <summary>A signing guard that outlives its node within a test, and may be shared by several.</summary>
internal sealed class MemoryGuard : ISigningGuard
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<(Address, SigningPosition), Vote> signed = [];

    private readonly Dictionary<Address, ulong> refused = [];
    private readonly List<Vote> released = [];
    private readonly HashSet<Address> blocked = [];

    /// <summary>Every vote whose signature has left so far, in order.</summary>
    public IReadOnlyList<Vote> Released
    {
        get
        {
            lock (gate)
            {
                return [.. released];
            }
        }
    }

    /// <summary>Runs before a vote is recorded; may throw, as a disk does.</summary>
    public Action<Vote>? BeforeRecord { get; set; }

    public GuardDecision Record(Vote vote)
    {
        BeforeRecord?.Invoke(vote);
        lock (gate)
        {
            if (blocked.Contains(vote.Validator))
            {
                return new GuardDecision.Blocked("older than the journal");
            }

            var ballot = vote.Ballot;
            var slot = (vote.Validator, new SigningPosition(ballot.Height, ballot.Round, ballot.Phase));
            if (signed.TryGetValue(slot, out var first))
            {
                return first.Ballot == ballot
                    ? new GuardDecision.Released(first.Signature)
                    : new GuardDecision.DoubleSign(first.Ballot.BlockHash, ballot.BlockHash);
            }

            if (refused.TryGetValue(vote.Validator, out var height) && ballot.Height <= height)
            {
                return new GuardDecision.BelowWatermark(new SigningPosition(height, uint.MaxValue, Phase.Precommit));
            }

            signed.Add(slot, vote);
            released.Add(vote);
            return new GuardDecision.Released(vote.Signature);
        }
    }

    public SigningPosition? LastSigned(Address validator)
    {
        lock (gate)
        {
            var voted = signed.Keys.Where(slot => slot.Item1 == validator && slot.Item2.Phase != Phase.Propose).Select(slot => (SigningPosition?)slot.Item2).Max();
            return refused.TryGetValue(validator, out var height) && !(voted?.Height > height)
                ? new SigningPosition(height, uint.MaxValue, Phase.Precommit)
                : voted;
        }
    }

    public void RefuseUpTo(Address validator, ulong height)
    {
        lock (gate)
        {
            refused[validator] = ulong.Max(height, refused.GetValueOrDefault(validator));
        }
    }

    public GuardDecision.Blocked? VerifyNotOlderThan(Address validator, SigningPosition knownToJournal)
    {
        lock (gate)
        {
            if (!signed.ContainsKey((validator, knownToJournal)))
            {
                blocked.Add(validator);
            }

            return blocked.Contains(validator) ? new GuardDecision.Blocked("older than the journal") : null;
        }
    }

    public void Dispose()
    {
        // outlives the node on purpose
    }
}
