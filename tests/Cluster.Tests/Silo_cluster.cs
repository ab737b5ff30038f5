using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LuxTensor.Crypto;
using LuxTensor.Hosting.Configuration;
using LuxTensor.Tests.Engine;
using LuxTensor.Tests.Postgres;
using LuxTensor.Tests.Silo;
using Npgsql;

namespace LuxTensor.Tests.Cluster;

/// <summary>A cluster of luxtensor-silo processes on this machine: the files of an operator, and a database.</summary>
internal sealed class Silo_cluster : IAsyncDisposable
{
    /// <summary>Who knows it sees metrics and dashboard.</summary>
    internal const string Token = "a-token-of-many-characters";

    private readonly Folder folder = new();
    private readonly Certificates authority = new("silos");
    private readonly List<Silo_process> silos = [];
    private readonly NpgsqlConnectionStringBuilder database;
    private readonly bool secured;

    internal Silo_cluster(PostgresServer server, bool secured = false, int validators = 1)
    {
        this.secured = secured;
        var chain = new TestChain(validators, interval: 200, timeout: 2_000);
        Chain = chain;
        database = new NpgsqlConnectionStringBuilder(server.NewDatabase());
        folder.Write("genesis.json", GenesisFile.Write(chain.Genesis));
        folder.Write("password", "of the keystore\n");
        folder.Write("postgres-password", database.Password + "\n");
        folder.Write("token", Token + "\n");
        for (var index = 0; index < validators; index++)
        {
            folder.Write($"validator{index + 1}.json", Keystore.Encrypt(chain.Validators[index], "of the keystore", new KeystoreOptions { Kdf = Cheap }));
        }

        Tls = authority.Write(folder, "silo");
        foreach (var role in (string[])["validator-silo", "gateway-silo", "local"])
        {
            File.Copy(Path.Combine(AppContext.BaseDirectory, "silo-config", $"{role}.json"), folder[$"{role}.json"]);
        }
    }

    internal TestChain Chain { get; }

    /// <summary>What silos show to each other, where the cluster is secured.</summary>
    internal Hosting.Cluster.TlsSettings Tls { get; }

    private static KeystoreKdf Cheap => new KeystoreKdf.Scrypt(1 << 10, 8, 1);

    /// <summary>The configuration of a role.</summary>
    internal string Config(string role) => folder[$"{role}.json"];

    /// <summary>A port that nobody has.</summary>
    internal static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>What the environment says over the files, on ports of their own.</summary>
    internal Dictionary<string, string> Environment(string name, bool isGateway)
    {
        var environment = new Dictionary<string, string>
        {
            ["LUXTENSOR__NAME"] = name,
            ["LUXTENSOR__POSTGRES__CONNECTION"] = $"Host={database.Host};Port={database.Port};Database={database.Database};Username={database.Username}",
            ["LUXTENSOR__POSTGRES__PASSWORDFILE"] = "postgres-password",
            ["LUXTENSOR__CLUSTER__SILOPORT"] = FreePort().ToString(CultureInfo.InvariantCulture),
            ["LUXTENSOR__OPERATIONS__LISTEN"] = $"127.0.0.1:{FreePort()}",
            ["LUXTENSOR__OPERATIONS__TOKENFILE"] = "token",
        };
        if (!isGateway && Chain.Validators.Count > 1)
        {
            var keys = Enumerable.Range(1, Chain.Validators.Count).Select(number => $$"""{"keystore":"validator{{number}}.json","passwordFile":"password"}""");
            environment["LUXTENSOR__KEYS"] = $"[{string.Join(',', keys)}]";
        }

        if (isGateway)
        {
            environment["LUXTENSOR__RPC__HTTP"] = $"127.0.0.1:{FreePort()}";
            environment["LUXTENSOR__RPC__WS"] = "";
        }

        if (secured)
        {
            environment["LUXTENSOR__TLS__CERTIFICATE"] = Tls.Certificate;
            environment["LUXTENSOR__TLS__KEY"] = Tls.Key;
            environment["LUXTENSOR__TLS__CA"] = Tls.Authority;
        }

        return environment;
    }

    /// <summary>Runs a command of luxtensor-silo in this process.</summary>
    internal async Task<(int Code, string Out, string Error)> RunAsync(IReadOnlyDictionary<string, string> environment, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var input = new StringReader("");
        var code = await LuxTensor.Silo.Cli.RunAsync(args, new Hosting.Terminal(output, error, input) { Environment = environment }, CancellationToken.None);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>Brings the database's schema up to date.</summary>
    internal async Task MigrateAsync() => Assert.Equal(0, (await RunAsync(Environment("migration", false), "db", "migrate", "--config", Config("validator-silo"))).Code);

    /// <summary>Reads a number from the database.</summary>
    internal async Task<long> AskDatabaseAsync(string query)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString + ";Pooling=false");
        await using var command = source.CreateCommand(query);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    /// <summary>Starts a silo of a role, with more said by the environment.</summary>
    internal Silo_process Start(string role, string name, params (string Name, string Value)[] more)
    {
        var environment = Environment(name, role != "validator-silo");
        foreach (var (variable, value) in more)
        {
            environment[variable] = value;
        }

        var silo = new Silo_process(environment, "run", "--config", Config(role), "--json");
        silos.Add(silo);
        return silo;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in silos)
        {
            await silo.DisposeAsync();
        }

        authority.Dispose();
        folder.Dispose();
    }
}
