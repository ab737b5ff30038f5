using System.Net;
using System.Net.Sockets;
using LuxTensor.Hosting.Configuration;

namespace LuxTensor.Hosting.Cluster;

/// <summary>Where the silos of a cluster find each other.</summary>
internal enum MembershipKind
{
    /// <summary>In a table of PostgreSQL.</summary>
    Postgres,

    /// <summary>Nowhere: there is one silo, on this machine.</summary>
    Localhost,
}

/// <summary>The cluster, this silo's place in it, and how soon a silo that stopped answering is given up.</summary>
internal sealed record ClusterSettings
{
    /// <summary>The cluster's name: silos of another never join.</summary>
    internal required string Id { get; init; }

    /// <summary>The service's name: what is stored belongs to it, whatever cluster runs it.</summary>
    internal required string Service { get; init; }

    /// <summary>Where the silos find each other.</summary>
    internal required MembershipKind Membership { get; init; }

    /// <summary>Where the silo listens to other silos.</summary>
    internal required IPAddress Listen { get; init; }

    /// <summary>Where other silos reach this one.</summary>
    internal required IPAddress Advertised { get; init; }

    /// <summary>The port for other silos.</summary>
    internal required int SiloPort { get; init; }

    /// <summary>The port for Orleans clients, 0 for none.</summary>
    internal required int ClientPort { get; init; }

    /// <summary>How long a probe waits for its answer.</summary>
    internal required TimeSpan ProbeTimeout { get; init; }

    /// <summary>How long it waits at most, when a silo is slow itself.</summary>
    internal required TimeSpan MaxProbeTimeout { get; init; }

    /// <summary>Probes that must fail in a row before a silo is suspected.</summary>
    internal required int MissedProbes { get; init; }

    /// <summary>How long the grains of a silo that died stay reserved after it was declared dead.</summary>
    internal required TimeSpan DirectoryLease { get; init; }

    /// <summary>How long silos that are gone stay in the membership table.</summary>
    internal required TimeSpan DefunctAfter { get; init; }

    /// <summary>How long a call between grains waits for its answer; then its outcome is unknown.</summary>
    internal required TimeSpan CallTimeout { get; init; }

    /// <summary>
    /// The setting of Orleans that yields <see cref="DirectoryLease"/>: it counts from when the silo last answered, by its own
    /// estimate of how long ago that was, and that estimate is longer than its default lease.
    /// </summary>
    internal TimeSpan RangeLease => (MaxProbeTimeout * MissedProbes) + DirectoryLease;

    internal static ClusterSettings Read(Section cluster, SiloDuty? role)
    {
        var listen = ReadAddress(cluster, "listen") ?? IPAddress.Loopback;
        var probe = cluster.Time("probeTimeout", TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)) ?? TimeSpan.FromSeconds(1);
        var settings = new ClusterSettings
        {
            Id = cluster.Text("id", required: true) ?? "",
            Service = cluster.Text("service") ?? "luxtensor",
            Membership = cluster.Choice<MembershipKind>("membership") ?? MembershipKind.Postgres,
            Listen = listen,
            Advertised = ReadAddress(cluster, "advertised") ?? listen,
            SiloPort = (int)(cluster.Integer("siloPort", 1, ushort.MaxValue) ?? 11_111),
            ClientPort = (int)(cluster.Integer("clientPort", 0, ushort.MaxValue) ?? 0),
            ProbeTimeout = probe,
            MaxProbeTimeout = cluster.Time("maxProbeTimeout", TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5)) ?? probe * 2,
            MissedProbes = (int)(cluster.Integer("missedProbes", 1, 100) ?? 3),
            DirectoryLease = cluster.Time("directoryLease", TimeSpan.Zero, TimeSpan.FromMinutes(10)) ?? TimeSpan.FromSeconds(1),
            DefunctAfter = cluster.Time("defunctAfter", TimeSpan.FromMinutes(1), TimeSpan.FromDays(365)) ?? TimeSpan.FromHours(1),
            CallTimeout = cluster.Time("callTimeout", TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)) ?? TimeSpan.FromSeconds(10),
        };
        settings.Check(cluster, role);
        cluster.End();
        return settings;
    }

    private void Check(Section cluster, SiloDuty? role)
    {
        if (IsAny(Advertised))
        {
            cluster.Wrong("advertised", "must be the address at which other silos reach this one, because it listens on every address");
        }

        if (MaxProbeTimeout < ProbeTimeout)
        {
            cluster.Wrong("maxProbeTimeout", $"must be at least cluster.probeTimeout, {Duration.Format((ulong)ProbeTimeout.TotalMilliseconds)}");
        }

        if (Membership == MembershipKind.Localhost && role is SiloDuty.Validator or SiloDuty.Gateway)
        {
            cluster.Wrong("membership", "needs the role all: with localhost there is one silo, which must do everything");
        }
        else if (Membership == MembershipKind.Localhost && !IPAddress.IsLoopback(Advertised))
        {
            cluster.Wrong("membership", "needs a loopback address in cluster.listen and cluster.advertised");
        }
    }

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private static IPAddress? ReadAddress(Section section, string key)
    {
        if (section.Text(key) is not { } written)
        {
            return null;
        }

        // The parser takes "1" and "0x7f.1" for addresses; nobody means them.
        if (IPAddress.TryParse(written, out var address) && (address.AddressFamily == AddressFamily.InterNetworkV6 || written.Count(static it => it == '.') == 3))
        {
            return address;
        }

        section.Wrong(key, "must be an IP address, as in \"10.1.2.3\"");
        return null;
    }
}
