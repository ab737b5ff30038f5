using System.Data.Common;
using System.Net;
using LuxTensor.Hosting.Configuration;

namespace LuxTensor.Hosting.Cluster;

/// <summary>The database: where it is, the file with the password, the schema, and whether a standby that takes over has everything.</summary>
internal sealed record PostgresSettings(string Connection, string? PasswordFile, string Schema, bool SynchronousStandby)
{
    private const int MaxLength = 4_096;

    internal static PostgresSettings Read(Section postgres, string folder)
    {
        var connection = postgres.Text("connection", required: true) ?? "";
        if (connection.Length > 0 && Fault(connection) is { } fault)
        {
            postgres.Wrong("connection", fault, secret: true);
        }

        var settings = new PostgresSettings(
            connection, postgres.File("passwordFile", folder), postgres.Text("schema") ?? "luxtensor", postgres.Flag("synchronousStandby") ?? false);
        postgres.End();
        return settings;
    }

    private static string? Fault(string connection)
    {
        try
        {
            var parts = new DbConnectionStringBuilder { ConnectionString = connection.Length <= MaxLength ? connection : "too long" };
            return parts.ContainsKey("Password") || parts.ContainsKey("Pwd") || parts.ContainsKey("PSW")
                ? "must not contain a password: write it to a file of mode 0600 and name that in postgres.passwordFile"
                : parts.ContainsKey("Host") || parts.ContainsKey("Server") ? null
                : "must name a host, as in \"Host=127.0.0.1;Port=5432;Database=luxtensor;Username=luxtensor\"";
        }
        catch (ArgumentException)
        {
            return "must be a connection string, as in \"Host=127.0.0.1;Port=5432;Database=luxtensor;Username=luxtensor\"";
        }
    }
}

/// <summary>What carries finality events from silo to silo.</summary>
internal enum StreamKind
{
    /// <summary>Orleans' memory streams: fast, and some events are lost when a silo is killed, which consumers make up for.</summary>
    Memory,

    /// <summary>A queue in PostgreSQL.</summary>
    AdoNet,
}

/// <summary>How finality events travel, and how often their queues are looked at.</summary>
internal sealed record StreamSettings(StreamKind Provider, TimeSpan PollPeriod)
{
    internal static StreamSettings Read(Section streams)
    {
        var settings = new StreamSettings(
            streams.Choice<StreamKind>("provider") ?? StreamKind.Memory,
            streams.Time("pollPeriod", TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1)) ?? TimeSpan.FromMilliseconds(10));
        streams.End();
        return settings;
    }
}

/// <summary>The operations port: health to everybody, metrics and dashboard to whoever knows the token.</summary>
internal sealed record OperationsSettings(IPEndPoint Listen, string? TokenFile, bool Dashboard)
{
    internal static OperationsSettings Read(Section operations, string folder)
    {
        var token = operations.File("tokenFile", folder);
        var settings = new OperationsSettings(
            Endpoint.Read(operations, "listen") ?? new IPEndPoint(IPAddress.Loopback, 8090), token, operations.Flag("dashboard") ?? token is not null);
        if (token is null && !IPAddress.IsLoopback(settings.Listen.Address))
        {
            operations.Wrong("tokenFile", "is missing: others than this machine reach the port, and metrics are for who knows the token");
        }
        else if (token is null && settings.Dashboard)
        {
            operations.Wrong("tokenFile", "is missing: the dashboard is shown only to who knows the token");
        }

        operations.End();
        return settings;
    }
}

/// <summary>TLS between silos: each shows a certificate of one authority, which bears the name of the cluster's silos.</summary>
internal sealed record TlsSettings(string Certificate, string Key, string Authority, string Name)
{
    internal static TlsSettings? Read(Section tls, string folder)
    {
        var isSet = tls.HasAny;
        var settings = new TlsSettings(
            tls.File("certificate", folder, isSet) ?? "", tls.File("key", folder, isSet) ?? "", tls.File("ca", folder, isSet) ?? "",
            tls.Text("name") ?? "luxtensor-silos");
        tls.End();
        return isSet ? settings : null;
    }
}
