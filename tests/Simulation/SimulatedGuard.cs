using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Simulation;

/// <summary>A signing guard in memory. Two nodes with one key may share it; each writes over its own disk.</summary>
internal sealed class SimulatedGuard
{
    private Dictionary<(Address Validator, SigningPosition Position), Vote> votes = [];
    private readonly Dictionary<Address, SigningPosition> lacking = [];
    private readonly Dictionary<Address, SigningPosition> watermarks = [];

    /// <summary>Records a vote, over a disk that may fail.</summary>
    /// <exception cref="JournalException">The disk failed; the vote is recorded, or not.</exception>
    public GuardDecision Record(Vote vote, SimulatedDisk? disk)
    {
        if (lacking.TryGetValue(vote.Validator, out var lacks))
        {
            return new GuardDecision.Blocked($"the guard lacks a signature at {lacks}");
        }

        var position = PositionOf(vote);
        if (votes.TryGetValue((vote.Validator, position), out var signed))
        {
            return signed.Ballot == vote.Ballot
                ? new GuardDecision.Released(signed.Signature)
                : new GuardDecision.DoubleSign(signed.Ballot.BlockHash, vote.Ballot.BlockHash);
        }

        if (watermarks.TryGetValue(vote.Validator, out var watermark) && position.CompareTo(watermark) <= 0)
        {
            return new GuardDecision.BelowWatermark(watermark);
        }

        var result = disk?.Next() ?? WriteResult.Done;
        if (result is WriteResult.Done or WriteResult.InDoubt)
        {
            votes.Add((vote.Validator, position), vote);
        }

        return result == WriteResult.Done ? new GuardDecision.Released(vote.Signature) : throw SimulatedDisk.Failure(result);
    }

    /// <summary>The last prepare or precommit, or the watermark.</summary>
    public SigningPosition? LastSigned(Address validator)
    {
        var voted = votes.Keys.Where(key => key.Validator == validator && key.Position.Phase != Phase.Propose).Select(key => (SigningPosition?)key.Position).Max();
        return watermarks.TryGetValue(validator, out var watermark) && !(voted?.CompareTo(watermark) > 0) ? watermark : voted;
    }

    public void RefuseUpTo(Address validator, ulong height) => Raise(watermarks, validator, new SigningPosition(height, uint.MaxValue, Phase.Precommit));

    /// <summary>Blocks itself where it lacks what the journal knows was signed.</summary>
    public bool IsOlderThan(Address validator, SigningPosition knownToJournal)
    {
        var isForgotten = watermarks.TryGetValue(validator, out var watermark) && knownToJournal.CompareTo(watermark) <= 0;
        if (!isForgotten && !votes.ContainsKey((validator, knownToJournal)))
        {
            Raise(lacking, validator, knownToJournal);
        }

        return lacking.ContainsKey(validator);
    }

    /// <summary>The operator's word that the key signs nowhere else.</summary>
    public void Accept(Address validator)
    {
        if (lacking.Remove(validator, out var position))
        {
            Raise(watermarks, validator, position);
        }
    }

    public IReadOnlyCollection<Vote> Copy() => [.. votes.Values];

    public void Restore(IEnumerable<Vote> copy) => votes = copy.ToDictionary(vote => (vote.Validator, PositionOf(vote)));

    public static SigningPosition PositionOf(Vote vote) => new(vote.Ballot.Height, vote.Ballot.Round, vote.Ballot.Phase);

    private static void Raise(Dictionary<Address, SigningPosition> places, Address validator, SigningPosition position)
    {
        if (!places.TryGetValue(validator, out var highest) || position.CompareTo(highest) > 0)
        {
            places[validator] = position;
        }
    }
}
