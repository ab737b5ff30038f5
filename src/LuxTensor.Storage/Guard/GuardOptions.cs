using LuxTensor.Core;
using LuxTensor.Crypto;

namespace LuxTensor.Storage;

/// <summary>Whose votes a <see cref="SqliteSigningGuard"/> remembers, and how many.</summary>
public sealed record GuardOptions
{
    /// <summary>The chain; a guard signs for no other.</summary>
    public required ulong ChainId { get; init; }

    /// <summary>The genesis hash, which tells chains with one id apart.</summary>
    public required Hash256 Genesis { get; init; }

    /// <summary>
    /// Votes kept for each validator, at least; below the oldest one kept, every position is refused. A validator signs
    /// about three a height.
    /// </summary>
    public int KeptVotes { get; init; } = 10_000;

    /// <summary>How long a record waits for another process that writes to the file before it fails.</summary>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The options for a chain.</summary>
    public static GuardOptions For(Genesis genesis) => new() { ChainId = genesis.Rules.ChainId, Genesis = genesis.Hash };
}

/// <summary>The guard's file, or an interchange file, cannot be used. The message names the file or the field and says what to do.</summary>
public sealed class GuardException : Exception
{
    /// <summary>With a message that names the thing and says what to do.</summary>
    public GuardException(string message)
        : base(message)
    {
    }

    /// <summary>With the failure below it.</summary>
    public GuardException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>Without a message.</summary>
    public GuardException()
    {
    }
}
