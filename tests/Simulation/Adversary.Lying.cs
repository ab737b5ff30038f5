using System.Collections.Immutable;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Simulation;

/// <content>What is told to those that catch up, and to those that asked for nothing.</content>
internal sealed partial class Adversary
{
    private const int Repetitions = 20;

    /// <summary>Something else instead of the final blocks that were asked for.</summary>
    private Message Lie(SimulatedNode node, int to, ImmutableArray<Block> items)
    {
        world.Coverage.Add(Seen.SyncLies);
        var at = random.Below(items.Length);
        switch (random.Below(7))
        {
            case 0:
                return new Message.Blocks(items.SetItem(at, OtherBody(items[at])));
            case 1:
                return new Message.Blocks(items.SetItem(at, Forgery.Variant(items[at])));
            case 2:
                return new Message.Blocks([.. items.Reverse()]);
            case 3:
                return new Message.Blocks([.. items.Skip(1), .. items]);
            case 4:
                return new Message.Blocks([]);
            case 5:
                return new Message.Blocks([items[at]]);
            default:
                for (var i = 0; i < Repetitions; i++)
                {
                    world.Network.Send(node.Index, to, new Message.Blocks(items));
                }

                return new Message.Blocks(items);
        }
    }

    /// <summary>Something else instead of the headers that were asked for.</summary>
    private Message.BlockHeaders Lie(SimulatedNode node, Message.BlockHeaders headers)
    {
        world.Coverage.Add(Seen.SyncLies);
        var items = headers.Items;
        var at = random.Below(items.Length);
        var (header, certificate) = items[at];
        return random.Below(9) switch
        {
            0 => headers with { Items = items.SetItem(at, new CertifiedHeader(header, Noisy(certificate))) },
            1 => headers with { Items = items.SetItem(at, new CertifiedHeader(header, Forgery.Spoil(certificate, random))) },
            2 => headers with { Items = items.SetItem(at, new CertifiedHeader(header with { Time = header.Time + 1 }, certificate)) },
            3 => headers with { Items = items.SetItem(at, new CertifiedHeader(header, items[random.Below(items.Length)].Certificate)) },
            4 => headers with { Items = items.SetItem(at, Usurped(node, header)) },
            5 => headers with { Items = [.. items.Reverse()] },
            6 => headers with { Items = [.. items.Skip(1), .. items] },
            7 => headers with { Items = [] },
            _ => headers with { Sets = [new EpochSnapshot(header.Epoch + 1, [.. world.SetAt(header.Height).Select(static who => who with { Stake = 1 })])] },
        };
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
                world.Network.Send(node.Index, target, random.Chance(500)
                    ? Lie(node, target, [final.Block])
                    : Lie(node, new Message.BlockHeaders([new CertifiedHeader(final.Block.Header, final.Certificate!)], [])));
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

    /// <summary>A header of the liar's own for the height, certified by the liar alone, as often as a certificate has places.</summary>
    private CertifiedHeader Usurped(SimulatedNode node, BlockHeader header)
    {
        var own = header with { Time = header.Time + 1 };
        var set = world.SetAt(header.Height);
        var ballot = new Ballot(scenario.Rules.ChainId, header.Epoch, header.Height, header.Round, Phase.Precommit, own.ComputeHash());
        var vote = Sign(node, node.Validators.First(), ballot);
        var bits = new byte[(set.Count + 7) / 8];
        for (var index = 0; index < set.Count; index++)
        {
            bits[index / 8] |= (byte)(1 << (index % 8));
        }

        return new CertifiedHeader(own, new Certificate(ballot, [.. bits], [.. set.Select(_ => vote.Signature)]));
    }
}
