using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Simulation;

/// <content>
/// Blocks that are right in everything but one thing, and certificates of votes that nobody cast. Whatever such a block
/// changes is carried through to its state root, so that only the one check stands in its way.
/// </content>
internal sealed partial class Adversary
{
    private const int Flood = 80;

    private readonly Dictionary<Hash256, Block> forged = [];

    /// <summary>A block that a liar made certificates for: whoever asks for it gets it.</summary>
    public Block? Forged(Hash256 hash) => forged.GetValueOrDefault(hash);

    /// <summary>The same place with another proposer, round, time or transactions; null where the parent or the validators are not at hand.</summary>
    private Block? Cheat(SimulatedNode node, Block block)
    {
        if (node.View.Chain.Tree.Find(block.Header.Parent) is not { } parent || world.SetAt(block.Height) is not { Count: > 0 } set)
        {
            return null;
        }

        var header = block.Header;
        switch (random.Below(5))
        {
            case 0:
                return Make(parent, header with { Proposer = random.Pick(set).Address }, block);
            case 1:
                return Make(parent, header with { Round = header.Round + 1 }, block);
            case 2:
                return Make(parent, header with { Time = parent.Block.Header.Time + (ulong)random.Below(3) }, block);
            default:
                var added = BadTransaction(node, parent);
                return Make(parent, header, new Block(header, block.Certificate, [.. block.Transactions, added]));
        }
    }

    private Block Make(BlockNode parent, BlockHeader header, Block like)
    {
        var root = Execution.Run(parent.After, scenario.Rules, header.Proposer, like.Certificate, like.Transactions) is ExecutionResult.Executed done
            ? done.After.Root
            : header.StateRoot;
        return new Block(header with { TransactionsRoot = Block.RootOf(like.Transactions), StateRoot = root }, like.Certificate, like.Transactions);
    }

    /// <summary>A transaction that must be in no block after this parent.</summary>
    private Transaction BadTransaction(SimulatedNode node, BlockNode parent)
    {
        var key = world.Keys.Accounts[random.Below(world.Keys.Accounts.Length)];
        var own = world.Keys.Validators[node.Index];
        var nonce = parent.After.GetAccount(Address.Of(key.PublicKey)).Nonce;
        var to = Address.Of(own.PublicKey);
        var chain = scenario.Rules.ChainId;
        var transfer = new TransactionBody.Transfer(to, 7);
        switch (random.Below(8))
        {
            case 0:
                return Transaction.Sign(chain, key, nonce, 1, new TransactionBody.Transfer(to, Genesis.MaxSupply)); // whatever the block pays in before
            case 1:
                return Transaction.Sign(chain, key, nonce + 1, 1, transfer);
            case 2:
                return Transaction.Sign(chain, key, nonce == 0 ? 2 : nonce - 1, 1, transfer);
            case 3:
                return Transaction.Sign(chain + 1, key, nonce, 1, transfer);
            case 4:
                return Transaction.Sign(chain, key, nonce, 0, transfer);
            case 5:
                return Transaction.Sign(
                    chain, own, parent.After.GetAccount(to).Nonce, 1, new TransactionBody.Stake(scenario.Rules.MinimumStake));
            case 6:
                return Transaction.Sign(
                    chain, own, parent.After.GetAccount(to).Nonce, 0, new TransactionBody.Report(Clients.Slander(world, random, node.View.Chain.Height)));
            default:
                var stolen = Transaction.Sign(chain, key, nonce, 1, transfer);
                var bytes = stolen.Encoded.ToArray();
                bytes[^1] ^= 1;
                return Transaction.TryDecode(bytes, scenario.Rules.MaxTransactionBytes, out var unsigned, out _) ? unsigned! : stolen;
        }
    }

    /// <summary>A certificate of either phase for a block that nobody voted for.</summary>
    private void Forge(SimulatedNode node, Proposal proposal)
    {
        world.Coverage.Add(Seen.CertificatesForged);
        var rival = Forgery.Variant(proposal.Block);
        forged[rival.Hash] = rival;
        var set = world.SetAt(rival.Height);
        var own = Enumerable.Range(0, set.Count).FirstOrDefault(index => node.Validators.Contains(set[index].Address), -1);
        if (own < 0)
        {
            return;
        }

        var ballot = proposal.Vote.Ballot with { BlockHash = rival.Hash, Phase = random.Chance(500) ? Phase.Prepare : Phase.Precommit };
        var vote = Sign(node, node.Validators.First(), ballot);
        var all = new byte[(set.Count + 7) / 8];
        var alone = new byte[(own / 8) + 1];
        alone[own / 8] = (byte)(1 << (own % 8));
        for (var index = 0; index < set.Count; index++)
        {
            all[index / 8] |= (byte)(1 << (index % 8));
        }

        var certificate = random.Below(4) switch
        {
            0 => new Certificate(ballot, [.. alone], [vote.Signature]),
            1 => new Certificate(ballot, [.. all], [.. set.Select(_ => vote.Signature)]),
            2 when node.View.Chain.Prepared is { } prepared => new Certificate(ballot, prepared.Signers, prepared.Signatures),
            _ => new Certificate(ballot, [.. all], [.. set.Select(_ => new Signature(Noise(Signature.Size)))]),
        };
        Spread(node, new Message.Certify(certificate));
    }

    /// <summary>A proposal in a round that is another validator's.</summary>
    private void ProposeOutOfTurn(SimulatedNode node)
    {
        var chain = node.View.Chain;
        if (chain.Proposals.Values.FirstOrDefault() is { } known && chain.Tree.Find(known.Ballot.BlockHash) is { } held
            && Make(chain.Tree.Root, held.Block.Header with { Proposer = node.Validators.First(), Round = chain.Round }, held.Block) is var block)
        {
            world.Coverage.Add(Seen.InvalidBlocksSent);
            var vote = Sign(node, node.Validators.First(), known.Ballot with { BlockHash = block.Hash, Round = chain.Round });
            Spread(node, new Message.Propose(new Proposal(block, vote, null)));
        }
    }
}
