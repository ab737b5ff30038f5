namespace LuxTensor.Core.Voting;

/// <summary>
/// A value whose signatures were checked against the epoch's validator set. Only <see cref="Verifier"/> makes one,
/// so a function that takes it cannot be handed anything unchecked (VOT-2).
/// </summary>
public readonly struct Verified<T>
    where T : class
{
    private readonly T? value;

    internal Verified(T value) => this.value = value;

    /// <summary>The checked value.</summary>
    /// <exception cref="InvalidOperationException">This is a default value, which nobody checked.</exception>
    public T Value => value ?? throw new InvalidOperationException("a default Verified<T> was never verified");
}
