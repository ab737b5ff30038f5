namespace LuxTensor.Storage;

/// <summary>How a <see cref="SqliteJournal"/> uses its machine. Nothing here changes what is stored.</summary>
public sealed record JournalOptions
{
    /// <summary>Most bytes of decoded blocks kept in memory for readers; about 64 MiB.</summary>
    public long BlockCacheBytes { get; init; } = 64 << 20;

    /// <summary>Most reads at one time; further ones wait.</summary>
    public int Readers { get; init; } = 4;

    /// <summary>SQLite's page cache of the writing connection, KiB.</summary>
    public int WriterCacheKib { get; init; } = 16 << 10;

    /// <summary>SQLite's page cache of each reading connection, KiB.</summary>
    public int ReaderCacheKib { get; init; } = 2 << 10;

    /// <summary>Largest size of the database file, bytes, or null for as much as the disk has. Reaching it is like a full disk.</summary>
    public long? MaxBytes { get; init; }

    /// <summary>How long a commit waits for a foreign process that holds the file before it fails.</summary>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(2);
}
