namespace LuxTensor.Network;

/// <summary>Bytes of a peer that break a rule of the wire; the message names the rule.</summary>
public sealed class WireException : IOException
{
    /// <summary>Names the broken rule.</summary>
    public WireException(string message)
        : base(message)
    {
    }

    /// <summary>Names the broken rule, and from what it was seen.</summary>
    public WireException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>Whether the peer only closed its side too early: it has nothing to say, or is going away.</summary>
    public bool IsCutOff { get; init; }
}
