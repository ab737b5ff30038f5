using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Engine;

/// <summary>Signs for all validators of a test chain.</summary>
internal sealed class Ballots(TestChain chain)
{
    private readonly SameSets epochs = new(chain.Genesis.EpochZero);
    private readonly Dictionary<Address, SigningKey> keys = chain.Validators.ToDictionary(key => Address.Of(key.PublicKey));

    public SameSets Epochs => epochs;

    public Vote Sign(Address validator, ulong height, uint round, Phase phase, Hash256 block)
    {
        var rules = chain.Genesis.Rules;
        var ballot = new Ballot(rules.ChainId, rules.EpochOf(height), height, round, phase, block);
        Span<byte> message = stackalloc byte[Ballot.MessageSize];
        ballot.WriteMessage(message);
        return new Vote(ballot, validator, keys[validator].Sign(message));
    }

    public Verified<Vote> Verify(Vote vote)
    {
        var rules = chain.Genesis.Rules;
        var why = Verifier.Check(vote, rules, epochs.Of(rules.EpochOf(vote.Ballot.Height)), out var verified);
        return why is null ? verified : throw new InvalidOperationException(why.ToString());
    }

    public Certificate Certify(BlockNode node, Phase phase)
    {
        var set = epochs.Of(chain.Genesis.Rules.EpochOf(node.Height));
        var tally = PhaseTally.Empty(set);
        for (var index = 0; index < set.Validators.Length; index++)
        {
            var vote = Sign(set.Validators[index].Address, node.Height, node.Block.Header.Round, phase, node.Hash);
            tally = tally.Add(index, vote);
        }

        return tally.CertificateFor(node.Hash);
    }

    public Proposal Propose(BlockNode node)
    {
        var vote = Sign(node.Block.Header.Proposer, node.Height, node.Block.Header.Round, Phase.Propose, node.Hash);
        return new Proposal(node.Block, vote, null);
    }

    public NodeState Begin(IEnumerable<Address> local) =>
        Routing.Begin(chain.Genesis, new BlockNode(chain.Genesis.Block, chain.Genesis.Ledger, []), null, local, new());
}

/// <summary>A set that nobody joins or leaves, for every epoch.</summary>
internal sealed class SameSets(EpochSnapshot set)
{
    public EpochSnapshot Of(ulong epoch) => set.For(epoch);
}
