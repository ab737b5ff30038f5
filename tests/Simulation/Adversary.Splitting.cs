using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Simulation;

/// <content>
/// The attack that locks are there for: one correct validator, cut off from being heard, is brought to lock on a block that
/// no other has a quorum for, while the rest are offered another one. It must not vote against its lock, and it must give
/// it up when a later quorum prepares the other block. Or more: it decides alone on what those that it heard are locked
/// on, and later rounds offer them the other block again; if one of them took it, two blocks would be final.
/// </content>
internal sealed partial class Adversary
{
    private const ulong MutedFor = 6_000;

    private Trap? split;

    private sealed record Trap(ulong Height, uint Round, Hash256 Offered, Core.Blocks.Block Rival, int Victim, bool Decides);

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
        split = new Trap(
            proposal.Block.Height, proposal.Round, proposal.Block.Hash, Forgery.Variant(proposal.Block), deceived[0], random.Chance(500));
        SendTo(node, deceived, new Message.Propose(proposal));
        var rest = Enumerable.Range(0, scenario.Nodes).Except(deceived).Except(scenario.Byzantine.Keys);
        var rival = Offer(node, proposal, split.Rival);
        SendTo(node, rest, new Message.Propose(rival));
        SendTo(node, scenario.Byzantine.Keys, new Message.Propose(proposal));
        return true;
    }

    /// <summary>In a later round of a split height, the rival is offered to all, and voted for by the liars.</summary>
    private bool OfferRival(SimulatedNode node, Proposal proposal)
    {
        if (split is not { } now || proposal.Block.Height != now.Height || proposal.Round <= now.Round)
        {
            return false;
        }

        world.Network.Broadcast(node.Index, new Message.Propose(Offer(node, proposal, now.Rival)));
        return true;
    }

    /// <summary>
    /// In the round of a split, the victim alone hears what makes its quorum of prepares, or of precommits, and the rest
    /// hear nil; in later rounds of the height the liars vote for the rival.
    /// </summary>
    private bool VoteInSplit(SimulatedNode node, Vote vote)
    {
        if (split is not { } now || vote.Ballot.Height != now.Height || vote.Ballot.Round < now.Round)
        {
            return false;
        }

        if (vote.Ballot.Round > now.Round)
        {
            var rival = Sign(node, vote.Validator, vote.Ballot with { BlockHash = now.Rival.Hash });
            world.Network.Broadcast(node.Index, new Message.CastVote(rival));
            return true;
        }

        var nil = Sign(node, vote.Validator, vote.Ballot with { BlockHash = Hash256.Zero });
        var others = Enumerable.Range(0, scenario.Nodes).Where(index => index != now.Victim);
        var wanted = Sign(node, vote.Validator, vote.Ballot with { BlockHash = now.Offered });
        var isPrepare = vote.Ballot.Phase == Phase.Prepare;
        SendTo(node, [now.Victim], new Message.CastVote(isPrepare || now.Decides ? wanted : nil));
        SendTo(node, others, new Message.CastVote(isPrepare && now.Decides ? wanted : nil));

        return true;
    }
}
