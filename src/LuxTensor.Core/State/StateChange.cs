using LuxTensor.Crypto;

namespace LuxTensor.Core.State;

/// <summary>One leaf that a block writes: its key in the state tree and its new value. What a journal stores to bring a ledger back.</summary>
/// <param name="Key">SHA-256 of the kind of entry and the address.</param>
/// <param name="Value">The canonical encoding of the entry.</param>
public readonly record struct StateChange(Hash256 Key, ReadOnlyMemory<byte> Value)
{
    /// <summary>Equality of key and bytes.</summary>
    public bool Equals(StateChange other) => Key == other.Key && Value.Span.SequenceEqual(other.Value.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => Key.GetHashCode();
}
