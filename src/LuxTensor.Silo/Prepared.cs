using System.CommandLine;
using System.Data.Common;
using LuxTensor.Core;
using LuxTensor.Crypto;
using LuxTensor.Storage;

namespace LuxTensor.Silo;

/// <summary>What a silo's files hold: everything that its settings name, read and checked, before anything is opened to the outside.</summary>
internal sealed class Prepared : IDisposable
{
    private Prepared(SiloSettings settings, Genesis genesis)
    {
        Settings = settings;
        Genesis = genesis;
    }

    internal SiloSettings Settings { get; }

    internal Genesis Genesis { get; }

    /// <summary>The validators' keys.</summary>
    internal IReadOnlyList<SigningKey> Keys { get; private set; } = [];

    /// <summary>TLS between silos, or null for none.</summary>
    internal TlsMaterial? Tls { get; private set; }

    /// <summary>Who may see metrics and dashboard, or null where this machine may.</summary>
    internal OperationsAccess? Access { get; private set; }

    /// <summary>Reads a configuration and all that it names.</summary>
    /// <exception cref="CommandFailure">Something is missing, wrong, or open to others.</exception>
    /// <exception cref="KeystoreException">A keystore, or its password, is wrong.</exception>
    internal static Prepared Read(Terminal terminal, string path)
    {
        var settings = SettingsOf(terminal, path);
        var prepared = new Prepared(settings, GenesisFile.Read(settings.Genesis));
        try
        {
            prepared.Access = settings.Operations.TokenFile is { } token ? OperationsAccess.FromFile(token, settings.GroupReadableSecrets) : null;
            prepared.Tls = settings.Tls is { } tls ? TlsMaterial.Open(tls, settings.GroupReadableSecrets) : null;
            prepared.Keys = OpenedKey.All(terminal, settings.Keys, settings.GroupReadableSecrets);
            return prepared;
        }
        catch
        {
            prepared.Dispose();
            throw;
        }
    }

    /// <summary>Where the file does not matter but for what all silos share.</summary>
    internal static Option<string> AnyConfig() => CommonOptions.File("--config", "The configuration file of any silo of the cluster.");

    /// <summary>A silo's settings: its file, and what the environment says over it.</summary>
    internal static SiloSettings SettingsOf(Terminal terminal, string path) => SiloSettings.Read(path, new Overrides(terminal.Environment));

    /// <summary>How the database is reached, with the password from its file.</summary>
    internal static PostgresOptions Database(SiloSettings settings)
    {
        var connection = new DbConnectionStringBuilder { ConnectionString = settings.Postgres.Connection };
        if (settings.Postgres.PasswordFile is { } file)
        {
            using var password = Password.FromFile(file, settings.GroupReadableSecrets);
            connection["Password"] = password.Characters.ToString();
        }

        return new PostgresOptions
        {
            ConnectionString = connection.ConnectionString,
            Schema = settings.Postgres.Schema,
            AcceptNewTimeline = settings.Postgres.SynchronousStandby,
        };
    }

    /// <summary>Disposes the keys and the certificates.</summary>
    public void Dispose()
    {
        Tls?.Dispose();
        foreach (var key in Keys)
        {
            key.Dispose();
        }
    }
}
