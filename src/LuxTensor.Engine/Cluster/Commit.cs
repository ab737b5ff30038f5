using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;

namespace LuxTensor.Engine.Cluster;

/// <summary>What a node stored in one transaction, for its replicas in other processes.</summary>
/// <param name="Generation">The writer's number: a replica begins anew when it changes.</param>
/// <param name="Sequence">The commit's number; each is one more than the last.</param>
/// <param name="Proven">The highest height that the writer knows a certificate of.</param>
/// <param name="Batch">What was stored. Of a commit that was sent, without what a replica computes or reads for itself: state changes, sets and missed duties.</param>
public sealed record Commit(ulong Generation, ulong Sequence, ulong Proven, JournalBatch Batch)
{
    /// <summary>The bytes that a replica needs.</summary>
    public byte[] Encode()
    {
        var writer = new WireWriter(1024).UInt64(Generation).UInt64(Sequence).UInt64(Proven);
        writer.UInt32((uint)Batch.Inputs.Length);
        foreach (var input in Batch.Inputs)
        {
            writer.UInt64(input.Height).LengthPrefixed(input.Bytes.Span);
        }

        writer.UInt32((uint)Batch.Finalized.Length);
        foreach (var final in Batch.Finalized)
        {
            final.Certificate.Write(writer.LengthPrefixed(final.Block.Encoded.Span));
        }

        writer.UInt32((uint)Batch.PoolAdded.Length);
        foreach (var entry in Batch.PoolAdded)
        {
            writer.UInt64(entry.Arrival).LengthPrefixed(entry.Transaction.Encoded.Span);
        }

        writer.UInt32((uint)Batch.PoolRemoved.Length);
        foreach (var id in Batch.PoolRemoved)
        {
            writer.Hash(id);
        }

        writer.UInt32((uint)Batch.Evidence.Length);
        foreach (var evidence in Batch.Evidence)
        {
            evidence.First.Write(writer);
            evidence.Second.Write(writer);
        }

        return writer.ToArray();
    }

    /// <summary>Reads a commit of the chain with these rules; null where the bytes are none.</summary>
    public static Commit? TryDecode(ReadOnlySpan<byte> bytes, ChainRules rules)
    {
        var reader = new WireReader(bytes);
        var (generation, sequence, proven) = (reader.UInt64(), reader.UInt64(), reader.UInt64());
        var inputs = ImmutableArray.CreateBuilder<JournalInput>();
        for (var count = reader.Count(int.MaxValue, 12); count > 0; count--)
        {
            inputs.Add(new JournalInput(reader.UInt64(), reader.LengthPrefixed(int.MaxValue).ToArray()));
        }

        var finalized = ImmutableArray.CreateBuilder<Finalization>();
        for (var count = reader.Count(int.MaxValue, 4); count > 0; count--)
        {
            if (!Block.TryDecode(reader.LengthPrefixed(rules.MaxBlockBytes), rules.MaxBlockBytes, rules.MaxTransactionBytes, out var block, out _))
            {
                return null;
            }

            finalized.Add(new Finalization(block!, Certificate.Read(ref reader), [], null));
        }

        var added = ImmutableArray.CreateBuilder<PoolEntry>();
        for (var count = reader.Count(int.MaxValue, 12); count > 0; count--)
        {
            var arrival = reader.UInt64();
            if (!Transaction.TryDecode(reader.LengthPrefixed(rules.MaxTransactionBytes), rules.MaxTransactionBytes, out var transaction, out _))
            {
                return null;
            }

            added.Add(new PoolEntry(arrival, transaction!));
        }

        var removed = ImmutableArray.CreateBuilder<Crypto.Hash256>();
        for (var count = reader.Count(int.MaxValue, Crypto.Hash256.Size); count > 0; count--)
        {
            removed.Add(reader.Hash());
        }

        var evidence = ImmutableArray.CreateBuilder<Evidence>();
        for (var count = reader.Count(int.MaxValue, 2 * Vote.Size); count > 0; count--)
        {
            evidence.Add(new Evidence(Vote.Read(ref reader), Vote.Read(ref reader)));
        }

        var batch = new JournalBatch
        {
            Inputs = inputs.ToImmutable(),
            Finalized = finalized.ToImmutable(),
            PoolAdded = added.ToImmutable(),
            PoolRemoved = removed.ToImmutable(),
            Evidence = evidence.ToImmutable(),
        };
        return reader.End() ? new Commit(generation, sequence, proven, batch) : null;
    }
}
