using System.Collections.Immutable;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Storage;

/// <summary>What a full check of a journal found.</summary>
/// <param name="FinalHeight">Height of the last final block by the head row; 0 where it cannot be read.</param>
/// <param name="Blocks">Blocks read.</param>
/// <param name="Transactions">Transactions in them.</param>
/// <param name="StateEntries">Entries of the stored state.</param>
/// <param name="Inputs">Inputs since the last final block.</param>
/// <param name="Pool">Transactions of the pool.</param>
/// <param name="Evidence">Pieces of evidence.</param>
/// <param name="Findings">What is wrong, at most <see cref="MaxFindings"/>.</param>
public sealed record DatabaseReport(
    ulong FinalHeight, long Blocks, long Transactions, long StateEntries, long Inputs, long Pool, long Evidence,
    ImmutableArray<DatabaseFinding> Findings)
{
    /// <summary>Most findings listed; where there are as many, there may be more.</summary>
    public const int MaxFindings = 1_000;

    /// <summary>Whether nothing is wrong.</summary>
    public bool IsClean => Findings.IsEmpty;
}

/// <summary>How far a check is.</summary>
/// <param name="Height">The height being checked.</param>
/// <param name="FinalHeight">The last one.</param>
/// <param name="Findings">Findings so far.</param>
public readonly record struct CheckProgress(ulong Height, ulong FinalHeight, int Findings);

/// <summary>Something that is wrong in a journal. A closed set.</summary>
public abstract record DatabaseFinding
{
    private DatabaseFinding()
    {
    }

    /// <summary>One sentence: what is wrong and where.</summary>
    public string Message => this switch
    {
        Unreadable it => $"{it.Part} cannot be read: {it.Why}",
        Structure it => $"the file's structure: {it.Why}",
        MissingBlocks it => $"blocks {it.From} to {it.To} are missing",
        DamagedBlock it => $"block {it.Height} is damaged: {it.Why}",
        BrokenLink it => $"block {it.Height} names the parent {it.Named}, stored is {it.Stored}",
        InvalidBlock it => $"block {it.Height} is not valid on its parent: {it.Why}",
        BadCertificate it => $"the certificate of block {it.Of} in the row of block {it.Height} does not verify: {it.Why}",
        WrongSet it => $"the stored validator set of epoch {it.Epoch} is not the one that the blocks give",
        BadTransaction it => $"transaction {it.Index} of block {it.Height} has no valid signature",
        WrongPlace it => $"the index of transaction {it.Id} says {it.Stored?.ToString() ?? "nothing"}, it is at height {it.Height}, index {it.Index}",
        ExtraPlaces it => $"the transaction index has {it.Count} entries of transactions that no block has",
        WrongState it => $"the stored state has root {it.Stored}, the blocks give {it.Expected}",
        DamagedRow it => $"row {it.Row} of {it.Table} is damaged",
        WrongCount it => $"{it.Table} should have {it.Expected} rows, it has {it.Actual}, or one was exchanged",
        FinalInPool it => $"transaction {it.Id} waits in the pool and is final at height {it.Height}",
        _ => throw new InvalidOperationException($"a finding without a message: {GetType().Name}"),
    };

    /// <summary>A part of the file that could not be read to its end; what lies behind is not checked.</summary>
    public sealed record Unreadable(string Part, string Why) : DatabaseFinding;

    /// <summary>What SQLite's own integrity check says.</summary>
    public sealed record Structure(string Why) : DatabaseFinding;

    /// <summary>Heights without a block.</summary>
    public sealed record MissingBlocks(ulong From, ulong To) : DatabaseFinding;

    /// <summary>A row whose parts do not agree.</summary>
    public sealed record DamagedBlock(ulong Height, string Why) : DatabaseFinding;

    /// <summary>A block that does not name the block below it.</summary>
    public sealed record BrokenLink(ulong Height, Hash256 Named, Hash256 Stored) : DatabaseFinding;

    /// <summary>A block that the rules refuse; blocks above it are not executed.</summary>
    public sealed record InvalidBlock(ulong Height, BlockRejection Why) : DatabaseFinding;

    /// <summary>A block's own certificate, or the older one that it carries.</summary>
    public sealed record BadCertificate(ulong Height, ulong Of, VoteRejection Why) : DatabaseFinding;

    /// <summary>A validator set that is missing, damaged or another than executing the blocks gives.</summary>
    public sealed record WrongSet(ulong Epoch) : DatabaseFinding;

    /// <summary>A transaction that its sender did not sign.</summary>
    public sealed record BadTransaction(ulong Height, int Index) : DatabaseFinding;

    /// <summary>A transaction that the index does not have, or has elsewhere.</summary>
    public sealed record WrongPlace(Hash256 Id, ulong Height, int Index, Engine.TransactionPlace? Stored) : DatabaseFinding;

    /// <summary>Index entries beyond the transactions of all blocks.</summary>
    public sealed record ExtraPlaces(long Count) : DatabaseFinding;

    /// <summary>The stored state is not what executing the blocks gives.</summary>
    public sealed record WrongState(Hash256 Stored, Hash256 Expected) : DatabaseFinding;

    /// <summary>A row of a small table whose checksum or content is wrong.</summary>
    public sealed record DamagedRow(string Table, long Row) : DatabaseFinding;

    /// <summary>A small table without all its rows, or with others.</summary>
    public sealed record WrongCount(string Table, long Expected, long Actual) : DatabaseFinding;

    /// <summary>A transaction that is both final and waiting.</summary>
    public sealed record FinalInPool(Hash256 Id, ulong Height) : DatabaseFinding;
}
