using System.Diagnostics;
using System.Text.Json;

namespace LuxTensor.Rpc;

/// <summary>Carries out a call: reads its arguments, writes one value, or returns an error (what was written is then dropped).</summary>
internal delegate RpcError? Handler(Caller caller, ref Arguments arguments, Utf8JsonWriter json);

/// <summary>Carries out a call that waits; its result is a string.</summary>
internal delegate ValueTask<(RpcError? Error, string? Result)> AsyncHandler(
    Caller caller, ref Arguments arguments, CancellationToken cancellation);

/// <summary>A parameter or result as the OpenRPC document describes it; the schema is JSON text.</summary>
internal sealed record Described(string Name, [property: System.Diagnostics.CodeAnalysis.StringSyntax("Json")] string Schema, bool Required = true);

/// <summary>A method: what it is called, what it takes and gives, and what carries it out. The table of these is the whole interface.</summary>
[DebuggerDisplay("{Name}")]
internal sealed class Method(string name, string summary, Described[] parameters, Described result)
{
    private long calls;
    private long errors;

    public string Name => name;

    public string Summary => summary;

    public Described[] Parameters => parameters;

    public Described Result => result;

    public Handler? Handle { get; init; }

    public AsyncHandler? HandleAsync { get; init; }

    public bool IsAsync => HandleAsync is not null;

    /// <summary>Calls so far.</summary>
    public long Calls => Volatile.Read(ref calls);

    /// <summary>Calls so far that were answered with an error.</summary>
    public long Errors => Volatile.Read(ref errors);

    /// <summary>Counts a call; a plain field a method, because a metrics instrument costs as much as a small call.</summary>
    public void Count(RpcError? error)
    {
        Interlocked.Increment(ref calls);
        if (error is not null)
        {
            Interlocked.Increment(ref errors);
        }
    }
}
