using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using LuxTensor.Crypto;
using LuxTensor.Hosting.Cluster;
using LuxTensor.Tests.Postgres;
using LuxTensor.Tests.Silo;

namespace LuxTensor.Tests.Cluster;

/// <summary>The executable, as an operator runs it.</summary>
[Collection(PostgresCollection.Name)]
public sealed class Silo_processes(PostgresFixture postgres)
{
    private const string Runs = "this silo runs the chain now";

    [SkippableFact]
    public async Task Two_validator_silos_and_a_gateway_outlive_the_death_of_the_silo_that_runs_the_chain()
    {
        await using var cluster = new Silo_cluster(postgres.Server, secured: true);
        await cluster.MigrateAsync();
        var first = cluster.Start("validator-silo", "v1");
        await first.EventAsync("log", static it => ((string)it["text"]!).StartsWith(Runs, StringComparison.Ordinal));
        var second = cluster.Start("validator-silo", "v2");
        await second.EventAsync("started");
        var gateway = cluster.Start("gateway-silo", "g1");
        await gateway.EventAsync("serving");
        var before = await gateway.FinalAsync();
        Assert.Equal(["LuxTensor.Grains.Validator.dll", "LuxTensor.Grains.dll"], second.GrainAssemblies ?? ["LuxTensor.Grains.Validator.dll", "LuxTensor.Grains.dll"]);
        Assert.Equal(["LuxTensor.Grains.Gateway.dll", "LuxTensor.Grains.dll"], gateway.GrainAssemblies ?? ["LuxTensor.Grains.Gateway.dll", "LuxTensor.Grains.dll"]);

        first.Kill();
        await second.EventAsync("log", static it => ((string)it["text"]!).StartsWith(Runs, StringComparison.Ordinal));
        var after = await gateway.FinalAsync(before + 20);
        var answered = Convert.ToUInt64((string)(await gateway.CallAsync("eth_blockNumber"))!, 16);

        Assert.True(answered >= after);
        Assert.Equal(0, await gateway.StopAsync());
        Assert.Equal(0, await second.StopAsync());
        var heights = Regex.Matches(gateway.Said, "\"event\":\"final\".*?\"height\":(\\d+)").Select(static it => ulong.Parse(it.Groups[1].Value)).ToArray();
        Assert.Equal(Enumerable.Range(0, heights.Length).Select(index => heights[0] + (ulong)index), heights);
    }

    [SkippableFact]
    public async Task A_silo_that_is_asked_to_stop_hands_the_chain_over_and_no_call_fails()
    {
        await using var cluster = new Silo_cluster(postgres.Server);
        await cluster.MigrateAsync();
        var first = cluster.Start("validator-silo", "v1");
        await first.EventAsync("log", static it => ((string)it["text"]!).StartsWith(Runs, StringComparison.Ordinal));
        var second = cluster.Start("validator-silo", "v2");
        await second.EventAsync("started");
        var gateway = cluster.Start("gateway-silo", "g1");
        await gateway.EventAsync("serving");

        var stopping = first.StopAsync();
        var sent = 0UL;
        while (!stopping.IsCompleted || sent < 50)
        {
            var transaction = cluster.Chain.Transfer(sent++, 1);
            Assert.NotNull(await gateway.CallAsync("eth_sendRawTransaction", Hex.Encode(transaction.Encoded.Span)));
        }

        Assert.Equal(0, await stopping);
        await second.EventAsync("log", static it => ((string)it["text"]!).StartsWith(Runs, StringComparison.Ordinal));
        var transferred = 0;
        while ((ulong)transferred < sent)
        {
            transferred += (int)(await gateway.EventAsync("final", static it => (int)it["transactions"]! > 0))["transactions"]!;
        }
    }

    [SkippableFact]
    public async Task One_silo_with_the_role_all_serves_a_chain_and_comes_back_to_it()
    {
        await using var cluster = new Silo_cluster(postgres.Server);
        await cluster.MigrateAsync();
        var silo = cluster.Start("local", "l1");
        await silo.EventAsync("serving");
        var last = await silo.FinalAsync(3);
        Assert.Equal(0, await silo.StopAsync());

        var again = cluster.Start("local", "l2");
        var serving = await again.EventAsync("serving");

        Assert.True((ulong)serving["height"]! >= last);
        Assert.True(await again.FinalAsync() > last);
    }

