using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using Microsoft.Extensions.Logging;

namespace LuxTensor.Grains;

/// <summary>
/// Stores the votes that a silo's grains counted, behind their counting: those that come within <see cref="Delay"/> together, one
/// write at a time. What waits is bounded; votes beyond that are not stored, for they are said again where they are missed. What
/// is decided before it is stored never is.
/// </summary>
internal sealed partial class VoteWriter(ClusterOptions options, ILogger<VoteWriter> log) : IAsyncDisposable
{
    /// <summary>How long a vote waits for others at most, unless a batch is full.</summary>
    public static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(250);

    private const int MostWaiting = 32 << 20; // bytes
    private const int FullBatch = MostWaiting / 2; // the other half is for what comes while it is written

    private readonly Lock gate = new();
    private readonly Dictionary<ulong, List<VoteRun>> waiting = [];
    private int bytes;
    private TaskCompletionSource hurry = NewSignal();
    private Task writing = Task.CompletedTask;

    public void Add(ulong height, IReadOnlyCollection<VoteRun> votes)
    {
        if (votes.Count == 0)
        {
            return;
        }

        var more = votes.Sum(static run => run.EncodedSize);
        lock (gate)
        {
            if (bytes + more > MostWaiting)
            {
                LogUnwritten(votes.Sum(static run => run.Count), "the database does not keep up");
                return;
            }

            if (!waiting.TryGetValue(height, out var there))
            {
                waiting.Add(height, there = []);
            }

            there.AddRange(votes);
            bytes += more;
            if (bytes >= FullBatch)
            {
                hurry.TrySetResult();
            }

            if (writing.IsCompleted)
            {
                writing = Task.Run(WriteAsync);
            }
        }
    }

    /// <summary>The height is decided: what is not stored need not be any more.</summary>
    public void Drop(ulong height)
    {
        lock (gate)
        {
            if (waiting.Remove(height, out var dropped))
            {
                bytes -= dropped.Sum(static run => run.EncodedSize);
            }
        }
    }

    /// <summary>Stores what waits, at once.</summary>
    public async Task FlushAsync()
    {
        Task last;
        lock (gate)
        {
            hurry.TrySetResult();
            last = writing;
        }

        await last.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync() => await FlushAsync().ConfigureAwait(false);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task WriteAsync()
    {
        while (true)
        {
            await Task.WhenAny(hurry.Task, Task.Delay(Delay)).ConfigureAwait(false);
            VoteRun[] batch;
            lock (gate)
            {
                if (waiting.Count == 0)
                {
                    writing = Task.CompletedTask; // who adds now begins anew
                    return;
                }

                batch = [.. waiting.Values.SelectMany(static runs => runs)];
                waiting.Clear();
                (bytes, hurry) = (0, NewSignal());
            }

            try
            {
                await options.Store.Votes.AppendAsync(batch, CancellationToken.None).ConfigureAwait(false);
            }
            catch (JournalException failure)
            {
                LogUnwritten(batch.Sum(static run => run.Count), failure.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} votes are not stored: {Reason}")]
    private partial void LogUnwritten(int count, string reason);
}
