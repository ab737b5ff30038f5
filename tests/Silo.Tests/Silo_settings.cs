using LuxTensor.Core;
using LuxTensor.Hosting.Cluster;

namespace LuxTensor.Tests.Silo;

public sealed class Silo_settings
{
    private const string Connection = "\"postgres\": { \"connection\": \"Host=127.0.0.1\" }";
    private const string Base = "\"genesis\": \"genesis.json\",\n\"cluster\": { \"id\": \"c\" },\n" + Connection;
    private const string Validator = "\"role\": \"validator\", " + Base;
    private const string Gateway = "\"role\": \"gateway\", " + Base;
    private const string Rpc = "\"rpc\": { \"http\": \"127.0.0.1:8545\" }";

    [Theory]
    [InlineData("local.json", SiloDuty.All, true, 1)]
    [InlineData("validator-silo.json", SiloDuty.Validator, false, 1)]
    [InlineData("gateway-silo.json", SiloDuty.Gateway, true, 0)]
    public void The_files_in_silo_config_are_read_as_they_are(string name, object role, bool serves, int keys)
    {
        var settings = SiloSettings.Read(Repository.PathOf($"silo-config/{name}"), Overrides.None);

        Assert.Equal(role, settings.Role);
        Assert.Equal(serves, settings.Rpc is not null);
        Assert.Equal(keys, settings.Keys.Count);
        Assert.Equal(Repository.PathOf("silo-config/genesis.json"), settings.Genesis);
    }

    // What a file shows in a comment must be what holds without it, and every key must be shown.
    [Theory]
    [InlineData("local.json")]
    [InlineData("validator-silo.json")]
    [InlineData("gateway-silo.json")]
    public void The_files_in_silo_config_show_every_key_with_its_default(string name)
    {
        using var folder = new Folder();
        var shown = File.ReadAllText(Repository.PathOf($"silo-config/{name}"));
        var overrides = new Overrides([]);
        var asIs = SiloSettings.Read(Repository.PathOf($"silo-config/{name}"), overrides);
        var rpc = asIs.Rpc is null ? "" : ", \"rpc\": { \"http\": \"127.0.0.1:8545\", \"ws\": \"127.0.0.1:8546\" }";
        var membership = asIs.Cluster.Membership == MembershipKind.Localhost ? ", \"membership\": \"localhost\"" : "";
        var least = SiloSettings.Read(
            folder.Write("least.json", $$"""
                { "role": "{{asIs.Role}}", "genesis": "g", {{Connection}}{{rpc}},
                  "cluster": { "id": "c", "siloPort": {{asIs.Cluster.SiloPort}}{{membership}} } }
                """),
            Overrides.None);

        Assert.Equal(least.Cluster with { Id = "luxtensor" }, asIs.Cluster);
        Assert.Equal((least.Pool, least.Streams, least.Shutdown, least.Tls), (asIs.Pool, asIs.Streams, asIs.Shutdown, asIs.Tls));
        Assert.Equal(least.Rpc?.ToString(), asIs.Rpc?.ToString());
        var chain = new ChainRules { ChainId = 1 };
        Assert.Equal((least.Sync.For(chain), least.Peers.For(chain)), (asIs.Sync.For(chain), asIs.Peers.For(chain)));
        string[] foreign = asIs.Role switch { SiloDuty.Validator => ["rpc", "network"], SiloDuty.Gateway => ["keys"], _ => [] };
        Assert.All(overrides.Known.Except(foreign), key => Assert.Contains($"\"{key}\"", shown, StringComparison.Ordinal));
    }

