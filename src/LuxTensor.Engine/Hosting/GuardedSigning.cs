using LuxTensor.Core;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Engine;

/// <summary>The one way from a ballot to a signature of a local validator.</summary>
public static class GuardedSigning
{
    /// <summary>Signs in memory and has the guard store the vote; only a signature that it released may leave (GRD-1).</summary>
    /// <exception cref="JournalException">The guard could not store it.</exception>
    public static GuardDecision Sign(SigningKey key, ISigningGuard guard, Ballot ballot)
    {
        Span<byte> message = stackalloc byte[Ballot.MessageSize];
        ballot.WriteMessage(message);
        return guard.Record(new Vote(ballot, Address.Of(key.PublicKey), key.Sign(message)));
    }
}
