namespace LuxTensor.Crypto;

/// <summary>A keystore that cannot be used or written; the message names the thing and says what to do, and never holds a secret.</summary>
public sealed class KeystoreException : Exception
{
    /// <summary>A refusal.</summary>
    public KeystoreException(KeystoreFault fault, string message, Exception? inner = null)
        : base(message, inner) => Fault = fault;

    /// <summary>The kind of refusal.</summary>
    public KeystoreFault Fault { get; }
}