    public static TheoryData<string, string[]> Faults => new()
    {
        { "{}", [":1: role is missing", ":1: genesis is missing", ":1: cluster.id is missing", ":1: postgres.connection is missing", ":1: rpc.http and rpc.ws are both missing"] },
        { $"{{ \"role\": \"validater\", {Base}, {Rpc} }}", [":1: role is \"validater\"; it must be one of validator, gateway, all: did you mean validator?"] },
        { $"{{ {Gateway} }}", [":1: rpc.http and rpc.ws are both missing: a gateway serves applications on one of them at least"] },
        { $"{{ {Validator},\n{Rpc} }}", [":4: rpc is set, but the role is validator: applications are served by gateways"] },
        { $"{{ {Gateway}, {Rpc},\n\"keys\": [ {{ \"keystore\": \"a\" }} ] }}", [":4: keys is a list; it must be empty: a gateway signs nothing and holds no keys"] },
        { $"{{ {Validator},\n\"network\": {{ \"mdns\": true }} }}", [":4: network is"] },
        { $"{{ {Gateway}, {Rpc},\n\"network\": {{ \"bootstrap\": [ \"/ip4/10.0.0.1/tcp/30303\" ] }} }}", [":4: network.bootstrap: /ip4/10.0.0.1/tcp/30303 does not name its peer"] },
        { $"{{ {Validator},\n\"oprations\": {{ }} }}", [":4: unknown key oprations: did you mean operations?"] },
        { $"{{ {Validator},\n\"operations\": {{ \"listen\": \"0.0.0.0:8090\" }} }}", [":4: operations.tokenFile is missing: others than this machine reach the port"] },
        { $"{{ {Validator},\n\"operations\": {{ \"dashboard\": true }} }}", [":4: operations.tokenFile is missing: the dashboard is shown only to who knows the token"] },
        { $"{{ {Validator},\n\"operations\": {{ \"listen\": \"127.0.0.1:11111\" }} }}", [": operations.listen is port 11111, which is that of cluster.siloPort too"] },
        { $"{{ {Validator},\n\"tls\": {{ \"certificate\": \"a\" }} }}", [":4: tls.key is missing", ":4: tls.ca is missing"] },
        { $"{{ {Validator},\n\"streams\": {{ \"provider\": \"memroy\" }} }}", [":4: streams.provider is \"memroy\"; it must be one of memory, adonet: did you mean memory?"] },
        { $"{{ {Validator},\n\"shutdown\": \"1ms\" }}", [":4: shutdown is \"1ms\"; it must be from 1s to 10m"] },
        { $"{{ {Validator},\n\"secrets\": {{ \"groupReadable\": \"yes\" }} }}", [":4: secrets.groupReadable is \"yes\"; it must be true or false"] },
        { $"{{ {Validator},\n\"telemetry\": {{ \"otlp\": \"collector\" }} }}", [":4: telemetry.otlp is \"collector\"; it must be an address"] },
    };

    public static TheoryData<string, string> ClusterFaults => new()
    {
        { "\"listen\": \"0.0.0.0\"", "cluster.advertised must be the address at which other silos reach this one" },
        { "\"advertised\": \"silo1.example\"", "cluster.advertised is \"silo1.example\"; it must be an IP address" },
        { "\"membership\": \"localhost\"", "cluster.membership is \"localhost\"; it needs the role all" },
        { "\"probeTimeout\": \"3s\", \"maxProbeTimeout\": \"2s\"", "cluster.maxProbeTimeout is \"2s\"; it must be at least cluster.probeTimeout, 3s" },
        { "\"siloPort\": 0", "cluster.siloPort is 0; it must be a whole number from 1 to 65535" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_is_told_with_its_line_and_every_fault_at_once(string json, string[] messages)
    {
        using var folder = new Folder();
        var path = folder.Write("silo.json", json);

        var failure = Assert.Throws<CommandFailure>(() => SiloSettings.Read(path, Overrides.None));

        Assert.Equal(ExitCode.Usage, failure.Code);
        Assert.Equal(messages.Length, failure.Message.Split('\n').Length);
        Assert.All(messages, message => Assert.Contains(path + message, failure.Message, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(ClusterFaults))]
    public void A_fault_of_the_cluster_is_told_with_its_key(string keys, string message)
    {
        var json = $"{{ {Validator.Replace("\"id\": \"c\"", $"\"id\": \"c\", {keys}", StringComparison.Ordinal)} }}";
        using var folder = new Folder();

