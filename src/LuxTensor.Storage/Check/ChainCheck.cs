using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Storage.Sqlite;

namespace LuxTensor.Storage;

/// <summary>The part of a check that walks the blocks from the genesis up, holding one block and the state at a time.</summary>
internal sealed class ChainCheck(Database database, Genesis genesis, Findings findings, bool transactionSignatures)
{
    private const int BlocksBetweenReports = 64;

    private readonly Queue<Hash256> verifiedOrder = [];
    private readonly HashSet<Hash256> verified = []; // certificates; blocks carry those of the blocks just below them
    private readonly Statement place = database.Prepare(SmallRows.Places);
    private readonly Statement set = database.Prepare(EpochRow.SelectSql);
    private BlockNode? executed; // the last block that was executed, null after one that could not be
    private FinalBlock? below;

    internal long Blocks { get; private set; }

    internal long Transactions { get; private set; }

    /// <summary>The root that the stored state must have; null where no block tells.</summary>
    internal Hash256? ExpectedStateRoot => below?.Block.Header.StateRoot;

    internal bool Run(ulong final, IProgress<CheckProgress>? progress, CancellationToken cancellation)
    {
        var rows = database.Prepare(BlockRow.SelectAllSql);
        var next = 0UL;
        using (rows.Rows())
        {
            while (rows.Step())
            {
                cancellation.ThrowIfCancellationRequested();
                var height = (ulong)rows.Integer(0);
                Blocks++;
                if (height != next)
                {
                    findings.Add(new DatabaseFinding.MissingBlocks(next, height - 1));
                    (executed, below) = (null, null);
                }

                next = height + 1;
                if (BlockRow.Read(rows, genesis.Rules, out var fault) is { } block)
                {
                    Check(block);
                }
                else
                {
                    findings.Add(new DatabaseFinding.DamagedBlock(height, fault));
                    (executed, below) = (null, null);
                }

                if (height % BlocksBetweenReports == 0 || height == final)
                {
                    progress?.Report(new CheckProgress(height, final, findings.Count));
                }
            }
        }

        if (next != final + 1)
        {
            findings.Add(next <= final
                ? new DatabaseFinding.MissingBlocks(next, final)
                : new DatabaseFinding.WrongCount("block", (long)final + 1, (long)next));
        }

        CountPlaces();
        return true;
    }

    private void Check(FinalBlock stored)
    {
        var block = stored.Block;
        var parent = block.Height == 0 ? genesis.Hash : below?.Block.Hash;
        if (parent is { } expected && block.Header.Parent != expected)
        {
            findings.Add(new DatabaseFinding.BrokenLink(block.Height, block.Header.Parent, expected));
        }

        CheckCertificates(stored);
        CheckTransactions(block);
        Execute(block);
        below = stored;
    }

    private void CheckCertificates(FinalBlock stored)
    {
        foreach (var certificate in (ReadOnlySpan<Certificate?>)[stored.Certificate, stored.Block.Certificate])
        {
            if (certificate is null || verified.Contains(certificate.Hash))
            {
                continue;
            }

            if (SetOf(genesis.Rules.EpochOf(certificate.Height)) is var members && Verifier.Check(certificate, genesis.Rules, members, out _) is { } why)
            {
                findings.Add(new DatabaseFinding.BadCertificate(stored.Block.Height, certificate.Height, why));
                continue;
            }

            verified.Add(certificate.Hash);
            verifiedOrder.Enqueue(certificate.Hash);
            if (verifiedOrder.Count > 256)
            {
                verified.Remove(verifiedOrder.Dequeue());
            }
        }
    }

    private void CheckTransactions(Block block)
    {
        for (var i = 0; i < block.Transactions.Length; i++)
        {
            var transaction = block.Transactions[i];
            Transactions++;
            if (transactionSignatures && Verifier.Check(transaction, genesis.Rules, out _) is not null)
            {
                findings.Add(new DatabaseFinding.BadTransaction(block.Height, i));
            }

            TransactionPlace? found = null;
            var sound = false;
            using (place.Bind(1, transaction.Id).Rows())
            {
                if (place.Step())
                {
                    found = new TransactionPlace((ulong)place.Integer(0), (int)place.Integer(1));
                    sound = place.Integer(2) == SmallRows.SumOfPlace(transaction.Id, place.Integer(0), place.Integer(1));
                }
            }

            if (!sound || found != new TransactionPlace(block.Height, i))
            {
                findings.Add(new DatabaseFinding.WrongPlace(transaction.Id, block.Height, i, found));
            }
        }
    }

    private void Execute(Block block)
    {
        if (block.Height == 0)
        {
            executed = block.Hash == genesis.Block.Hash ? new BlockNode(block, genesis.Ledger, genesis.Changes) : null;
            if (executed is null)
            {
                findings.Add(new DatabaseFinding.DamagedBlock(0, $"it is {block.Hash}, the genesis block is {genesis.Block.Hash}"));
            }
        }
        else if (executed is { } parent && BlockValidity.Check(parent, block, genesis.Rules, out executed) is { } why)
        {
            findings.Add(new DatabaseFinding.InvalidBlock(block.Height, why));
        }

        if (executed is { After.Epochs.Newest: var made } && (genesis.Rules.EndsEpoch(block.Height) || block.Height == 0)
            && StoredSet(made.Epoch)?.Hash != made.Hash)
        {
            findings.Add(new DatabaseFinding.WrongSet(made.Epoch));
        }
    }

    /// <summary>The set by which a certificate is checked: as executed, or as stored where a block below could not be executed.</summary>
    private EpochSnapshot? SetOf(ulong epoch) => executed?.After.Epochs.Find(epoch) ?? StoredSet(epoch);

    private EpochSnapshot? StoredSet(ulong epoch)
    {
        using (set.Bind(1, (long)epoch).Rows())
        {
            return set.Step() ? EpochRow.Read(set) : null;
        }
    }

    // Every transaction was looked up by its id, and ids are unique in the index: more entries than transactions are extra ones.
    private void CountPlaces()
    {
        var extra = database.Integer("SELECT count(*) FROM place") - Transactions;
        if (extra > 0)
        {
            findings.Add(new DatabaseFinding.ExtraPlaces(extra));
        }
    }
}
