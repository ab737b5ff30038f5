using LuxTensor.Core.Voting;

namespace LuxTensor.Engine;

/// <summary>
/// Counts votes in other processes of the node and tells what they establish, as <see cref="NodeInput.Told"/>. Calls return at
/// once; what they ask for is done once at least, for doing it twice changes nothing.
/// </summary>
public interface IVoteCounter
{
    /// <summary>Counts a verified vote.</summary>
    void Count(Vote vote);

    /// <summary>The chain is in this round of the height that is being decided: tell all that its votes establish.</summary>
    void Recount(ulong height, uint round);

    /// <summary>Say the counted votes of a round and phase again to all peers.</summary>
    void Repeat(ulong height, uint round, Phase phase);

    /// <summary>The height is final: tell what is not in its certificate, and every vote for it that still comes.</summary>
    void Decided(Certificate certificate);
}
