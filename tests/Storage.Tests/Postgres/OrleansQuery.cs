using System.Data;
using Npgsql;

namespace LuxTensor.Tests.Storage.Postgres;

/// <summary>Sends a query as Orleans' providers do: its text from the schema, by key, with named parameters.</summary>
internal static class OrleansQuery
{
    public static object? Answer(NpgsqlConnection connection, string query, params (string, object?)[] parameters) =>
        Rows(connection, query, static row => row.GetValue(0), parameters).SingleOrDefault();

    public static List<T> Rows<T>(NpgsqlConnection connection, string query, Func<NpgsqlDataReader, T> read, params (string Name, object? Value)[] parameters)
    {
        using var find = new NpgsqlCommand("SELECT QueryText FROM OrleansQuery WHERE QueryKey = $1", connection) { Parameters = { new() { Value = query } } };
        using var command = new NpgsqlCommand((string)find.ExecuteScalar()!, connection);
        foreach (var (name, value) in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter
            {
                ParameterName = name,
                Value = value ?? DBNull.Value,
                DbType = value switch
                {
                    int => DbType.Int32,
                    long => DbType.Int64,
                    DateTime => DbType.DateTime,
                    byte[] => DbType.Binary,
                    null when name is "GrainStateVersion" => DbType.Int32,
                    _ => DbType.String,
                },
            });
        }

        using var row = command.ExecuteReader();
        var rows = new List<T>();
        while (row.Read())
        {
            rows.Add(read(row));
        }

        return rows;
    }
}
