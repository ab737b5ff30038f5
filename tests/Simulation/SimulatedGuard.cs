using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Simulation;

/// <summary>A signing guard whose records are durable at once. Two nodes with one key share it.</summary>
internal sealed class SimulatedGuard : ISigningGuard
{
    private readonly Dictionary<(Address Validator, SigningPosition Position), Vote> votes = [];
    private readonly Dictionary<Address, SigningPosition> last = [];

    public GuardDecision Record(Vote vote)
    {
        var position = new SigningPosition(vote.Ballot.Height, vote.Ballot.Round, vote.Ballot.Phase);
        if (votes.TryGetValue((vote.Validator, position), out var signed))
        {
            return signed.Ballot == vote.Ballot
                ? new GuardDecision.Released(signed.Signature)
                : new GuardDecision.DoubleSign(signed.Ballot.BlockHash, vote.Ballot.BlockHash);
        }

        votes.Add((vote.Validator, position), vote);
        if (position.Phase != Phase.Propose && (!last.TryGetValue(vote.Validator, out var highest) || position.CompareTo(highest) > 0))
        {
            last[vote.Validator] = position;
        }

        return new GuardDecision.Released(vote.Signature);
    }

    public SigningPosition? LastSigned(Address validator) => last.TryGetValue(validator, out var position) ? position : null;

    public GuardDecision.Blocked? VerifyNotOlderThan(Address validator, SigningPosition knownToJournal) =>
        votes.ContainsKey((validator, knownToJournal))
            ? null
            : new GuardDecision.Blocked($"the guard lacks a signature at {knownToJournal} that the journal holds");

    public void Dispose()
    {
    }
}
