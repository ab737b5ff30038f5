using LuxTensor.Core.Consensus;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Simulation;

/// <content>The way in: what the embedded host's ingress does with a frame.</content>
internal sealed partial class SimulatedNode
{
    public void Receive(int from, Frame frame)
    {
        if (!IsUp || frame.Decode(world.Scenario.Rules) is not { } message)
        {
            return;
        }

        world.Coverage.Add(Seen.MessagesDelivered);
        if (IsByzantine)
        {
            world.Adversary.Hear(this, from, message, frame);
        }

        switch (message)
        {
            case Message.CastVote { Vote: var vote }:
                TakeVote(from, vote);
                break;
            case Message.Submit { Transaction: var transaction }:
                if (View.Pool.Find(transaction.Id) is null && world.Verification.Of(transaction) is { } submitted)
                {
                    Post(new NodeInput.Submit(submitted));
                }

                break;
            case Message.GetBlock { Hash: var hash }:
                if (Serving.Block(View, Journal, hash) is { } held)
                {
                    Answer(from, held);
                }
                else if (IsByzantine && world.Adversary.Forged(hash) is { } forged)
                {
                    Answer(from, new Message.BlockReply(forged));
                }

                break;
            case Message.GetBlocks request:
                Answer(from, Serving.Blocks(Journal, request));
                break;
            case Message.GetBlockHeaders request:
                Answer(from, Serving.Headers(Journal, world.Scenario.Rules, request));
                break;
            case Message.BlockHeaders headers:
                var checkedHeaders = SyncVerifier.Check(headers, world.Network.Names[from], View.Sync, View.Chain, world.Verification.Checks);
                Post(new NodeInput.Sync(checkedHeaders), checkedHeaders.Fault);
                break;
            case Message.Blocks blocks:
                var checkedBlocks = SyncVerifier.Check(blocks, world.Network.Names[from], View.Sync, View.Chain, world.Verification.Checks);
                Post(new NodeInput.Sync(checkedBlocks), checkedBlocks.Fault);
                break;
            case Message.Accuse { Offence: var offence }:
                if (offence.Verify())
                {
                    Post(new NodeInput.Accuse(offence));
                }

                break;
            default:
                if (Verify(message, world.Network.Names[from]) is { } input)
                {
                    PostSigned(new NodeInput.Chain(input));
                }

                break;
        }
    }

    private void TakeVote(int from, Vote vote)
    {
        if (!Routing.IsUseful(View, vote) || world.Verification.Of(vote, View.Chain.Epochs.Find) is not { } verified)
        {
            return;
        }

        PostSigned(new NodeInput.CastVote(verified, world.Network.Names[from]));
    }

    private void PostSigned(NodeInput input)
    {
        foreach (var own in SignedVotes.In(input, View).Where(vote => !IsByzantine && keys.ContainsKey(vote.Validator) && Defect != Defect.SkipsGuard))
        {
            try
            {
                guard.Record(own, Disk); // GRD-5
            }
            catch (JournalException)
            {
                StopAfterFailure();
                return;
            }
        }

        Post(input);
    }

    private ChainInput? Verify(Message message, PeerId from)
    {
        var chain = View.Chain;
        switch (message)
        {
            case Message.Status status:
                return new ChainInput.Status(status, from);
            case Message.Certify { Certificate: var certificate }:
                var isOld = certificate.Height < chain.Height || (certificate.Ballot.Phase == Phase.Prepare
                    && chain.Height == certificate.Height && chain.Prepared?.Ballot.Round >= certificate.Ballot.Round);
                if (!isOld && chain.Epochs.Find(chain.Rules.EpochOf(certificate.Height)) is null)
                {
                    return Routing.Claim(View, certificate, from);
                }

                return !isOld && world.Verification.Of(certificate, View.Chain.Epochs.Find) is { } proven ? new ChainInput.Certify(proven, from) : null;
            case Message.Propose { Proposal: var proposal }:
                var ballot = proposal.Vote.Ballot;
                var isUseless = ballot.Height < chain.Height || ballot.Height > Admission.Horizon(chain)
                    || (ballot.Height == chain.Height && proposal.Prepared is null
                        && chain.Proposals.TryGetValue(ballot.Round, out var known) && known.Ballot.BlockHash == ballot.BlockHash);
                return !isUseless && world.Verification.Of(proposal, View.Chain.Epochs.Find) is { } offered ? new ChainInput.Propose(offered, from) : null;
            case Message.BlockReply { Block: var block }:
                return world.Verification.Of(block, View.Chain.Epochs.Find) is { } arrived ? new ChainInput.Block(arrived, from) : null;
            default:
                return null;
        }
    }

    private void Post(NodeInput input, SyncFault? fault)
    {
        if (fault is not null)
        {
            world.Coverage.Add(Seen.SyncAnswersRefused);
        }

        Post(input);
    }

    private void Answer(int to, Message message)
    {
        if (IsByzantine)
        {
            world.Adversary.Answer(this, to, message);
        }
        else
        {
            world.Network.Send(Index, to, message);
        }
    }
}
