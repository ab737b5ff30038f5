using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Npgsql;

namespace LuxTensor.Tests.Postgres;

/// <summary>
/// A real PostgreSQL server of the test's own: on a free loopback port, its data in a temporary folder. It can be stopped, killed,
/// frozen and started again. It ends with the test process, however that ends: a shell beside it waits for the end of its input.
/// </summary>
public sealed class PostgresServer : IDisposable
{
    private const string User = "tester";

    // The shell's arguments: folder, then the server's command line. It prints the server's process id.
    private const string Guarded =
        """
        folder=$1; shift
        exec 3<&0
        "$@" </dev/null 3<&- &
        server=$!
        echo $server
        ( cat <&3; trap "" TERM; kill -QUIT $server; while kill -0 $server; do sleep 0.1; done; rm -rf "$folder" ) >/dev/null 2>&1 &
        watch=$!
        exec 3<&- >/dev/null
        wait $server
        kill $watch
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static int names;

    private readonly Binaries binaries;
    private readonly string folder, password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
    private readonly string[] settings;
    private Process? shell;
    private int process;

    private PostgresServer(Binaries binaries, bool fsync, string[] settings)
    {
        this.binaries = binaries;
        folder = Path.Combine(Path.GetTempPath(), "lux-pg-" + Guid.NewGuid().ToString("N")[..12]);
        this.settings = [$"fsync={(fsync ? "on" : "off")}", "max_connections=200", "shared_buffers=32MB", "restore_command=false", .. settings];
    }

    /// <summary>What is missing to run a server here; null where nothing is.</summary>
    public static string? Missing => Binaries.Find().Missing;

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; private set; }

    /// <summary>What the server logged.</summary>
    public string Log { get; private set; } = "";

    /// <summary>The connection string of the database that is there from the start.</summary>
    public string ConnectionString => ConnectionStringOf("postgres");

    /// <summary>Skips the test where there is no PostgreSQL; fails it instead where LUXTENSOR_REQUIRE_POSTGRES is 1, as in CI.</summary>
    public static void Require()
    {
        var missing = Missing;
        if (missing is not null && Environment.GetEnvironmentVariable("LUXTENSOR_REQUIRE_POSTGRES") == "1")
        {
            throw new InvalidOperationException($"LUXTENSOR_REQUIRE_POSTGRES is 1, but {missing}");
        }

        Skip.If(missing is not null, missing);
    }

    /// <summary>Makes a server and starts it.</summary>
    /// <param name="fsync">Off, the server forgets what it acknowledged if the machine fails, not if a process does.</param>
    /// <param name="settings">More settings, as name=value.</param>
    /// <exception cref="InvalidOperationException">It does not start.</exception>
    public static PostgresServer Start(bool fsync = true, params string[] settings)
    {
        var (binaries, missing) = Binaries.Find();
        var server = new PostgresServer(binaries ?? throw new InvalidOperationException(missing), fsync, settings);
        try
        {
            server.Initialize();
            server.Start();
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>The connection string of a new, empty database.</summary>
    public string NewDatabase()
    {
        var name = $"test_{Interlocked.Increment(ref names)}";
        using var source = NpgsqlDataSource.Create(ConnectionString + ";Pooling=false");
        using var create = source.CreateCommand($"CREATE DATABASE {name}");
        create.ExecuteNonQuery();
        return ConnectionStringOf(name);
    }

    /// <summary>A name for a schema that no other test of this process has.</summary>
    public static string NewSchema() => $"node_{Interlocked.Increment(ref names)}";

    /// <summary>Starts the server again, on the same port.</summary>
    public void Start()
    {
        for (var attempt = 0; !TryStart(); attempt++)
        {
            // After a kill, the server's children need a moment to notice; a port that was free may be taken.
            if (attempt == 20)
            {
                throw new InvalidOperationException($"PostgreSQL does not start: {Log}");
            }
        }
    }

    /// <summary>A fast shutdown: sessions end, everything is written.</summary>
    public void Stop() => End(Signals.Interrupt);

    /// <summary>Restarts the server as one that was restored from a copy does: what is there is replayed, and a new timeline begins.</summary>
    public void RestartRestored()
    {
        Stop();
        Run("touch", $"{folder}/data/recovery.signal");
        Start();
    }

    /// <summary>SIGKILL to the server; its children notice and end.</summary>
    public void Kill()
    {
        var children = Signals.ChildrenOf(process);
        End(Signals.Kill);
        foreach (var child in children)
        {
            Signals.Send(child, Signals.Kill);
        }
    }

    /// <summary>SIGSTOP to the server and all its sessions: nothing answers, nothing breaks.</summary>
    public void Freeze() => SignalAll(Signals.Stop);

    /// <summary>SIGCONT after <see cref="Freeze"/>.</summary>
    public void Thaw() => SignalAll(Signals.Continue);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (shell is not null)
        {
            Thaw();
            Kill();
        }

        if (Directory.Exists(folder))
        {
            Run("rm", "-rf", folder);
        }
    }

    private string ConnectionStringOf(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = Port,
        Username = User,
        Password = password,
        Database = database,
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
    }.ConnectionString;

    private void Initialize()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        Run("sh", "-c", "umask 077; mkdir \"$1\" && printf %s \"$2\" > \"$1/password\"", "sh", folder, password);
        Run(
            Path.Combine(binaries.Folder, "initdb"), "--no-sync", "--auth=scram-sha-256", $"--username={User}", $"--pwfile={folder}/password",
            "--encoding=UTF8", "--locale=C", "-D", $"{folder}/data");
    }

    private bool TryStart()
    {
        string[] server =
        [
            Path.Combine(binaries.Folder, "postgres"), "-D", $"{folder}/data",
            .. ((string[])[$"port={Port}", "listen_addresses=127.0.0.1", $"unix_socket_directories={folder}", .. settings]).SelectMany(static setting => (string[])["-c", setting]),
        ];
        var start = Shell(["sh", "-c", Guarded, "sh", folder, .. server]);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        shell = Process.Start(start)!;
        process = int.Parse(shell.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the shell beside PostgreSQL did not start"));
        using var ready = new ManualResetEventSlim();
        var isReady = false;
        shell.ErrorDataReceived += (_, line) =>
        {
            Log += line.Data + "\n";
            isReady |= line.Data?.Contains("ready to accept connections", StringComparison.Ordinal) == true;
            if (isReady || line.Data is null)
            {
                Set(ready);
            }
        };
        shell.BeginErrorReadLine();
        ready.Wait(Patience);
        if (!isReady)
        {
            End(Signals.Kill);
        }

        return isReady;
    }

    private static void Set(ManualResetEventSlim ready)
    {
        try
        {
            ready.Set();
        }
        catch (ObjectDisposedException)
        {
            // The server logs on after it was ready.
        }
    }

    private void End(int signal)
    {
        if (shell is null)
        {
            return;
        }

        Signals.Send(process, signal);
        if (!shell.WaitForExit(Patience))
        {
            throw new InvalidOperationException($"PostgreSQL does not end: {Log}");
        }

        shell.Dispose();
        shell = null;
    }

    private void SignalAll(int signal)
    {
        Signals.Send(process, signal);
        foreach (var child in Signals.ChildrenOf(process))
        {
            Signals.Send(child, signal);
        }
    }

    private void Run(params string[] command)
    {
        var start = Shell(command);
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var running = Process.Start(start)!;
        var output = running.StandardOutput.ReadToEndAsync();
        var errors = running.StandardError.ReadToEnd();
        running.WaitForExit();
        if (running.ExitCode != 0)
        {
            throw new InvalidOperationException($"{command[0]} ended with {running.ExitCode}: {errors}{output.Result}");
        }
    }

    private ProcessStartInfo Shell(string[] command)
    {
        var line = binaries.CommandLine(command);
        var start = new ProcessStartInfo(line[0]) { UseShellExecute = false, WorkingDirectory = Path.GetTempPath() };
        start.Environment["LC_ALL"] = "C";
        foreach (var argument in line.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }
}
