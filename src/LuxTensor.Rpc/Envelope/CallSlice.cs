namespace LuxTensor.Rpc;

/// <summary>Where the parts of one call lie in the request's bytes, and what is wrong with it, if anything.</summary>
internal readonly record struct CallSlice
{
    /// <summary>Start of the id's raw text; meaningless where <see cref="IdLength"/> is 0.</summary>
    public int IdStart { get; init; }

    /// <summary>Length of the id's raw text; 0 for none.</summary>
    public int IdLength { get; init; }

    /// <summary>Start of the params' raw text.</summary>
    public int ParamsStart { get; init; }

    /// <summary>Length of the params' raw text; 0 for none or null.</summary>
    public int ParamsLength { get; init; }

    /// <summary>The method, or null where it is unknown or the call is invalid.</summary>
    public Method? Method { get; init; }

    /// <summary>Why the call is not carried out, or null.</summary>
    public RpcError? Fault { get; init; }

    /// <summary>Whether the caller wants no answer: a valid request without an id.</summary>
    public bool IsNotification { get; init; }
}
