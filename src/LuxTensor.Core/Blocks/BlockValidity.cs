using System.Collections.Immutable;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.State;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Blocks;

/// <summary>Why a block is not valid on its parent. A closed set.</summary>
public abstract record BlockRejection
{
    private BlockRejection()
    {
    }

    /// <summary>For another chain.</summary>
    public sealed record WrongChain(ulong Expected, ulong Actual) : BlockRejection;

    /// <summary>Not the parent's height plus one.</summary>
    public sealed record WrongHeight(ulong Expected, ulong Actual) : BlockRejection;

    /// <summary>Names another parent.</summary>
    public sealed record WrongParent(Hash256 Expected, Hash256 Actual) : BlockRejection;

    /// <summary>Earlier than the block interval allows.</summary>
    public sealed record TooEarly(ulong Earliest, ulong Actual) : BlockRejection;

    /// <summary>Further ahead of the clock than the chain allows.</summary>
    public sealed record TooFarInFuture(ulong Latest, ulong Actual) : BlockRejection;

    /// <summary>Not made by the proposer drawn for (height, round).</summary>
    public sealed record WrongProposer(Address Expected, Address Actual) : BlockRejection;

    /// <summary>The epoch is not the height's.</summary>
    public sealed record WrongEpoch(ulong Expected, ulong Actual) : BlockRejection;

    /// <summary>The hash of an epoch's validator set is not the chain's.</summary>
    public sealed record WrongValidatorSet(ulong Epoch, Hash256 Expected, Hash256 Actual) : BlockRejection;

    /// <summary>The root over the transactions differs.</summary>
    public sealed record WrongTransactionsRoot(Hash256 Expected, Hash256 Actual) : BlockRejection;

    /// <summary>Executing it gives another state.</summary>
    public sealed record WrongStateRoot(Hash256 Expected, Hash256 Actual) : BlockRejection;

    /// <summary>The certificate is missing, not the one named, older than the parent's, or too old for a block this far up.</summary>
    public sealed record WrongCertificate(ulong Height, Hash256 Named) : BlockRejection;

    /// <summary>A transaction cannot be executed.</summary>
    public sealed record BadTransaction(int Index, TransactionRejection Why) : BlockRejection;

    /// <summary>Larger than the chain allows.</summary>
    public sealed record TooLarge(int Limit, int Actual) : BlockRejection;
}

/// <summary>Whether a block is valid on a parent (BLK-4). Signatures are the <see cref="Voting.Verifier"/>'s part.</summary>
public static class BlockValidity
{
    /// <summary>Executes a block on its parent; gives the node to add to the tree, or the first reason against it.</summary>
    public static BlockRejection? Check(BlockNode parent, Block block, ChainRules rules, out BlockNode? node)
    {
        node = null;
        if (CheckHeader(parent, block, rules) is { } why)
        {
            return why;
        }

        var root = Block.RootOf(block.Transactions);
        if (root != block.Header.TransactionsRoot)
        {
            return new BlockRejection.WrongTransactionsRoot(root, block.Header.TransactionsRoot);
        }

        switch (Execution.Run(parent.After, rules, block.Header.Proposer, block.Certificate, block.Transactions))
        {
            case ExecutionResult.Rejected rejected:
                return new BlockRejection.BadTransaction(rejected.Index, rejected.Why);
            case ExecutionResult.Executed executed when executed.After.Root != block.Header.StateRoot:
                return new BlockRejection.WrongStateRoot(executed.After.Root, block.Header.StateRoot);
            case ExecutionResult.Executed executed:
                node = new BlockNode(block, executed.After, executed.Changes);
                return null;
            default:
                throw new InvalidOperationException("an execution has two outcomes");
        }
    }

    /// <summary>A block may not be voted for while its time is further ahead of the clock than the chain allows (BLK-5).</summary>
    public static BlockRejection? CheckClock(BlockHeader header, ChainRules rules, ulong now)
    {
        var latest = Later(now, rules.ClockBound);
        return header.Time > latest ? new BlockRejection.TooFarInFuture(latest, header.Time) : null;
    }

