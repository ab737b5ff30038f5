using LuxTensor.Engine;

namespace LuxTensor.Rpc;

/// <summary>What a method may use: the node, the server's shared parts, and the connection that calls, where it can be sent notes.</summary>
internal sealed class Caller(RpcServices services, CallBudget budget, WebSocketConnection? connection)
{
    public RpcServices Services => services;

    public INode Node => services.Node;

    /// <summary>How many calls it may still make.</summary>
    public CallBudget Budget => budget;

    /// <summary>The connection that notes go to; null over HTTP.</summary>
    public WebSocketConnection? Connection => connection;
}

/// <summary>The parts of one server that its connections share.</summary>
internal sealed record RpcServices(INode Node, RpcOptions Options, MethodTable Methods, Hub Hub, Filters Filters, TransactionIndex Index)
{
    /// <summary>Carries out calls.</summary>
    public Dispatcher Dispatcher { get; } = new(Methods, Options);
}
