using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LuxTensor.Node.Client;

/// <summary>What a node answered to one call: a result (perhaps null) or an error.</summary>
internal sealed record RpcAnswer(JsonNode? Result, RpcFault? Fault)
{
    /// <summary>The result.</summary>
    /// <exception cref="CommandFailure">The node answered with an error.</exception>
    internal JsonNode? OrThrow() => Fault is null ? Result
        : throw new CommandFailure(ExitCode.Refused, $"the node refused: {Fault.Message}");
}

/// <summary>An error of JSON-RPC.</summary>
internal sealed record RpcFault(int Code, string Message);

/// <summary>A JSON-RPC client over HTTP. Answers are bounded, and calls end after a timeout.</summary>
internal sealed class RpcClient : IDisposable
{
    private const int MaxAnswerBytes = 32 << 20;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly HttpClient http;
    private readonly Uri address;

    internal RpcClient(string address)
    {
        if (!Uri.TryCreate(address.Contains("://", StringComparison.Ordinal) ? address : $"http://{address}", UriKind.Absolute, out var uri)
            || uri.Scheme is not ("http" or "https"))
        {
            throw CommandFailure.Usage($"--rpc is {address}; it must be an address as in {CommonOptions.DefaultRpc}");
        }

        this.address = uri;
        http = new HttpClient { Timeout = Timeout, MaxResponseContentBufferSize = MaxAnswerBytes };
    }

    /// <summary>One call.</summary>
    /// <exception cref="CommandFailure">No node answers there, or it answers with an error.</exception>
    internal async Task<JsonNode?> CallAsync(string method, CancellationToken cancellation, params JsonNode?[] arguments) =>
        (await BatchAsync([(method, arguments)], cancellation))[0].OrThrow();

    /// <summary>Several calls in one request; the answers in the calls' order.</summary>
    /// <exception cref="CommandFailure">No node answers there.</exception>
    internal async Task<IReadOnlyList<RpcAnswer>> BatchAsync(
        IReadOnlyList<(string Method, JsonNode?[] Arguments)> calls, CancellationToken cancellation)
    {
        var requests = new JsonArray([.. calls.Select(static (call, id) => new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = id,
            ["method"] = call.Method,
            ["params"] = new JsonArray(call.Arguments),
        })]);
        var answer = await PostAsync(calls.Count == 1 ? requests[0]!.ToJsonString() : requests.ToJsonString(), cancellation);
        var answers = new RpcAnswer?[calls.Count];
        foreach (var item in answer is JsonArray list ? list : [answer])
        {
            if (item is JsonObject one && one["id"] is JsonValue id && id.TryGetValue<int>(out var index) && index >= 0
                && index < answers.Length)
            {
                answers[index] = new RpcAnswer(one["result"], FaultOf(one["error"]));
            }
            else if (FaultOf((item as JsonObject)?["error"]) is { } fault)
            {
                throw new CommandFailure(ExitCode.Refused, $"the node refused: {fault.Message}");
            }
        }

        return [.. answers.Select(found => found ?? throw NoNode("it left a call unanswered"))];
    }

    public void Dispose() => http.Dispose();

    private async Task<JsonNode?> PostAsync(string body, CancellationToken cancellation)
    {
        try
        {
            using var content = new StringContent(body, Encoding.UTF8, MediaTypeHeaderValue.Parse("application/json"));
            using var response = await http.PostAsync(address, content, cancellation);
            var text = await response.Content.ReadAsStringAsync(cancellation);
            return response.IsSuccessStatusCode
                ? JsonNode.Parse(text)
                : throw NoNode($"it answers {(int)response.StatusCode} {(text.Length <= 200 ? text.Trim() : response.ReasonPhrase)}");
        }
        catch (HttpRequestException e)
        {
            throw new CommandFailure(
                ExitCode.Unreachable, $"no node answers at {address.ToString().TrimEnd('/')} ({(e.InnerException ?? e).Message}): start "
                    + "one with luxtensor devnet, or name another with --rpc", e);
        }
        catch (TaskCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new CommandFailure(
                ExitCode.Unreachable, $"the node at {address.ToString().TrimEnd('/')} did not answer within {Timeout.TotalSeconds} "
                    + "seconds", e);
        }
        catch (JsonException e)
        {
            throw new CommandFailure(ExitCode.Unreachable, $"what answers at {address.ToString().TrimEnd('/')} is no JSON-RPC node", e);
        }
    }

    private CommandFailure NoNode(string why) =>
        new(ExitCode.Unreachable, $"what answers at {address.ToString().TrimEnd('/')} is no node of this kind: {why}");

    private static RpcFault? FaultOf(JsonNode? error) => error is JsonObject known
        ? new RpcFault(known["code"]?.GetValue<int>() ?? 0, known["message"]?.ToString() ?? "no reason was given")
        : null;
}
