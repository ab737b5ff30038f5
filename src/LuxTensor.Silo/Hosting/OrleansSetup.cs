using System.Net;
using Orleans.Configuration;
using Orleans.Connections.Security;
using Orleans.Dashboard;

namespace LuxTensor.Silo.Hosting;

/// <summary>Makes a silo of Orleans what the settings say: membership, endpoints, failure detection, directory, TLS, dashboard.</summary>
internal static class OrleansSetup
{
    private const string Npgsql = "Npgsql";

    // Whoever hears of an event a minute late has read it from the journal long since.
    private static readonly TimeSpan StreamExpiry = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan StreamRetry = TimeSpan.FromSeconds(5);

    // How often a silo says in the table that it lives. After all silos died at once, new ones wait for three of these before they
    // ignore the dead; Orleans' own 30 s would be a minute and a half.
    private static readonly TimeSpan AlivePeriod = TimeSpan.FromSeconds(5);

    internal static void Apply(ISiloBuilder silo, SiloSettings settings, TlsMaterial? tls, string connection)
    {
        var cluster = settings.Cluster;
        silo.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (cluster.Id, cluster.Service));
        silo.Configure<SiloOptions>(options => options.SiloName = settings.Name);
        if (cluster.Membership == MembershipKind.Localhost)
        {
            silo.UseLocalhostClustering(cluster.SiloPort, cluster.ClientPort, null, cluster.Service, cluster.Id);
        }
        else
        {
            silo.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (Npgsql, connection));
        }

        silo.Configure<EndpointOptions>(options =>
        {
            options.AdvertisedIPAddress = cluster.Advertised;
            options.SiloPort = cluster.SiloPort;
            options.GatewayPort = cluster.ClientPort;
            options.SiloListeningEndpoint = new IPEndPoint(cluster.Listen, cluster.SiloPort);
            options.GatewayListeningEndpoint = cluster.ClientPort == 0 ? null : new IPEndPoint(cluster.Listen, cluster.ClientPort);
        });
        silo.Configure<ClusterMembershipOptions>(options =>
        {
            options.ProbeTimeout = cluster.ProbeTimeout;
            options.MaxProbeTimeout = cluster.MaxProbeTimeout;
            options.NumMissedProbesLimit = cluster.MissedProbes;
            options.IAmAliveTablePublishTimeout = AlivePeriod;
            options.DefunctSiloExpiration = cluster.DefunctAfter;
            options.DefunctSiloCleanupPeriod = cluster.DefunctAfter;
        });
        // The usual directory lets surviving grains lose their memory when a silo leaves. This one is called experimental by Orleans.
#pragma warning disable ORLEANSEXP003
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        silo.Configure<GrainDirectoryOptions>(options => options.RangeLeaseDuration = cluster.RangeLease);
        silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = cluster.CallTimeout);
        silo.AddActivityPropagation();
        if (tls is not null)
        {
            silo.UseTls(options => Secure(options, tls));
        }

        AddStreams(silo, settings.Streams, connection);
        if (settings.Operations.Dashboard)
        {
            silo.AddDashboard();
        }
    }

    private static void AddStreams(ISiloBuilder silo, StreamSettings streams, string connection)
    {
        if (streams.Provider == StreamKind.AdoNet)
        {
            silo.AddAdoNetGrainStorage("PubSubStore", options => (options.Invariant, options.ConnectionString) = (Npgsql, connection));
            silo.AddAdoNetStreams(LuxTensor.Grains.ClusterOptions.StreamProvider, stream =>
            {
                stream.ConfigureAdoNet(adoNet => adoNet.Configure(options =>
                {
                    (options.Invariant, options.ConnectionString) = (Npgsql, connection);
                    (options.ExpiryTimeout, options.VisibilityTimeout, options.DeadLetterEvictionTimeout) = (StreamExpiry, StreamRetry, StreamExpiry);
                }));
                stream.ConfigurePullingAgent(agent => agent.Configure(pull => pull.GetQueueMsgsTimerPeriod = streams.PollPeriod));
            });
            return;
        }

        // What is subscribed is in memory too: a gateway that hears nothing subscribes again.
        silo.AddMemoryGrainStorage("PubSubStore");
        silo.AddMemoryStreams(
            LuxTensor.Grains.ClusterOptions.StreamProvider,
            stream => stream.ConfigurePullingAgent(agent => agent.Configure(pull => pull.GetQueueMsgsTimerPeriod = streams.PollPeriod)));
    }

    // Orleans' own defaults accept a client without a certificate, and check names against addresses.
    private static void Secure(TlsOptions options, TlsMaterial tls)
    {
        options.LocalCertificate = tls.Own;
        options.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        options.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        options.RemoteCertificateValidation = (certificate, _, _) => tls.Accepts(certificate);
        options.OnAuthenticateAsClient = (_, client) => client.TargetHost = tls.Name;
    }
}