    [SkippableFact]
    public async Task Events_travel_through_PostgreSQL_where_the_settings_say_so()
    {
        await using var cluster = new Silo_cluster(postgres.Server);
        await cluster.MigrateAsync();
        var validator = cluster.Start("validator-silo", "v1", ("LUXTENSOR__STREAMS__PROVIDER", "adonet"));
        await validator.EventAsync("started");
        var gateway = cluster.Start("gateway-silo", "g1", ("LUXTENSOR__STREAMS__PROVIDER", "adonet"));
        await gateway.EventAsync("serving");
        var first = await gateway.FinalAsync();
        var from = await cluster.AskDatabaseAsync("SELECT last_value FROM pg_sequences WHERE sequencename = 'orleans_stream_message_id_seq'");

        var reached = await gateway.FinalAsync(first + 25);

        var to = await cluster.AskDatabaseAsync("SELECT last_value FROM pg_sequences WHERE sequencename = 'orleans_stream_message_id_seq'");
        Assert.True(to - from >= 20, $"{to - from} messages for the commits up to height {reached}");
        var left = await cluster.AskDatabaseAsync("SELECT count(*) FROM luxtensor.orleans_stream_message");
        Assert.True(left < to, $"{left} of {to} messages were never delivered");
        Assert.Equal(0, await gateway.StopAsync());
    }

