using System.Diagnostics;
using LuxTensor.Core;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>A journal that adds up the time its commits take.</summary>
internal sealed class TimedJournal(IJournal journal) : IJournal
{
    private long ticks;

    public TimeSpan Spent => Stopwatch.GetElapsedTime(0, Interlocked.Read(ref ticks));

    public ulong FinalHeight => journal.FinalHeight;

    public JournalContents Load() => journal.Load();

    public void Commit(JournalBatch batch)
    {
        var started = Stopwatch.GetTimestamp();
        journal.Commit(batch);
        Interlocked.Add(ref ticks, Stopwatch.GetTimestamp() - started);
    }

    public FinalBlock? BlockAt(ulong height) => journal.BlockAt(height);

    public FinalBlock? BlockBy(Hash256 hash) => journal.BlockBy(hash);

    public ulong? HeightOf(Hash256 hash) => journal.HeightOf(hash);

    public TransactionPlace? Locate(Hash256 transactionId) => journal.Locate(transactionId);

    public MissedDuty? MissOf(Address validator, ulong height) => journal.MissOf(validator, height);

    public EpochSnapshot? SetOf(ulong epoch) => journal.SetOf(epoch);

    public IReadOnlyList<Evidence> Evidence(int limit) => journal.Evidence(limit);

    public void Dispose() => journal.Dispose();
}

/// <summary>A guard that adds up the time its records take.</summary>
internal sealed class TimedGuard(ISigningGuard guard) : ISigningGuard
{
    private long ticks;

    public TimeSpan Spent => Stopwatch.GetElapsedTime(0, Interlocked.Read(ref ticks));

    public GuardDecision Record(Vote vote)
    {
        var started = Stopwatch.GetTimestamp();
        var decision = guard.Record(vote);
        Interlocked.Add(ref ticks, Stopwatch.GetTimestamp() - started);
        return decision;
    }

    public SigningPosition? LastSigned(Address validator) => guard.LastSigned(validator);

    public void RefuseUpTo(Address validator, ulong height) => guard.RefuseUpTo(validator, height);

    public GuardDecision.Blocked? VerifyNotOlderThan(Address validator, SigningPosition knownToJournal) =>
        guard.VerifyNotOlderThan(validator, knownToJournal);

    public void Dispose() => guard.Dispose();
}
