using LuxTensor.Crypto;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace LuxTensor.Storage.Sqlite;

/// <summary>
/// A prepared statement that stays open. It works on the native handle: a block of a thousand transactions binds tens of
/// thousands of values, and none of them needs an object. Not thread-safe; whoever owns the connection owns it.
/// </summary>
internal sealed class Statement : IDisposable
{
    private readonly sqlite3 database;
    private readonly sqlite3_stmt handle;

    internal Statement(sqlite3 database, string sql)
    {
        this.database = database;
        SqliteException.ThrowExceptionForRC(
            raw.sqlite3_prepare_v3(database, sql, raw.SQLITE_PREPARE_PERSISTENT, out handle), database);
    }

    internal Statement Bind(int index, long value)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_bind_int64(handle, index, value), database);
        return this;
    }

    internal Statement Bind(int index, ReadOnlySpan<byte> value)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_bind_blob(handle, index, value), database);
        return this;
    }

    internal Statement Bind(int index, Hash256 value)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        value.CopyTo(bytes);
        return Bind(index, bytes);
    }

    internal Statement BindText(int index, string value)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_bind_text(handle, index, value), database);
        return this;
    }

    internal Statement BindNull(int index)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_bind_null(handle, index), database);
        return this;
    }

    /// <summary>The next row, or false after the last one. Inside <see cref="Rows"/>.</summary>
    /// <exception cref="SqliteException">The statement failed.</exception>
    internal bool Step()
    {
        var code = raw.sqlite3_step(handle);
        if (code is not (raw.SQLITE_ROW or raw.SQLITE_DONE))
        {
            SqliteException.ThrowExceptionForRC(code, database);
        }

        return code == raw.SQLITE_ROW;
    }

    /// <summary>Runs a statement whose rows do not matter.</summary>
    internal void Run()
    {
        using (Rows())
        {
            while (Step())
            {
            }
        }
    }

    /// <summary>Opens the rows; disposing the result makes the statement ready for its next use.</summary>
    internal Reset Rows() => new(handle);

    internal bool IsNull(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL;

    internal long Integer(int column) => raw.sqlite3_column_int64(handle, column);

    /// <summary>Valid until the next step.</summary>
    internal ReadOnlySpan<byte> Blob(int column) => raw.sqlite3_column_blob(handle, column);

    internal string Text(int column) => raw.sqlite3_column_text(handle, column).utf8_to_string() ?? "";

    public void Dispose() => handle.Dispose();

    internal readonly struct Reset(sqlite3_stmt handle) : IDisposable
    {
        public void Dispose() => _ = raw.sqlite3_reset(handle); // it repeats the error of the last step, which was thrown
    }
}
