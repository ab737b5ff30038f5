using LuxTensor.Rpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Dashboard;

namespace LuxTensor.Silo.Hosting;

/// <summary>
/// The port for operators: health for everybody, metrics and dashboard for who knows the token. It listens before the silo starts
/// and until after it stopped, so that a process that lives is known to live.
/// </summary>
internal sealed class OperationsPort(OperationsSettings settings, OperationsAccess? access)
{
    private const int MaxConnections = 256;

    private static readonly PathString Live = "/health/live";
    private static readonly PathString Ready = "/health/ready";

    /// <summary>Makes it the web host of a process.</summary>
    internal void Configure(IWebHostBuilder web) => web
        .UseKestrelCore()
        .ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            kestrel.Limits.MaxRequestBodySize = 64 << 10;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 << 10;
            kestrel.Listen(settings.Listen);
        })
        .ConfigureServices(static services => services.AddRouting())
        .Configure(Map);

    private void Map(IApplicationBuilder app)
    {
        app.Use(AdmitAsync);
        app.UseRouting();
        app.UseEndpoints(endpoints =>
        {
            endpoints.MapGet(Live, static context => AnswerAsync(context, StatusCodes.Status200OK, "alive"));
            endpoints.MapGet(Ready, static context =>
            {
                var reason = context.RequestServices.GetRequiredService<Readiness>().Reason;
                return AnswerAsync(context, reason is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, reason ?? "ready");
            });
            endpoints.MapGet("/metrics", static context =>
            {
                context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
                return context.Response.WriteAsync(context.RequestServices.GetRequiredService<PrometheusText>().Write(), context.RequestAborted);
            });
            if (settings.Dashboard)
            {
                endpoints.MapOrleansDashboard("/dashboard");
            }
        });
    }

    // Before routing, so that nothing is served that somebody forgot to protect.
    private Task AdmitAsync(HttpContext context, RequestDelegate next)
    {
        var path = context.Request.Path;
        if (access is null || path == Live || path == Ready || access.Allows(context.Request.Headers.Authorization))
        {
            return next(context);
        }

        context.Response.Headers.WWWAuthenticate = OperationsAccess.Challenge;
        return AnswerAsync(context, StatusCodes.Status401Unauthorized, "send the token of operations.tokenFile, as a bearer or as the password of any user");
    }

    private static Task AnswerAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}
