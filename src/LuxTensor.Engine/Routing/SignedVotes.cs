using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;

namespace LuxTensor.Engine;

/// <summary>The votes that came in under somebody's key: a proposal is one, and a certificate is many (VOT-1, FIN-10).</summary>
public static class SignedVotes
{
    /// <summary>Those in a verified input about a height that is not final here.</summary>
    public static IEnumerable<Vote> In(NodeInput input, NodeState view) => input switch
    {
        NodeInput.CastVote { Vote.Value: var vote } => [vote],
        NodeInput.Chain { Input: ChainInput.Propose { Proposal.Value: var proposal } } => [proposal.Vote, .. In(proposal.Prepared, view)],
        NodeInput.Chain { Input: ChainInput.Certify { Certificate.Value: var certificate } } => In(certificate, view),
        _ => [],
    };

    private static IEnumerable<Vote> In(Certificate? certificate, NodeState view) =>
        certificate is not null && view.Chain.Epochs.Find(certificate.Ballot.Epoch) is { } set
            ? certificate.Signed.Select(signed => new Vote(certificate.Ballot, set.Validators[signed.Index].Address, signed.Signature))
            : [];
}
