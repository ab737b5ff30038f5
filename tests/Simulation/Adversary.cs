using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Simulation;

/// <summary>
/// Stands between each Byzantine node and the network. The node behind it runs the core and so knows what would be right
/// to say; what is said, and to whom, is decided here.
/// </summary>
internal sealed partial class Adversary(World world, Prng random)
{
    private const int Memory = 64;

    private readonly Scenario scenario = world.Scenario;
    private readonly List<Frame> heard = [];
    private readonly Dictionary<ulong, int[]> sides = [];

    public void Start()
    {
        foreach (var index in scenario.Byzantine.Keys)
        {
            Wait(index);
        }
    }

    /// <summary>What the node would answer when asked.</summary>
    public void Answer(SimulatedNode node, int to, Message message)
    {
        if (Has(node, Habits.NoAnswers) || Has(node, Habits.Silent))
        {
            return;
        }

        if (message is Message.Blocks { Items.IsEmpty: false } answer && Does(node, Habits.Lie, 700))
        {
            message = Lie(node, to, answer.Items);
        }
        else if (message is Message.BlockHeaders { Items.IsEmpty: false } headers && Does(node, Habits.Lie, 500))
        {
            message = Lie(node, headers);
        }
        else if (message is Message.BlockReply { Block: var asked } && Does(node, Habits.Lie, 400))
        {
            world.Coverage.Add(Seen.SyncLies);
            message = new Message.BlockReply(OtherBody(asked));
        }
        else if (message is Message.Blocks { Items: [.., var last] items } && Does(node, Habits.Garbage, 400))
        {
            world.Coverage.Add(Seen.GarbageSent);
            message = new Message.Blocks(items.SetItem(items.Length - 1, Forgery.Spoil(last, random)));
        }
        else if (message is Message.BlockHeaders { Items: [.., var top] rest } answered && Does(node, Habits.Garbage, 400))
        {
            world.Coverage.Add(Seen.GarbageSent);
            message = answered with { Items = rest.SetItem(rest.Length - 1, top with { Certificate = Forgery.Spoil(top.Certificate, random) }) };
        }

        world.Network.Send(node.Index, to, message);
    }

    /// <summary>What the node would say to all.</summary>
    public void Speak(SimulatedNode node, Message message)
    {
        if (Has(node, Habits.Silent))
        {
            return;
        }

        switch (message)
        {
            case Message.Propose { Proposal: var proposal } when node.Validators.Contains(proposal.Vote.Validator):
                Propose(node, proposal);
                break;
            case Message.CastVote { Vote: var vote } when node.Validators.Contains(vote.Validator):
                Vote(node, vote);
                break;
            case Message.Certify { Certificate: var certificate } when Does(node, Habits.Garbage, 200):
                world.Coverage.Add(Seen.GarbageSent);
                Spread(node, new Message.Certify(Forgery.Spoil(certificate, random)));
                break;
            default:
                Spread(node, message);
                break;
        }
    }

    /// <summary>What the node receives; with some habits it votes for whatever is proposed.</summary>
    public void Hear(SimulatedNode node, int from, Message message, Frame frame)
    {
        if (heard.Count < Memory)
        {
            heard.Add(frame);
        }
        else
        {
            heard[random.Below(Memory)] = frame;
        }

        if (message is Message.Status && !scenario.Byzantine.ContainsKey(from) && Does(node, Habits.AbsurdClaims, 700))
        {
            world.Coverage.Add(Seen.AbsurdClaims);
            Boast(node); // in the way of those that say the truth now
        }

        if (message is Message.Propose { Proposal: var heardOf } && Does(node, Habits.Forge, 250))
        {
            Forge(node, heardOf);
        }

        if (message is Message.Propose { Proposal: var proposal } && Has(node, Habits.VoteForAll))
        {
            foreach (var validator in node.Validators)
            {
                VoteFor(node, validator, proposal.Vote.Ballot, [from]);
            }
        }
    }

