using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Simulation;

/// <content>
/// The attack that locks are there for: one correct validator, cut off from being heard, is brought to lock on a block that
/// no other has a quorum for, while the rest are offered another one. It must not vote against its lock, and it must give
/// it up when a later quorum prepares the other block.
/// </content>
internal sealed partial class Adversary
{
    private const ulong MutedFor = 2_500;

    private (ulong Height, uint Round, Hash256 Offered, int Victim)? split;

    /// <summary>Offers one block to as many as a quorum with the liars needs, and another to the rest; false where nobody is left.</summary>
    private bool Split(SimulatedNode node, Proposal proposal)
    {
        var honest = Enumerable.Range(0, scenario.Stakes.Length).Where(index => !scenario.Byzantine.ContainsKey(index)).ToArray();
        random.Shuffle(honest);
        var total = scenario.Stakes.Sum();
        var stake = scenario.Byzantine.Keys.Sum(index => scenario.Stakes[index]);
        var deceived = new List<int>();
        foreach (var index in honest)
        {
            if (stake * 3 > total * 2)
            {
                break;
            }

            stake += scenario.Stakes[index];
            deceived.Add(index);
        }

        if (deceived.Count == honest.Length || world.Network.IsHealed)
        {
            return false;
        }

        world.Coverage.Add(Seen.Splits);
        world.Faults.Mute(deceived[0], MutedFor);
        split = (proposal.Block.Height, proposal.Round, proposal.Block.Hash, deceived[0]);
        SendTo(node, deceived, new Message.Propose(proposal));
        var rest = Enumerable.Range(0, scenario.Nodes).Except(deceived).Except(scenario.Byzantine.Keys);
        var rival = Forgery.Offer(node.KeyOf(proposal.Vote.Validator), proposal, Forgery.Variant(proposal.Block));
        SendTo(node, rest, new Message.Propose(rival));
        SendTo(node, scenario.Byzantine.Keys, new Message.Propose(proposal));
        return true;
    }

    /// <summary>In the round of a split, the victim alone hears the prepare that makes its quorum; all else is nil.</summary>
    private bool VoteInSplit(SimulatedNode node, Vote vote)
    {
        if (split is not { } now || vote.Ballot.Height != now.Height || vote.Ballot.Round != now.Round)
        {
            return false;
        }

        var nil = Forgery.Sign(node.KeyOf(vote.Validator), vote.Ballot with { BlockHash = Hash256.Zero });
        var others = Enumerable.Range(0, scenario.Nodes).Where(index => index != now.Victim);
        if (vote.Ballot.Phase == Phase.Prepare)
        {
            var wanted = Forgery.Sign(node.KeyOf(vote.Validator), vote.Ballot with { BlockHash = now.Offered });
            SendTo(node, [now.Victim], new Message.CastVote(wanted));
            SendTo(node, others, new Message.CastVote(nil));
        }
        else
        {
            SendTo(node, [.. others, now.Victim], new Message.CastVote(nil));
        }

        return true;
    }
}
