using System.Diagnostics;
using System.Diagnostics.Metrics;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Sync;
using LuxTensor.Crypto;

namespace LuxTensor.Engine;

/// <summary>
/// The node's measurements and spans, under the meter and the activity source LuxTensor.Engine. Times are milliseconds. A span
/// costs nothing where nobody listens.
/// </summary>
internal sealed class NodeMetrics : IDisposable
{
    private const int MaxTimed = 256;
    private static readonly ActivitySource Spans = new("LuxTensor.Engine");

    private readonly TimeProvider time;
    private readonly Meter meter = new("LuxTensor.Engine");
    private readonly Counter<long> blocks;
    private readonly Counter<long> transactions;
    private readonly Counter<long> reorganisations;
    private readonly Counter<long> rounds;
    private readonly Counter<long> refusals;
    private readonly Counter<long> syncFaults;
    private readonly Counter<long> signingRefusals;
    private readonly Counter<long> unreadable;
    private readonly Histogram<double> finality;
    private readonly Histogram<double> commit;
    private readonly Dictionary<Hash256, (long Timestamp, DateTimeOffset At)> seen = []; // when a block joined, on the loop's thread only

    public NodeMetrics(TimeProvider time)
    {
        this.time = time;
        blocks = meter.CreateCounter<long>("luxtensor_blocks_final", description: "blocks made final");
        transactions = meter.CreateCounter<long>("luxtensor_transactions_final", description: "transactions in final blocks");
        reorganisations = meter.CreateCounter<long>("luxtensor_reorganisations", description: "changes of head that took back a block");
        rounds = meter.CreateCounter<long>("luxtensor_view_changes", description: "rounds entered above round 0");
        refusals = meter.CreateCounter<long>("luxtensor_blocks_refused", description: "blocks of peers that were not valid");
        syncFaults = meter.CreateCounter<long>("luxtensor_sync_faults", description: "answers of peers to a node that catches up which were wrong or did not come");
        signingRefusals = meter.CreateCounter<long>("luxtensor_signatures_refused", description: "own votes that the signing guard refused");
        unreadable = meter.CreateCounter<long>("luxtensor_store_unreadable", description: "stored things that a peer asked for and that cannot be read");
        finality = meter.CreateHistogram<double>("luxtensor_finality_milliseconds", "ms", "from a block's arrival to its finality");
        commit = meter.CreateHistogram<double>("luxtensor_commit_milliseconds", "ms", "to store one turn durably");
    }

    public void Committed(long started, JournalBatch batch)
    {
        var took = time.GetElapsedTime(started);
        commit.Record(took.TotalMilliseconds);
        using (var span = Spans.StartActivity("commit", ActivityKind.Internal, default(ActivityContext), startTime: time.GetUtcNow() - took))
        {
            span?.SetTag("luxtensor.inputs", batch.Inputs.Length).SetTag("luxtensor.final_blocks", batch.Finalized.Length);
        }

        foreach (var final in batch.Finalized)
        {
            blocks.Add(1);
            transactions.Add(final.Block.Transactions.Length);
        }
    }

    public void Refused(ChainEffect.Refused refused) => refusals.Add(1, KeyValuePair.Create<string, object?>("reason", refused.Why.GetType().Name));

    public void Failed(SyncEffect.Blame blame) => syncFaults.Add(1, KeyValuePair.Create<string, object?>("reason", blame.Fault.ToString()));

    public void See(Notice notice)
    {
        switch (notice)
        {
            case Notice.HeadMoved moved:
                if (seen.Count > MaxTimed)
                {
                    seen.Clear(); // blocks that never became final; a measurement may miss some
                }

                foreach (var block in moved.Joined)
                {
                    seen.TryAdd(block.Hash, (time.GetTimestamp(), time.GetUtcNow()));
                }

                if (!moved.Left.IsEmpty)
                {
                    reorganisations.Add(1);
                }

                break;
            case Notice.Finalized final when seen.Remove(final.Block.Hash, out var since):
                finality.Record(time.GetElapsedTime(since.Timestamp).TotalMilliseconds);
                using (var span = Spans.StartActivity("finality", ActivityKind.Internal, default(ActivityContext), startTime: since.At))
                {
                    span?.SetTag("luxtensor.height", (long)final.Block.Height).SetTag("luxtensor.round", (long)final.Certificate.Ballot.Round)
                        .SetTag("luxtensor.block", final.Block.Hash.ToString()).SetTag("luxtensor.transactions", final.Block.Transactions.Length);
                }

                break;
            case Notice.RoundMoved { Phase: Core.Voting.Phase.Propose, Round: > 0 }:
                rounds.Add(1);
                break;
            case Notice.SigningRefused:
                signingRefusals.Add(1);
                break;
            case Notice.Unreadable:
                unreadable.Add(1);
                break;
            default:
                break;
        }
    }

    public void Dispose() => meter.Dispose();
}
