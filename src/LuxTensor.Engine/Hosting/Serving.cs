using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Engine;

/// <summary>Answers from the final chain to nodes that catch up: as many consecutive heights as were asked for and fit, none where there is none.</summary>
public static class Serving
{
    private const int MaxReplyBytes = 8 << 20;

    /// <summary>
    /// A block by its hash; null where it is not here. One that is not final is given as its proposal, because nobody takes it without
    /// its proposer's signature, unless a certificate of it is there (FRK-8).
    /// </summary>
    public static Message? Block(NodeState view, IChainReader chain, Hash256 hash)
    {
        if (view.BlockBy(hash) is not { } block)
        {
            return chain.BlockBy(hash) is { } final ? new Message.BlockReply(final.Block) : null;
        }

        return view.Chain.ProposalOf(hash) is { } vote ? new Message.Propose(view.Chain.Offer(block, vote)) : new Message.BlockReply(block);
    }

    /// <summary>Final blocks.</summary>
    public static Message.Blocks Blocks(IChainReader chain, Message.GetBlocks request)
    {
        var items = ImmutableArray.CreateBuilder<Block>();
        var bytes = 0;
        foreach (var final in From(chain, request.From, request.Count).TakeWhile(_ => bytes < MaxReplyBytes))
        {
            items.Add(final.Block);
            bytes += final.Block.Encoded.Length;
        }

        return new Message.Blocks(items.ToImmutable());
    }

    /// <summary>Final headers with their certificates, and the sets that whoever knows the header below may lack.</summary>
    public static Message.BlockHeaders Headers(IChainReader chain, ChainRules rules, Message.GetBlockHeaders request)
    {
        var items = ImmutableArray.CreateBuilder<CertifiedHeader>();
        var sets = ImmutableArray.CreateBuilder<EpochSnapshot>();
        var bytes = 0L;
        foreach (var (block, certificate) in From(chain, request.From, request.Count).TakeWhile(_ => bytes < MaxReplyBytes))
        {
            var header = block.Header;
            items.Add(new CertifiedHeader(header, certificate!));
            bytes += BlockHeader.Size + Certificate.MaxBytes(certificate!.Signatures.Length);
            var begins = rules.EpochOf(header.Height - 1) != header.Epoch;
            bytes += items.Count == 1 ? Add(sets, chain, header.Epoch) : 0; // whoever asks may have the header below from one who kept it back
            bytes += items.Count == 1 || begins ? Add(sets, chain, header.Epoch + 1) : 0;
        }

        return new Message.BlockHeaders(items.ToImmutable(), sets.ToImmutable());
    }

    /// <summary>Adds the set of an epoch where it is another one than that of the epoch before; gives its bytes.</summary>
    private static long Add(ImmutableArray<EpochSnapshot>.Builder sets, IChainReader chain, ulong epoch)
    {
        if (epoch == 0 || chain.SetOf(epoch) is not { } set || chain.SetOf(epoch - 1)?.Hash == set.Hash || (sets.Count > 0 && sets[^1].Epoch >= epoch))
        {
            return 0;
        }

        sets.Add(set);
        return (long)set.Validators.Length * EpochValidator.Size;
    }

    private static IEnumerable<FinalBlock> From(IChainReader chain, ulong from, int count)
    {
        for (var height = from; height - from < (ulong)int.Min(count, WireLimits.MaxBlocksPerMessage); height++)
        {
            if (height == 0 || chain.BlockAt(height) is not { Certificate: not null } final)
            {
                yield break;
            }

            yield return final;
        }
    }
}