    private void Propose(SimulatedNode node, Proposal proposal)
    {
        if (Has(node, Habits.Split) && OfferRival(node, proposal))
        {
            return;
        }

        if (proposal.Block.Height == node.View.Chain.Height && Does(node, Habits.Split, 800) && Split(node, proposal))
        {
            return;
        }

        if (Does(node, Habits.InvalidBlocks, 400))
        {
            world.Coverage.Add(Seen.InvalidBlocksSent);
            var spoiled = Offer(node, proposal, Forgery.Spoil(proposal.Block, random));
            Spread(node, new Message.Propose(spoiled));
        }

        if (proposal.Prepared is null && Does(node, Habits.Cheat, 600) && Cheat(node, proposal.Block) is { } cheat)
        {
            world.Coverage.Add(Seen.InvalidBlocksSent);
            forged[cheat.Hash] = cheat;
            Spread(node, new Message.Propose(Offer(node, proposal, cheat)));
            return;
        }

        if (!Does(node, Habits.Equivocate, 700))
        {
            Spread(node, new Message.Propose(proposal));
            return;
        }

        world.Coverage.Add(Seen.Equivocations);
        var (left, right) = SidesOf(proposal.Block.Height);
        var other = Offer(node, proposal, Forgery.Variant(proposal.Block));
        SendTo(node, left, new Message.Propose(proposal));
        SendTo(node, right, new Message.Propose(other));
        if (Has(node, Habits.VoteForAll))
        {
            foreach (var peer in scenario.Byzantine.Keys.Select(world.Node))
            {
                foreach (var validator in peer.Validators)
                {
                    VoteFor(peer, validator, proposal.Vote.Ballot, left);
                    VoteFor(peer, validator, other.Vote.Ballot, right);
                }
            }
        }
    }

    private void Vote(SimulatedNode node, Vote vote)
    {
        if (Has(node, Habits.Split) && VoteInSplit(node, vote))
        {
            return;
        }

        if (Does(node, Habits.Withhold, 500))
        {
            world.Coverage.Add(Seen.VotesWithheld);
            return;
        }

        if (Does(node, Habits.Garbage, 200))
        {
            world.Coverage.Add(Seen.GarbageSent);
            Spread(node, new Message.CastVote(vote with { Signature = new Signature(Noise(Signature.Size)) }));
        }

        if (Does(node, Habits.Late, 500))
        {
            world.Coverage.Add(Seen.LateVotes);
            SendTo(node, [random.Below(scenario.Nodes)], new Message.CastVote(vote));
            world.Schedule(world.Now + random.Between(200, 2_000), 'l', node.Index, 0, () => Spread(node, new Message.CastVote(vote)));
            return;
        }

        if (!Does(node, Habits.Equivocate, 500))
        {
            Spread(node, new Message.CastVote(vote));
            return;
        }

        world.Coverage.Add(Seen.Equivocations);
        var (left, right) = SidesOf(vote.Ballot.Height);
        var rivals = node.View.Chain.Proposals.Values.Select(proposal => proposal.Ballot.BlockHash).Append(Hash256.Zero)
            .Where(hash => hash != vote.Ballot.BlockHash).ToArray();
        var rival = rivals.Length > 0 ? random.Pick(rivals) : vote.Ballot.BlockHash;
        SendTo(node, left, new Message.CastVote(vote));
        SendTo(node, right, new Message.CastVote(Sign(node, vote.Validator, vote.Ballot with { BlockHash = rival })));
    }

    private Proposal Offer(SimulatedNode node, Proposal proposal, Core.Blocks.Block block)
    {
        var offered = Forgery.Offer(node.KeyOf(proposal.Vote.Validator), proposal, block);
        world.Checkers.Made(offered.Vote);
        return offered;
    }

    private Vote Sign(SimulatedNode node, Address validator, Ballot ballot)
    {
        var vote = Forgery.Sign(node.KeyOf(validator), ballot);
        world.Checkers.Made(vote);
        return vote;
    }

    private void VoteFor(SimulatedNode node, Address validator, Ballot proposed, IReadOnlyCollection<int> targets)
    {
        foreach (var phase in new[] { Phase.Prepare, Phase.Precommit })
        {
            var vote = Sign(node, validator, proposed with { Phase = phase });
            SendTo(node, targets, new Message.CastVote(vote));
        }
    }

    private void Wait(int index) => world.Schedule(world.Now + random.Between(50, 600), 'b', index, 0, () =>
    {
        Tick(world.Node(index));
        Wait(index);
    });

    /// <summary>Says things that nobody asked for.</summary>
    private void Tick(SimulatedNode node)
    {
        if (Has(node, Habits.Silent))
        {
            return;
        }

        if (Does(node, Habits.Replay, 700) && heard.Count > 0)
        {
            world.Coverage.Add(Seen.Replays);
            world.Network.Send(node.Index, OtherThan(node), random.Pick(heard));
        }

        if (Does(node, Habits.Garbage, 300))
        {
            world.Coverage.Add(Seen.GarbageSent);
            world.Network.Send(node.Index, OtherThan(node), new Frame(Noise(1 + random.Below(300))));
        }

        if (Does(node, Habits.AbsurdClaims, 700))
        {
            world.Coverage.Add(Seen.AbsurdClaims);
            Claim(node);
        }

        if (Does(node, Habits.Lie, 500))
        {
            Mislead(node);
        }

        if (Does(node, Habits.Cheat, 300))
        {
            ProposeOutOfTurn(node);
        }
    }

