using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Tests.Core.Validators;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Core.Voting;

/// <summary>A chain of few validators with real keys, and whatever they might say.</summary>
internal sealed class Arena
{
    private ulong made;

    public Arena(ChainRules? rules = null, params UInt128[] stakes)
    {
        stakes = stakes.Length == 0 ? [26, 25, 25, 24] : stakes; // any three are a quorum, any two more than a third
        Genesis = Genesis.TryCreate(
            rules ?? Given.Rules,
            1_700_000_000_000,
            [.. stakes.Select(static (stake, i) => new GenesisValidator(Given.Key(i).PublicKey, stake))],
            [],
            out var genesis,
            out var why) ? genesis : throw new InvalidOperationException(why.Message);
        Epochs = new SameSets(Genesis.EpochZero);
        Root = new BlockNode(Genesis.Block, Genesis.Ledger, Genesis.Changes);
    }

    public Genesis Genesis { get; }

    public ChainRules Rules => Genesis.Rules;

    public SameSets Epochs { get; }

    public EpochSnapshot Set => Genesis.EpochZero;

    public BlockNode Root { get; }

    public int Proposer(ulong height, uint round) => Set.IndexOf(Set.ProposerOf(height, round).Address);

    /// <summary>A validator that proposes in none of these rounds of height 1.</summary>
    public int Bystander(params uint[] rounds) =>
        Enumerable.Range(0, Set.Validators.Length).First(i => rounds.All(round => Proposer(1, round) != i));

    public Ballot Ballot(Phase phase, Hash256 block, ulong height = 1, uint round = 0) => new(Rules.ChainId, Rules.EpochOf(height), height, round, phase, block);

    public static Vote Sign(int who, Ballot ballot)
    {
        Span<byte> message = stackalloc byte[LuxTensor.Core.Voting.Ballot.MessageSize];
        ballot.WriteMessage(message);
        return new Vote(ballot, Given.AddressOf(who), Given.Key(who).Sign(message));
    }

    public Vote Vote(int who, Phase phase, Hash256 block, ulong height = 1, uint round = 0) => Sign(who, Ballot(phase, block, height, round));

    public Verified<Vote> Verified(Vote vote) =>
        Verifier.Check(vote, Rules, Epochs.Of(Rules.EpochOf(vote.Ballot.Height)), out var verified) is { } why
            ? throw new InvalidOperationException(why.ToString())
            : verified;

    public Certificate Certificate(Phase phase, Hash256 block, ulong height, uint round, params int[] who)
    {
        var bitmap = new byte[(who.Max() / 8) + 1];
        Array.ForEach(who, i => bitmap[i / 8] |= (byte)(1 << (i % 8)));
        return new Certificate(Ballot(phase, block, height, round), [.. bitmap], [.. who.Order().Select(i => Vote(i, phase, block, height, round).Signature)]);
    }

    public Certificate Final(BlockNode node, uint round = 0) => Certificate(Phase.Precommit, node.Hash, node.Height, round, 0, 1, 2);

    /// <summary>A valid block, another one at each call.</summary>
    public BlockNode Block(BlockNode parent, uint round = 0, Certificate? certificate = null, ulong? time = null)
    {
        var height = parent.Height + 1;
        return BlockValidity.Make(
            parent, round, time ?? (parent.Block.Header.Time + Rules.BlockInterval + ++made), Epochs.Of(Rules.EpochOf(height)).ProposerOf(height, round).Address, certificate, [], Rules);
    }

    public Proposal Proposal(BlockNode node, uint? round = null, Certificate? prepared = null)
    {
        var at = round ?? node.Block.Header.Round;
        return new Proposal(node.Block, Vote(Proposer(node.Height, at), Phase.Propose, node.Hash, node.Height, at), prepared);
    }

    /// <summary>A chain of final blocks, each with the certificate that made it so.</summary>
    public ImmutableArray<CertifiedBlock> FinalChain(int length)
    {
        var items = ImmutableArray.CreateBuilder<CertifiedBlock>();
        var (parent, certificate) = (Root, (Certificate?)null);
        for (var i = 0; i < length; i++)
        {
            parent = Block(parent, 0, certificate);
            certificate = Final(parent);
            items.Add(new CertifiedBlock(parent.Block, certificate));
        }

        return items.ToImmutable();
    }
}