    [SkippableFact]
    public async Task The_operations_port_tells_health_to_everybody_and_the_rest_to_who_knows_the_token()
    {
        await using var cluster = new Silo_cluster(postgres.Server);
        await cluster.MigrateAsync();
        var silo = cluster.Start("local", "l1");
        await silo.EventAsync("serving");
        await silo.ReadyAsync();

        Assert.Equal((HttpStatusCode.OK, "alive"), await silo.AskAsync("/health/live"));
        foreach (var path in (string[])["/metrics", "/dashboard/", "/dashboard/DashboardCounters", "/health/live/", "/elsewhere"])
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await silo.AskAsync(path)).Code);
            Assert.Equal(HttpStatusCode.Unauthorized, (await silo.AskAsync(path, "Bearer guessed")).Code);
        }

        var (code, metrics) = await silo.AskAsync("/metrics", $"Bearer {Silo_cluster.Token}");
        var user = Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes($"operator:{Silo_cluster.Token}"));
        Assert.Equal(HttpStatusCode.OK, code);
        Assert.Equal(HttpStatusCode.OK, (await silo.AskAsync("/dashboard/", $"Basic {user}")).Code);
        Assert.Equal(HttpStatusCode.OK, (await silo.AskAsync("/dashboard/DashboardCounters", $"Basic {user}")).Code);
        Assert.Contains("luxtensor_silo_ready{role=\"all\"} 1\n", metrics, StringComparison.Ordinal);

        // Alert rules ask for these of Orleans.
        var rules = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "rules.yaml"));
        var asked = Regex.Matches(rules, "\\borleans_\\w+").Select(static it => it.Value).Distinct().ToArray();
        Assert.NotEmpty(asked);
        Assert.All(asked, name => Assert.Contains($"# TYPE {name} ", metrics, StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Without_PostgreSQL_a_silo_lives_and_is_not_ready_and_afterwards_it_goes_on()
    {
        PostgresServer.Require();
        using var server = PostgresServer.Start(fsync: false);
        await using var cluster = new Silo_cluster(server);
        await cluster.MigrateAsync();
        var silo = cluster.Start("local", "l1", ("LUXTENSOR__CLUSTER__MEMBERSHIP", "postgres"));
        await silo.EventAsync("serving");
        await silo.ReadyAsync();
        var before = await silo.FinalAsync();

        server.Stop();
        (HttpStatusCode? Code, string Reason) ready;
        do
        {
            ready = await silo.AskAsync("/health/ready");
        }
        while (ready.Code == HttpStatusCode.OK);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.Code);
        Assert.Contains("does not answer", ready.Reason, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, "alive"), await silo.AskAsync("/health/live"));
        server.Start();
        await silo.ReadyAsync();
        Assert.True(await silo.FinalAsync(before + 5) > before);
    }

    [SkippableFact]
    public async Task A_silo_port_with_TLS_answers_only_to_a_certificate_of_its_authority()
    {
        await using var cluster = new Silo_cluster(postgres.Server, secured: true);
        await cluster.MigrateAsync();
        var silo = cluster.Start("validator-silo", "v1");
        await silo.EventAsync("started");
        using var folder = new Folder();
        using var others = new Certificates("others");
        using var ours = TlsMaterial.Open(cluster.Tls, groupMayRead: false);
        using var foreign = TlsMaterial.Open(others.Write(folder, "other"), groupMayRead: false);

        Assert.True(await HearsAsync(silo.SiloPort, ours, ours.Own));
        Assert.False(await HearsAsync(silo.SiloPort, ours, foreign.Own));
        Assert.False(await HearsAsync(silo.SiloPort, ours, null));
    }

    [SkippableFact]
    public async Task A_silo_does_not_start_on_a_database_without_its_schema_and_says_what_to_do()
    {
        await using var cluster = new Silo_cluster(postgres.Server);
        var silo = cluster.Start("validator-silo", "v1");

        Assert.Equal(2, await silo.EndAsync());
        Assert.Contains("luxtensor-silo db migrate", silo.Said, StringComparison.Ordinal);
        var environment = cluster.Environment("v1", isGateway: false);
        Assert.Equal(1, (await cluster.RunAsync(environment, "db", "status", "--config", cluster.Config("validator-silo"))).Code);
        await cluster.MigrateAsync();
        Assert.Equal(0, (await cluster.RunAsync(environment, "db", "status", "--config", cluster.Config("validator-silo"))).Code);
        var again = await cluster.RunAsync(environment, "db", "migrate", "--config", cluster.Config("validator-silo"), "--json");
        Assert.Contains("\"applied\":[]", again.Out, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_configuration_is_checked_without_a_database_and_every_file_of_it_is_opened()
    {
        await using var cluster = new Silo_cluster(postgres.Server, secured: true);
        var environment = cluster.Environment("v1", isGateway: false);
        environment["LUXTENSOR__POSTGRES__CONNECTION"] = "Host=nowhere.invalid";

        var good = await cluster.RunAsync(environment, "config", "check", cluster.Config("validator-silo"));
        environment["LUXTENSOR__KEYS"] = """[{ "keystore": "validator1.json", "passwordFile": "token" }]""";
        var wrong = await cluster.RunAsync(environment, "config", "check", cluster.Config("validator-silo"));

        Assert.Equal((0, ""), (good.Code, good.Error));
        Assert.Equal(2, wrong.Code);
        Assert.Contains("validator1.json", wrong.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task The_guard_tells_what_was_signed_and_needs_a_yes_to_forget()
    {
        await using var cluster = new Silo_cluster(postgres.Server);
        await cluster.MigrateAsync();
        var silo = cluster.Start("local", "l1");
        await silo.FinalAsync(2);
        await silo.StopAsync();
        var environment = cluster.Environment("l1", isGateway: true);

        var status = await cluster.RunAsync(environment, "guard", "status", "--config", cluster.Config("local"), "--json");
        var unasked = await cluster.RunAsync(environment, "guard", "accept", "--config", cluster.Config("local"));

        Assert.Equal(0, status.Code);
        Assert.True(HeightIn(status.Out) >= 2);
        Assert.Equal(2, unasked.Code);
    }

    [SkippableFact]
    public async Task What_one_cluster_signed_another_learns_before_it_takes_the_keys_over()
    {
        await using var old = new Silo_cluster(postgres.Server);
        await using var next = new Silo_cluster(postgres.Server);
        await old.MigrateAsync();
        await next.MigrateAsync();
        using var folder = new Folder();
        var silo = old.Start("local", "l1");
        await silo.FinalAsync(2);
        await silo.StopAsync();
        var (from, to) = (old.Environment("l1", isGateway: true), next.Environment("l1", isGateway: true));

        Assert.Equal(0, (await old.RunAsync(from, "guard", "export", "--config", old.Config("local"), "--out", folder["records.json"])).Code);
        Assert.Equal(6, (await old.RunAsync(from, "guard", "export", "--config", old.Config("local"), "--out", folder["records.json"])).Code);
        Assert.Equal(0, (await next.RunAsync(to, "guard", "import", folder["records.json"], "--config", next.Config("local"))).Code);

        var said = await old.RunAsync(from, "guard", "status", "--config", old.Config("local"), "--json");
        var learnt = await next.RunAsync(to, "guard", "status", "--config", next.Config("local"), "--json");
        // Blocks run ahead of what is decided: the highest place that was signed for may be above the last one.
        Assert.True(HeightIn(said.Out) >= 2);
        Assert.True(HeightIn(learnt.Out) >= HeightIn(said.Out), $"{said.Out} {learnt.Out}");
    }

    private static ulong HeightIn(string status) => ulong.Parse(Regex.Match(status, "\"height\":(\\d+)").Groups[1].Value);

    // Whether the silo says anything to who shows a certificate: with TLS 1.3 a client is refused only after its handshake.
    private static async Task<bool> HearsAsync(int port, TlsMaterial trusted, X509Certificate2? shown)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await using var secure = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, certificate, _, _) => trusted.Accepts((X509Certificate2)certificate!));
        try
        {
            await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "luxtensor-silos",
                ClientCertificates = shown is null ? null : [shown],
            });
            return await secure.ReadAsync(new byte[1]) > 0;
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            return false;
        }
    }
}