        var failure = Assert.Throws<CommandFailure>(() => SiloSettings.Read(folder.Write("silo.json", json), Overrides.None));

        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Theory]
    [InlineData("Host=db;Password=hunter2")]
    [InlineData("Host=db;pwd=hunter2;Username=u")]
    public void A_password_in_a_connection_string_is_refused_and_not_repeated(string connection)
    {
        var failure = Fault(("LUXTENSOR__POSTGRES__CONNECTION", connection));

        Assert.Contains("LUXTENSOR__POSTGRES__CONNECTION must not contain a password", failure, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", failure, StringComparison.Ordinal);
    }

    [Fact]
    public void The_lease_is_what_remains_after_a_dead_silo_was_noticed()
    {
        var cluster = Read(("LUXTENSOR__CLUSTER__PROBETIMEOUT", "2s"), ("LUXTENSOR__CLUSTER__MISSEDPROBES", "4"), ("luxtensor__cluster__directoryLease", "3s")).Cluster;

        // Orleans subtracts its longest probe times the probes missed from the lease that it is given.
        Assert.Equal(TimeSpan.FromSeconds(3), cluster.RangeLease - (cluster.MaxProbeTimeout * cluster.MissedProbes));
        Assert.Equal(TimeSpan.FromSeconds(19), cluster.RangeLease);
    }

    [Fact]
    public void Variables_take_the_place_of_keys_whatever_their_kind()
    {
        var settings = Read(
            ("LUXTENSOR__NAME", "7"), ("LUXTENSOR__CLUSTER__SILOPORT", "11119"), ("LUXTENSOR__SECRETS__GROUPREADABLE", "true"),
            ("LUXTENSOR__STREAMS__PROVIDER", "adonet"), ("LUXTENSOR__POSTGRES__PASSWORDFILE", "/run/secrets/p"),
            ("LUXTENSOR__KEYS", """[{ "keystore": "/k/1", "passwordFile": "/k/p" }, { "keystore": "/k/2" }]"""),
            ("LUXTENSOR_PASSWORD", "of another kind"), ("PATH", "/bin"));

        Assert.Equal(("7", 11_119, true), (settings.Name, settings.Cluster.SiloPort, settings.GroupReadableSecrets));
        Assert.Equal((StreamKind.AdoNet, "/run/secrets/p"), (settings.Streams.Provider, settings.Postgres.PasswordFile));
        Assert.Equal([new KeySettings("/k/1", "/k/p"), new KeySettings("/k/2", null)], settings.Keys);
    }

    [Fact]
    public void An_empty_variable_takes_a_key_away()
    {
        Assert.Empty(Read(("LUXTENSOR__KEYS", "")).Keys);
        Assert.Contains("LUXTENSOR__CLUSTER__ID is missing", Fault(("LUXTENSOR__CLUSTER__ID", "")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("LUXTENSOR__CLUSTER__SILOPRT", "1", "unknown environment variable LUXTENSOR__CLUSTER__SILOPRT: did you mean LUXTENSOR__CLUSTER__SILOPORT?")]
    [InlineData("LUXTENSOR__CLUSTER__SILOPORT", "x", "LUXTENSOR__CLUSTER__SILOPORT is \"x\"; it must be a whole number from 1 to 65535")]
    [InlineData("LUXTENSOR__KEYS", "a.json", "LUXTENSOR__KEYS is \"a.json\"; it must be a list")]
    [InlineData("LUXTENSOR__KEYS", "[{ \"keystor\": \"a\" }]", "unknown key LUXTENSOR__KEYS[0].keystor: did you mean LUXTENSOR__KEYS[0].keystore?")]
    [InlineData("LUXTENSOR__ROLE", "gatway", "LUXTENSOR__ROLE is \"gatway\"; it must be one of validator, gateway, all: did you mean gateway?")]
    public void A_fault_of_a_variable_names_the_variable(string name, string value, string message) =>
        Assert.Contains(message, Fault((name, value)), StringComparison.Ordinal);

    private static SiloSettings Read(params (string Name, string Value)[] environment)
    {
        using var folder = new Folder();
        var path = folder.Write("silo.json", $"{{ {Validator}, \"keys\": [ {{ \"keystore\": \"a\" }} ] }}");
        return SiloSettings.Read(path, new Overrides(environment.Select(static it => KeyValuePair.Create(it.Name, it.Value))));
    }

    private static string Fault(params (string, string)[] environment) => Assert.Throws<CommandFailure>(() => Read(environment)).Message;
}