    private void Claim(SimulatedNode node)
    {
        var chain = node.View.Chain;
        var validator = node.Validators.First();
        var hash = new Hash256(Noise(Hash256.Size));
        switch (random.Below(4))
        {
            case 0:
                Boast(node);
                break;
            case 1:
                var height = random.Chance(500) ? chain.Height + random.Next() % 3 : random.Next();
                var ballot = new Ballot(chain.Rules.ChainId, chain.Rules.EpochOf(height), height, 0, Phase.Prepare, hash);
                Spread(node, new Message.CastVote(Sign(node, validator, ballot)));
                break;
            case 2:
                var round = random.Pick<uint>([chain.Round + 1, chain.Round + 7, chain.Round + 9, 1_000_000, uint.MaxValue]);
                var far = chain.BallotFor(random.Chance(500) ? Phase.Prepare : Phase.Precommit, hash) with { Round = round };
                SendTo(node, [OtherThan(node)], new Message.CastVote(Sign(node, validator, far)));
                break;
            default:
                for (var copies = random.Chance(60) ? Flood : 1; copies > 0; copies--)
                {
                    Ahead(node, validator);
                }

                break;
        }
    }

    private void Boast(SimulatedNode node)
    {
        var chain = node.View.Chain;
        var height = chain.Height + (random.Next() % 1_000_000);
        Spread(node, new Message.Status(chain.Genesis, height, new Hash256(Noise(Hash256.Size)), uint.MaxValue));
    }

    /// <summary>Offers a block that runs ahead on a parent that nobody has, in a round in which the validator may propose.</summary>
    private void Ahead(SimulatedNode node, Address validator)
    {
        var chain = node.View.Chain;
        var height = chain.Height + random.Next() % chain.Rules.RunAhead;
        var epoch = chain.Rules.EpochOf(height);
        var head = chain.Tree.Head.Block;
        for (uint round = 0; round < 12; round++)
        {
            if ((chain.Epochs.Find(epoch) ?? chain.Epochs.Newest).ProposerOf(height, round).Address == validator)
            {
                var header = head.Header with
                {
                    Height = height,
                    Epoch = epoch,
                    Round = round,
                    Proposer = validator,
                    Parent = new Hash256(Noise(Hash256.Size)),
                };
                var block = new Core.Blocks.Block(header, head.Certificate, []);
                var ballot = new Ballot(chain.Rules.ChainId, epoch, height, round, Phase.Propose, block.Hash);
                Spread(node, new Message.Propose(new Proposal(block, Sign(node, validator, ballot), null)));
                return;
            }
        }
    }

    private void Spread(SimulatedNode node, Message message)
    {
        if (!Does(node, Habits.Selective, 600))
        {
            world.Network.Broadcast(node.Index, message);
            return;
        }

        world.Coverage.Add(Seen.SelectiveSends);
        SendTo(node, [.. Enumerable.Range(0, scenario.Nodes).Where(_ => random.Chance(500))], message);
    }

    private void SendTo(SimulatedNode node, IEnumerable<int> targets, Message message)
    {
        foreach (var target in targets.Where(target => target != node.Index))
        {
            world.Network.Send(node.Index, target, message);
        }
    }

    /// <summary>Two halves of the nodes, the same for all that is said about a height.</summary>
    private (int[] Left, int[] Right) SidesOf(ulong height)
    {
        if (!sides.TryGetValue(height, out var order))
        {
            order = [.. Enumerable.Range(0, scenario.Nodes)];
            random.Shuffle(order);
            sides.Add(height, order);
        }

        return (order[..(order.Length / 2)], order[(order.Length / 2)..]);
    }

    private int OtherThan(SimulatedNode node) => (node.Index + 1 + random.Below(scenario.Nodes - 1)) % scenario.Nodes;

    private bool Has(SimulatedNode node, Habits habit) => scenario.Byzantine[node.Index].HasFlag(habit);

    private bool Does(SimulatedNode node, Habits habit, int perMille) => Has(node, habit) && random.Chance(perMille);

    private byte[] Noise(int length)
    {
        var bytes = new byte[length];
        for (var i = 0; i < length; i++)
        {
            bytes[i] = (byte)random.Next();
        }

        return bytes;
    }
}
