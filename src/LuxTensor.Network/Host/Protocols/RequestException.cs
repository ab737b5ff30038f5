namespace LuxTensor.Network;

/// <summary>A request got no answer.</summary>
public sealed class RequestException : StreamException
{
    /// <summary>Says what happened.</summary>
    public RequestException(RequestFault fault, string message)
        : base(message) => Fault = fault;

    /// <summary>Says what happened, and from what.</summary>
    public RequestException(RequestFault fault, string message, Exception inner)
        : base(message, inner) => Fault = fault;

    /// <summary>The kind.</summary>
    public RequestFault Fault { get; }
}

/// <summary>Why a request got no answer.</summary>
public enum RequestFault
{
    /// <summary>The request is longer than it may be; it was not sent.</summary>
    TooLarge,

    /// <summary>The peer does not speak the protocol.</summary>
    NotSpoken,

    /// <summary>The peer is not connected, or the stream or connection ended: it may have refused.</summary>
    Broken,

    /// <summary>The answer was not complete in time.</summary>
    TimedOut,

    /// <summary>Nothing of an answer came within a period, or the request was not taken: the peer may be busy.</summary>
    Silent,

    /// <summary>An answer began, and then came too slowly.</summary>
    TooSlow,

    /// <summary>The answer is longer than it may be, or no frame.</summary>
    Malformed,
}
