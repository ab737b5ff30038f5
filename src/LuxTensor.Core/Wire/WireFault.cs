namespace LuxTensor.Core.Wire;

/// <summary>Why bytes are not the canonical encoding of a value (WIR-1).</summary>
public enum WireFault
{
    /// <summary>No fault.</summary>
    None,

    /// <summary>The bytes end inside a value.</summary>
    Truncated,

    /// <summary>Bytes remain after the value.</summary>
    TrailingBytes,

    /// <summary>A length or count is over its limit; nothing was allocated for it.</summary>
    TooLong,

    /// <summary>A kind, version or flag that this version does not know.</summary>
    UnknownTag,

    /// <summary>The value has another, shorter or ordered, encoding.</summary>
    NotCanonical,
}
