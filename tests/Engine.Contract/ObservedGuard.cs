using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Engine;

/// <summary>Tells of every vote that a guard lets go.</summary>
internal sealed class ObservedGuard(ISigningGuard guard, Action<Vote> released) : ISigningGuard
{
    public GuardDecision Record(Vote vote)
    {
        var decision = guard.Record(vote);
        if (decision is GuardDecision.Released)
        {
            released(vote);
        }

        return decision;
    }

    public SigningPosition? LastSigned(Address validator) => guard.LastSigned(validator);

    public void RefuseUpTo(Address validator, ulong height) => guard.RefuseUpTo(validator, height);

    public GuardDecision.Blocked? VerifyNotOlderThan(Address validator, SigningPosition knownToJournal) =>
        guard.VerifyNotOlderThan(validator, knownToJournal);

    public void Dispose() => guard.Dispose();
}
