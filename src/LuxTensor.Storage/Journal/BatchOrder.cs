using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Storage;

/// <summary>Final blocks follow each other; nothing is written for one that does not.</summary>
internal static class BatchOrder
{
    /// <summary>Checks the blocks of a batch, and their certificates, against the last final block that is stored.</summary>
    /// <exception cref="JournalException">One does not follow, or its certificate is of another block or phase.</exception>
    internal static void Check(string where, ulong height, Hash256 parent, JournalBatch batch)
    {
        foreach (var (block, certificate, _, _) in batch.Finalized)
        {
            if (block.Height != height + 1 || block.Header.Parent != parent)
            {
                throw new JournalException(
                    $"{where}: block {block.Hash} at height {block.Height} with parent {block.Header.Parent} does not follow the last final block {parent} at height {height}");
            }

            if (!BlockRow.Certifies(certificate, block))
            {
                throw new JournalException(
                    $"{where}: the certificate given with block {block.Hash} at height {block.Height} is of block {certificate.BlockHash} at height {certificate.Height}, phase {certificate.Ballot.Phase}");
            }

            (height, parent) = (block.Height, block.Hash);
        }
    }
}