    /// <summary>The header of the block that <paramref name="proposer"/> makes on a parent, and its node (BLK-6).</summary>
    public static BlockNode Make(
        BlockNode parent, uint round, ulong time, Address proposer, Voting.Certificate? certificate,
        ImmutableArray<Transactions.Transaction> transactions, ChainRules rules)
    {
        var executed = (ExecutionResult.Executed)Execution.Run(parent.After, rules, proposer, certificate, transactions);
        var height = parent.Height + 1;
        var epoch = rules.EpochOf(height);
        var header = new BlockHeader
        {
            ChainId = rules.ChainId,
            Height = height,
            Round = round,
            Time = ulong.Max(time, Later(parent.Block.Header.Time, ulong.Max(rules.BlockInterval, 1))),
            Parent = parent.Hash,
            Proposer = proposer,
            TransactionsRoot = Block.RootOf(transactions),
            StateRoot = executed.After.Root,
            Epoch = epoch,
            ValidatorSetHash = parent.After.Epochs.Of(epoch).Hash,
            NextValidatorSetHash = parent.After.Epochs.Of(epoch + 1).Hash,
            CertificateHash = certificate?.Hash ?? Hash256.Zero,
        };
        return new BlockNode(new Block(header, certificate, transactions), executed.After, executed.Changes);
    }

    /// <summary>Stops at the end of time: a sum that wrapped would let a child of the last moment be as early as it likes.</summary>
    private static ulong Later(ulong time, ulong by) => ulong.MaxValue - time < by ? ulong.MaxValue : time + by;

    private static BlockRejection? CheckHeader(BlockNode node, Block block, ChainRules rules)
    {
        var (header, parent, parentHash) = (block.Header, node.Block.Header, node.Hash);
        if (header.ChainId != rules.ChainId)
        {
            return new BlockRejection.WrongChain(rules.ChainId, header.ChainId);
        }

        if (header.Height != parent.Height + 1)
        {
            return new BlockRejection.WrongHeight(parent.Height + 1, header.Height);
        }

        if (header.Parent != parentHash)
        {
            return new BlockRejection.WrongParent(parentHash, header.Parent);
        }

        var earliest = Later(parent.Time, ulong.Max(rules.BlockInterval, 1));
        if (header.Time < earliest || header.Time <= parent.Time)
        {
            return new BlockRejection.TooEarly(earliest, header.Time);
        }

        if (block.Encoded.Length > rules.MaxBlockBytes)
        {
            return new BlockRejection.TooLarge(rules.MaxBlockBytes, block.Encoded.Length);
        }

        var epoch = rules.EpochOf(header.Height);
        var (set, next) = (node.After.Epochs.Of(epoch), node.After.Epochs.Of(epoch + 1)); // EPO-4: both were fixed before this block
        if (header.Epoch != epoch)
        {
            return new BlockRejection.WrongEpoch(epoch, header.Epoch);
        }

        if (header.ValidatorSetHash != set.Hash || header.NextValidatorSetHash != next.Hash)
        {
            return header.ValidatorSetHash != set.Hash
                ? new BlockRejection.WrongValidatorSet(epoch, set.Hash, header.ValidatorSetHash)
                : new BlockRejection.WrongValidatorSet(epoch + 1, next.Hash, header.NextValidatorSetHash);
        }

        var proposer = set.ProposerOf(header.Height, header.Round).Address;
        return proposer != header.Proposer
            ? new BlockRejection.WrongProposer(proposer, header.Proposer)
            : CheckCertificate(node.After, block, rules);
    }

    /// <summary>BLK-7: the certificate named is the one carried, it is no older than the parent's, and no block is further above it than production may run ahead.</summary>
    private static BlockRejection.WrongCertificate? CheckCertificate(Ledger parent, Block block, ChainRules rules)
    {
        var header = block.Header;
        var certified = block.Certificate?.Height ?? 0;
        return header.CertificateHash != (block.Certificate?.Hash ?? Hash256.Zero) || certified >= header.Height || certified < (parent.Duties?.Newest ?? 0)
                || header.Height - certified > rules.RunAhead
            ? new BlockRejection.WrongCertificate(certified, header.CertificateHash)
            : null;
    }
}
