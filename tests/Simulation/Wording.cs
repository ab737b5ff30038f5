using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Simulation;

/// <summary>Inputs and messages in a few words, for traces.</summary>
internal static class Wording
{
    public static string Of(NodeInput input) => input switch
    {
        NodeInput.Submit submit => $"takes transaction {Short(submit.Transaction.Value.Id)}",
        NodeInput.CastVote vote => $"counts {Of(vote.Vote.Value)}",
        NodeInput.Chain { Input: ChainInput.Propose it } => $"takes {Of(it.Proposal.Value)} from {it.From}",
        NodeInput.Chain { Input: ChainInput.Certify it } => $"takes {Of(it.Certificate.Value)} from {it.From}",
        NodeInput.Chain { Input: ChainInput.Block it } => $"takes block {Short(it.Arrived.Value.Hash)} of height {it.Arrived.Value.Height} from {it.From}",
        NodeInput.Chain { Input: ChainInput.FinalBlocks it } => $"takes {it.Items.Length} final blocks from {it.From}",
        NodeInput.Chain { Input: ChainInput.Status it } => $"hears that {it.From} is final at {it.Said.FinalHeight}, round {it.Said.Round}",
        NodeInput.Chain { Input: ChainInput.Timer it } => $"timer {it.Id.Kind} of {it.Id.Height}/{it.Id.Round}",
        NodeInput.Chain { Input: ChainInput.Signed it } => $"has signed {Of(it.Vote.Value)}",
        NodeInput.Chain { Input: ChainInput.SigningRefused it } => $"was refused to sign {Of(it.Ballot)}",
        NodeInput.Sync { Input: SyncInput.Headers it } => $"takes {it.Items.Length} headers from {it.From}, {it.Fault}",
        NodeInput.Sync { Input: SyncInput.Blocks it } => $"takes {it.Items.Length} blocks to catch up from {it.From}, {it.Fault}",
        NodeInput.Chain { Input: var other } => other.GetType().Name,
        _ => input.GetType().Name,
    };

    public static string Of(Message message) => message switch
    {
        Message.Propose it => Of(it.Proposal),
        Message.CastVote it => Of(it.Vote),
        Message.Certify it => Of(it.Certificate),
        Message.Submit it => $"transaction {Short(it.Transaction.Id)}",
        Message.Status it => $"final at {it.FinalHeight}, round {it.Round}",
        _ => message.GetType().Name,
    };

    public static string Of(Evidence evidence) => $"{Of(evidence.First)} and {Of(evidence.Second)}";

    public static string Of(Vote vote) => $"{Of(vote.Ballot)} by {vote.Validator.ToString()[..6]}";

    public static string Of(Ballot ballot) => $"{ballot.Phase} {ballot.Height}/{ballot.Round} {Short(ballot.BlockHash)}";

    public static string Of(Certificate certificate) => $"certificate {Of(certificate.Ballot)}";

    public static string Short(Hash256 hash) => hash.IsZero ? "nil" : hash.ToString()[2..8];

    private static string Of(Proposal proposal) =>
        $"{Of(proposal.Vote)} made in round {proposal.Block.Header.Round} on {Short(proposal.Block.Header.Parent)}{(proposal.Prepared is null ? "" : ", prepared")}";
}
