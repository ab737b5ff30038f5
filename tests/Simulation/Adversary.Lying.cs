using System.Collections.Immutable;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Simulation;

/// <content>What is told to those that catch up, and to those that asked for nothing.</content>
internal sealed partial class Adversary
{
    private const int Repetitions = 20;

    /// <summary>Something else instead of the final blocks that were asked for.</summary>
    private Message Lie(SimulatedNode node, int to, ImmutableArray<CertifiedBlock> items)
    {
        world.Coverage.Add(Seen.SyncLies);
        var at = random.Below(items.Length);
        var (block, certificate) = items[at];
        switch (random.Below(9))
        {
            case 0:
                return new Message.Blocks(items.SetItem(at, new CertifiedBlock(OtherBody(block), certificate)));
            case 1:
                return new Message.Blocks(items.SetItem(at, new CertifiedBlock(block, Noisy(certificate))));
            case 2:
                return new Message.Blocks(items.SetItem(at, new CertifiedBlock(block, Forgery.Spoil(certificate, random))));
            case 3:
                return new Message.Blocks(items.SetItem(at, new CertifiedBlock(Forgery.Variant(block), certificate)));
            case 4:
                return new Message.Blocks(items.SetItem(at, new CertifiedBlock(block, items[random.Below(items.Length)].Certificate)));
            case 5:
                return new Message.Blocks(items.SetItem(at, Usurped(node, block)));
            case 6:
                return new Message.Blocks([.. items.Reverse()]);
            case 7:
                return new Message.Blocks([.. items.Skip(1), .. items]);
            default:
                for (var i = 0; i < Repetitions; i++)
                {
                    world.Network.Send(node.Index, to, new Message.Blocks(items));
                }

                return new Message.Blocks(items);
        }
    }

    /// <summary>Answers that nobody asked for, and a claim that makes others ask.</summary>
    private void Mislead(SimulatedNode node)
    {
        world.Coverage.Add(Seen.SyncLies);
        var chain = node.View.Chain;
        var target = OtherThan(node);
        switch (random.Below(3))
        {
            case 0:
                Spread(node, new Message.Status(chain.Genesis, chain.Height + random.Between(0, 6), new Hash256(Noise(Hash256.Size)), 0));
                break;
            case 1 when node.Journal.FinalHeight > 0:
                var height = random.Between(1, node.Journal.FinalHeight);
                var final = node.Journal.BlockAt(height)!;
                world.Network.Send(node.Index, target, Lie(node, target, [new CertifiedBlock(final.Block, final.Certificate!)]));
                break;
            default:
                var head = chain.Tree.Head.Block;
                world.Network.Send(node.Index, target, new Message.BlockReply(random.Chance(500) ? OtherBody(head) : head));
                break;
        }
    }

    /// <summary>The same header with other transactions under it.</summary>
    private Block OtherBody(Block block)
    {
        var account = world.Keys.Accounts[random.Below(world.Keys.Accounts.Length)];
        var data = new TransactionBody.Data([.. Noise(8)]);
        var added = Transaction.Sign(scenario.Rules.ChainId, account, random.Next() % 16, 5, data);
        return new Block(block.Header, block.Certificate, block.Transactions.Length > 0 && random.Chance(500) ? [] : block.Transactions.Add(added));
    }

    /// <summary>The right signers, and signatures out of the air.</summary>
    private Certificate Noisy(Certificate certificate) =>
        new(certificate.Ballot, certificate.Signers, [.. certificate.Signatures.Select(_ => new Signature(Noise(Signature.Size)))]);

    /// <summary>A block of the liar's own for the height, certified by the liar alone, as often as a certificate has places.</summary>
    private CertifiedBlock Usurped(SimulatedNode node, Block block)
    {
        var own = Forgery.Variant(block);
        var set = world.SetAt(block.Height);
        var ballot = new Ballot(scenario.Rules.ChainId, block.Header.Epoch, block.Height, block.Header.Round, Phase.Precommit, own.Hash);
        var vote = Sign(node, node.Validators.First(), ballot);
        var bits = new byte[(set.Count + 7) / 8];
        for (var index = 0; index < set.Count; index++)
        {
            bits[index / 8] |= (byte)(1 << (index % 8));
        }

        return new CertifiedBlock(own, new Certificate(ballot, [.. bits], [.. set.Select(_ => vote.Signature)]));
    }
}
