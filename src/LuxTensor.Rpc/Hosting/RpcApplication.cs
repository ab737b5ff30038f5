using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace LuxTensor.Rpc;

/// <summary>What Kestrel calls for each request: no pipeline, no routing, no context object above the request's features.</summary>
internal sealed class RpcApplication(RpcServices services, CallBudgets budgets, PrometheusText metrics) : IHttpApplication<IFeatureCollection>
{
    private readonly ILogger logger = services.Options.Logging.CreateLogger("LuxTensor.Rpc");

    private string? allowedHost; // the last one checked: it is nearly always the same

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        var http = new HttpExchange(context);
        try
        {
            await RouteAsync(http);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or WebSocketException or ConnectionAbortedException)
        {
            http.Abort(); // the peer is gone, or did not keep to its protocol
        }
        catch (BadHttpRequestException e)
        {
            await http.ReplyAsync(e.StatusCode, e.Message);
        }
        catch (Exception e)
        {
            logger.LogError(e, "{Method} {Path} failed", http.Method, http.Path);
            http.Abort();
        }
    }

    private Task RouteAsync(HttpExchange http)
    {
        var options = services.Options;
        var host = http.RequestHeaders.Host.ToString();
        if (host != Volatile.Read(ref allowedHost))
        {
            if (Admission.CheckHost(host, options) is { } badHost)
            {
                return http.ReplyAsync(StatusCodes.Status403Forbidden, badHost);
            }

            Volatile.Write(ref allowedHost, host);
        }

        var origin = http.RequestHeaders.Origin.ToString();
        if (Admission.CheckOrigin(origin, options) is { } badOrigin)
        {
            return http.ReplyAsync(StatusCodes.Status403Forbidden, badOrigin);
        }

        if (origin.Length > 0)
        {
            http.ResponseHeaders.AccessControlAllowOrigin = origin;
            http.ResponseHeaders.Vary = "Origin";
        }

        return http.Method switch
        {
            "POST" when http.Path == "/" => JsonRpcOverHttp.ServeAsync(http, services, budgets),
            "GET" => GetAsync(http),
            "OPTIONS" when origin.Length > 0 => PreflightAsync(http),
            _ => RefuseAsync(http),
        };
    }

    private Task GetAsync(HttpExchange http)
    {
        switch (http.Path)
        {
            case "/":
                return UpgradeAsync(http);
            case "/eth/v1/events":
                return EventStream.ServeAsync(http, services);
            case "/health/live":
                return http.ReplyAsync(StatusCodes.Status200OK, "alive");
            case "/health/ready":
                var reason = NotReady();
                return http.ReplyAsync(reason is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, reason ?? "ready");
            case "/metrics":
                return http.ReplyAsync(StatusCodes.Status200OK, metrics.Write(), "text/plain; version=0.0.4; charset=utf-8");
            default:
                return RefuseAsync(http);
        }
    }

    private string? NotReady() =>
        services.Hub.Stopped is { } stopped ? $"the node stopped: {stopped.Failure ?? "it was asked to"}"
        : services.Hub.Syncing is { Active: true } syncing ? $"the node is catching up: {syncing.Current} of {syncing.Highest}"
        : null;

    private async Task UpgradeAsync(HttpExchange http)
    {
        var upgrade = http.Upgrade;
        if (!WebSocketHandshake.IsAsked(upgrade, http.RequestHeaders))
        {
            http.ResponseHeaders.Allow = "POST";
            await http.ReplyAsync(StatusCodes.Status405MethodNotAllowed, "JSON-RPC is served to POST requests and to WebSockets");
            return;
        }

        if (WebSocketHandshake.Check(http.RequestHeaders) is { } wrong)
        {
            http.ResponseHeaders.SecWebSocketVersion = "13";
            await http.ReplyAsync(StatusCodes.Status400BadRequest, wrong);
            return;
        }

        using var socket = await WebSocketHandshake.AcceptAsync(
            upgrade!, http.RequestHeaders, http.ResponseHeaders, services.Options.PingInterval);
        await using var connection = new WebSocketConnection(socket, services, budgets.New(), http.Abort);
        await connection.RunAsync(http.Aborted);
    }

    private static Task PreflightAsync(HttpExchange http)
    {
        http.ResponseHeaders.AccessControlAllowMethods = "POST, GET";
        http.ResponseHeaders.AccessControlAllowHeaders = "Content-Type";
        http.ResponseHeaders.AccessControlMaxAge = "600";
        return http.ReplyAsync(StatusCodes.Status204NoContent, "");
    }

    private static Task RefuseAsync(HttpExchange http) => http.ReplyAsync(
        StatusCodes.Status404NotFound, "nothing is served here: POST / for JSON-RPC, GET /eth/v1/events, /health/live, /health/ready, /metrics");
}

/// <summary>The parts of a request that this server looks at.</summary>
internal readonly struct HttpExchange(IFeatureCollection features)
{
    private readonly IHttpRequestFeature request = features.Get<IHttpRequestFeature>()!;
    private readonly IHttpResponseFeature response = features.Get<IHttpResponseFeature>()!;

    public string Method => request.Method;

    public string Path => request.Path;

    public string Query => request.QueryString;

    public IHeaderDictionary RequestHeaders => request.Headers;

    public IHeaderDictionary ResponseHeaders => response.Headers;

    public IHttpUpgradeFeature? Upgrade => features.Get<IHttpUpgradeFeature>();

    public System.IO.Pipelines.PipeReader Body => features.Get<IRequestBodyPipeFeature>()!.Reader;

    public System.IO.Pipelines.PipeWriter Answer => features.Get<IHttpResponseBodyFeature>()!.Writer;

    public System.Net.IPAddress? Address => features.Get<IHttpConnectionFeature>()!.RemoteIpAddress;

    public CancellationToken Aborted => features.Get<IHttpRequestLifetimeFeature>()!.RequestAborted;

    public void Abort() => features.Get<IHttpRequestLifetimeFeature>()!.Abort();

    public void SetStatus(int status) => response.StatusCode = status;

    /// <summary>Answers with bytes of a known length.</summary>
    public async Task ReplyAsync(int status, ReadOnlyMemory<byte> body, string contentType)
    {
        if (response.HasStarted)
        {
            Abort();
            return;
        }

        response.StatusCode = status;
        if (status != StatusCodes.Status204NoContent)
        {
            response.Headers.ContentType = contentType;
            response.Headers.ContentLength = body.Length;
            await Answer.WriteAsync(body);
        }
    }

    /// <summary>Answers with text.</summary>
    public Task ReplyAsync(int status, string text, string contentType = "text/plain; charset=utf-8") =>
        ReplyAsync(status, Encoding.UTF8.GetBytes(text), contentType);
}
