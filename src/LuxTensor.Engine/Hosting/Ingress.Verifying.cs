using LuxTensor.Core.Consensus;
using LuxTensor.Core.Slashing;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Voting;

namespace LuxTensor.Engine;

/// <content>What is asked of messages about the chain before they may enter the node.</content>
public sealed partial class Ingress
{
    private FrameVerdict TakeChainMessage(Message message, PeerId from, List<NodeInput> batch)
    {
        var chain = View.Chain;
        var epochs = chain.Epochs;
        ChainInput? input = null;
        switch (message)
        {
            case Message.Status status:
                var held = View.Final.Hash == status.FinalHash ? View.Final.Height : options.Chain.HeightOf(status.FinalHash);
                if (held is { } height)
                {
                    if (height != status.FinalHeight)
                    {
                        return FrameVerdict.Reject; // that block is of another height
                    }

                    options.Transport.Prove(from, height, status.FinalHash);
                }

                input = new ChainInput.Status(status, from);
                break;
            case Message.Certify { Certificate: var certificate }:
                if (certificate.Height < chain.Height
                    || (certificate.Ballot.Phase == Phase.Prepare && chain.Height == certificate.Height && chain.Prepared?.Ballot.Round >= certificate.Ballot.Round))
                {
                    return FrameVerdict.Ignore;
                }

                var why = Verifier.Check(certificate, Rules, epochs.Find(Rules.EpochOf(certificate.Height)), out var proven);
                if (why is VoteRejection.UnknownEpoch)
                {
                    batch.Add(new NodeInput.Chain(Routing.Claim(View, certificate, from)));
                    return FrameVerdict.Ignore; // not verified, so not forwarded
                }

                input = why is null ? new ChainInput.Certify(proven, from) : null;
                break;
            case Message.Propose { Proposal: var proposal }:
                var ballot = proposal.Vote.Ballot;
                if (ballot.Height < chain.Height || ballot.Height > Admission.Horizon(chain)
                    || (ballot.Height == chain.Height && proposal.Prepared is null && chain.Proposals.TryGetValue(ballot.Round, out var known)
                        && known.Ballot.BlockHash == ballot.BlockHash))
                {
                    return FrameVerdict.Ignore;
                }

                input = Verifier.Check(proposal, Rules, epochs.Find, IsPooled, out var offered) is null
                    ? new ChainInput.Propose(offered, from)
                    : null;
                break;
            case Message.BlockReply { Block: var block }:
                input = Verifier.Check(block, Rules, epochs.Find, IsPooled, out var arrived) is null ? new ChainInput.Block(arrived, from) : null;
                break;
            default:
                break;
        }

        if (input is null)
        {
            return FrameVerdict.Reject;
        }

        if (FinalityIn(message) is { } shown)
        {
            options.Transport.Prove(from, shown.Height, shown.BlockHash);
        }

        batch.Add(new NodeInput.Chain(input));
        return FrameVerdict.Accept;
    }

    /// <summary>PEE-11: the certificate of a final block that a verified message carries, which whoever sent or forwarded it knows.</summary>
    private static Certificate? FinalityIn(Message message) => message switch
    {
        Message.Propose { Proposal.Block.Certificate: var certificate } => certificate,
        Message.BlockReply { Block.Certificate: var certificate } => certificate,
        Message.Certify { Certificate: { Ballot.Phase: Phase.Precommit } certificate } => certificate,
        _ => null,
    };

    private FrameVerdict TakeHeaders(SyncInput.Headers headers, List<NodeInput> batch)
    {
        batch.Add(new NodeInput.Sync(headers));
        if (headers.Items is [.., { Value: var last }])
        {
            options.Transport.Prove(headers.From, last.Header.Height, last.Hash);
        }

        return headers.Fault is null ? FrameVerdict.Accept : FrameVerdict.Ignore; // the machine names who failed
    }

    /// <summary>EVI-8: a double vote that can be punished and is not known yet.</summary>
    private FrameVerdict TakeAccusation(DoubleVote offence, List<NodeInput> batch)
    {
        if (!Reporting.IsNews(View, offence))
        {
            return FrameVerdict.Ignore;
        }

        if (!offence.Verify())
        {
            return FrameVerdict.Reject;
        }

        batch.Add(new NodeInput.Accuse(offence));
        return FrameVerdict.Accept;
    }
}
