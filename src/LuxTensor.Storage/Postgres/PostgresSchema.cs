using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using LuxTensor.Engine;
using LuxTensor.Storage.Postgres;
using Npgsql;

namespace LuxTensor.Storage;

/// <summary>One numbered script of the schema.</summary>
/// <param name="Version">Its number: 1 for the first, without gaps.</param>
/// <param name="Name">Its file name.</param>
/// <param name="Sha256">The SHA-256 of its text, hexadecimal; line ends do not count.</param>
public sealed record PostgresScript(int Version, string Name, string Sha256)
{
    internal string Text { get; init; } = "";
}

/// <summary>
/// The schema of a node in PostgreSQL: the scripts of <c>silo-config/postgres</c>, which the program carries, and the record of
/// those that were applied. Applying them again changes nothing.
/// </summary>
public static class PostgresSchema
{
    /// <summary>The schema's name where none is given.</summary>
    public const string DefaultName = "luxtensor";

    private const string Table = "schema_version";
    private const int MaxNameLength = 63; // PostgreSQL cuts longer ones off

    /// <summary>The scripts that this program knows, first to last.</summary>
    public static ImmutableArray<PostgresScript> Scripts { get; } = ReadScripts();

    /// <summary>
    /// The connection string for whatever names its tables without a schema, as Orleans' providers do: the same with the schema as
    /// its search path.
    /// </summary>
    /// <exception cref="JournalException">The connection string or the name is malformed.</exception>
    public static string ConnectionStringFor(string connectionString, string schema)
    {
        CheckName(schema);
        var connection = Parse(connectionString);
        connection.SearchPath = schema;
        return connection.ConnectionString;
    }

    /// <summary>Makes the schema, and applies the scripts that are missing, each in a transaction; one process at a time.</summary>
    /// <returns>The scripts that were applied now.</returns>
    /// <exception cref="JournalException">The schema is newer, a script was changed after it was applied, or the database refuses.</exception>
    public static ImmutableArray<PostgresScript> Migrate(string connectionString, string schema = DefaultName)
    {
        using var source = SourceFor(connectionString, schema, out var where);
        return Guarded(where, "migrating", () =>
        {
            using var connection = source.OpenConnection();
            // For the session, not for a transaction: each script has its own.
            connection.Command("SELECT pg_advisory_lock(hashtextextended('luxtensor schema ' || $1, 0))", new NpgsqlParameter<string> { TypedValue = schema }).ExecuteNonQuery();
            connection.Command($"CREATE SCHEMA IF NOT EXISTS {schema}").ExecuteNonQuery();
            connection.Command(
                $"CREATE TABLE IF NOT EXISTS {Table} (version integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())").ExecuteNonQuery();
            var applied = ReadApplied(connection);
            CheckApplied(where, applied);
            var missing = Scripts.Where(script => !applied.ContainsKey(script.Version)).ToImmutableArray();
            foreach (var script in missing)
            {
                Apply(connection, script);
            }

            return missing;
        });
    }

    /// <summary>Makes sure that every script that this program knows was applied, and no other.</summary>
    /// <exception cref="JournalException">The schema is missing, older or newer; the message says which, and what to do.</exception>
    public static void Verify(string connectionString, string schema = DefaultName)
    {
        using var source = SourceFor(connectionString, schema, out var where);
        Guarded(where, "verifying the schema", () =>
        {
            using var connection = source.OpenConnection();
            Verify(connection, where);
            return true;
        });
    }

    internal static void Verify(NpgsqlConnection connection, string where)
    {
        using (var find = connection.Command($"SELECT to_regclass('{Table}') IS NOT NULL"))
        {
            if (find.ExecuteScalar() is not true)
            {
                throw new JournalException($"{where} has no tables of LuxTensor: run `luxtensor-silo db migrate`", JournalFault.Foreign);
            }
        }

        var applied = ReadApplied(connection);
        CheckApplied(where, applied);
        if (Scripts.FirstOrDefault(script => !applied.ContainsKey(script.Version)) is { } missing)
        {
            throw new JournalException(
                $"{where} has version {applied.Keys.DefaultIfEmpty(0).Max()} of the schema, this program needs version {Scripts[^1].Version} (from {missing.Name} on): run `luxtensor-silo db migrate`",
                JournalFault.Foreign);
        }
    }

