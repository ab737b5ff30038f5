namespace LuxTensor.Rpc;

/// <summary>An error of JSON-RPC: a code clients act on, a sentence for people, and sometimes one word for programs.</summary>
internal sealed record RpcError(int Code, string Message, string? Reason = null)
{
    public const int ParseCode = -32700;
    public const int RequestCode = -32600;
    public const int MethodCode = -32601;
    public const int ParamsCode = -32602;
    public const int InternalCode = -32603;
    public const int ServerCode = -32000;
    public const int TooLargeCode = -32003;
    public const int LimitCode = -32005; // clients retry this one

    /// <summary>The code of execution-apis for a tag that has no block yet.</summary>
    public const int UnknownBlockCode = -39001;

    public static readonly RpcError Internal = new(InternalCode, "internal error: the node's log says more");
    public static readonly RpcError NotAnObject = new(RequestCode, "invalid request: a call is an object");
    public static readonly RpcError WrongVersion = new(RequestCode, "invalid request: \"jsonrpc\" must be \"2.0\"");
    public static readonly RpcError BadId = new(RequestCode, "invalid request: \"id\" must be a string, a number or null, given once");
    public static readonly RpcError BadMethod = new(RequestCode, "invalid request: \"method\" must be a string");
    public static readonly RpcError BadParams = new(RequestCode, "invalid request: \"params\" must be an array");
    public static readonly RpcError Duplicate = new(RequestCode, "invalid request: a member is given twice");
    public static readonly RpcError EmptyBatch = new(RequestCode, "invalid request: the batch is empty");
    public static readonly RpcError NamedParams = new(ParamsCode, "invalid params: they are taken by position, in an array");
    public static readonly RpcError NoSubscriptions = new(MethodCode, "subscriptions need a WebSocket connection");
    public static readonly RpcError NoFilter = new(ServerCode, "filter not found: it never was, has expired, or fell too far behind");
    public static readonly RpcError UnknownBlock = new(UnknownBlockCode, "Unknown block: no block is final yet");
    public static readonly RpcError Busy = new(LimitCode, "the node has too much to do: try again later");

    public static RpcError Invalid(string what) => new(ParamsCode, "invalid params: " + what);

    public static RpcError Server(string what, string? reason = null) => new(ServerCode, what, reason);

    public static RpcError Unknown(string method) => new(MethodCode, $"the method {method} does not exist/is not available");
}