    /// <summary>A schema's name goes into statements as it is, so it has none but plain letters.</summary>
    internal static void CheckName(string schema)
    {
        if (schema.Length is 0 or > MaxNameLength || char.IsAsciiDigit(schema[0]) || !schema.All(static c => c == '_' || char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)))
        {
            throw new JournalException(
                $"\"{schema}\" is no name for a schema: use 1 to {MaxNameLength} small letters, digits and underscores, the first no digit", JournalFault.Foreign);
        }
    }

    /// <exception cref="JournalException">It is malformed. The text is not repeated, nor is the cause, which may: it may hold a password.</exception>
    internal static NpgsqlConnectionStringBuilder Parse(string connectionString)
    {
        NpgsqlConnectionStringBuilder? parsed = null;
        try
        {
            parsed = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception malformed) when (malformed is ArgumentException or FormatException or InvalidCastException or KeyNotFoundException)
        {
        }

        return parsed is { Host: not null }
            ? parsed
            : throw new JournalException("the PostgreSQL connection string is malformed: write Host=...;Database=...;Username=...;Password=...", JournalFault.Foreign);
    }

    internal static string Describe(NpgsqlConnectionStringBuilder connection, string schema) =>
        string.Create(CultureInfo.InvariantCulture, $"PostgreSQL {connection.Host}:{connection.Port}/{connection.Database}, schema {schema}");

    private static NpgsqlDataSource SourceFor(string connectionString, string schema, out string where)
    {
        CheckName(schema);
        var connection = Parse(connectionString);
        where = Describe(connection, schema);
        connection.SearchPath = schema;
        connection.Pooling = false;
        connection.CommandTimeout = 0; // a script that rewrites a table takes its time
        return NpgsqlDataSource.Create(connection);
    }

    private static void Apply(NpgsqlConnection connection, PostgresScript script) => PostgresDatabase.InTransaction(connection, () =>
    {
        connection.Command(script.Text).ExecuteNonQuery();
        connection.Command(
            $"INSERT INTO {Table} (version, name, sha256) VALUES ($1, $2, $3)", PostgresRows.Small(script.Version),
            new NpgsqlParameter<string> { TypedValue = script.Name }, new NpgsqlParameter<string> { TypedValue = script.Sha256 }).ExecuteNonQuery();
        return true;
    });

    private static Dictionary<int, (string Name, string Sha256)> ReadApplied(NpgsqlConnection connection)
    {
        var applied = new Dictionary<int, (string, string)>();
        using var select = connection.Command($"SELECT version, name, sha256 FROM {Table} ORDER BY version");
        using var row = select.ExecuteReader();
        while (row.Read())
        {
            applied.Add(row.GetInt32(0), (row.GetString(1), row.GetString(2)));
        }

        return applied;
    }

    private static void CheckApplied(string where, Dictionary<int, (string Name, string Sha256)> applied)
    {
        if (applied.Keys.DefaultIfEmpty(0).Max() is var newest && newest > Scripts[^1].Version)
        {
            throw new JournalException(
                $"{where} has version {newest} of the schema ({applied[newest].Name}), this program knows version {Scripts[^1].Version}: update the program", JournalFault.Foreign);
        }

        foreach (var script in Scripts)
        {
            if (applied.TryGetValue(script.Version, out var there) && (there.Name != script.Name || there.Sha256 != script.Sha256))
            {
                throw new JournalException(
                    $"{where}: the script {there.Name} (version {script.Version}) was applied with another text (SHA-256 {there.Sha256}) than this program's {script.Name} ({script.Sha256}): "
                    + "use the program that applied it, or restore the database from a copy", JournalFault.Foreign);
            }
        }
    }

    private static ImmutableArray<PostgresScript> ReadScripts()
    {
        const string prefix = "postgres/";
        var assembly = typeof(PostgresSchema).Assembly;
        var scripts = new List<PostgresScript>();
        foreach (var resource in assembly.GetManifestResourceNames().Where(static name => name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
            var text = reader.ReadToEnd().ReplaceLineEndings("\n");
            var name = resource[prefix.Length..];
            var sum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
            scripts.Add(new PostgresScript(int.Parse(name.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture), name, sum) { Text = text });
        }

        return [.. scripts.OrderBy(static script => script.Version)];
    }

    private static T Guarded<T>(string where, string doing, Func<T> body)
    {
        try
        {
            return body();
        }
        catch (Exception failure) when (PostgresFaults.IsFromServer(failure))
        {
            throw PostgresFaults.Of(where, doing, failure);
        }
    }
}
