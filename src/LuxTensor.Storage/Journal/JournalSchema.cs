using LuxTensor.Core;
using LuxTensor.Engine;
using LuxTensor.Storage.Sqlite;

namespace LuxTensor.Storage;

/// <summary>
/// The journal's tables. Rows that nothing else vouches for carry a checksum (<see cref="RowSum"/>), and the one row of
/// <c>head</c> counts the rows of the tables that a node loads when it starts; the state is vouched for by the last final
/// block's state root. Heights that come from outside are 8 bytes, most significant first: SQLite's integers are signed.
/// </summary>
internal static class JournalSchema
{
    internal static readonly Schema Current = new("journal", 0x4C58_544A, 2,
    [
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
        """
        CREATE TABLE head (
            one INTEGER PRIMARY KEY CHECK (one = 1), batch INTEGER NOT NULL, height INTEGER NOT NULL,
            inputs INTEGER NOT NULL, input_sum INTEGER NOT NULL, pool INTEGER NOT NULL, pool_sum INTEGER NOT NULL,
            evidence INTEGER NOT NULL, evidence_sum INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT
        """,
        """
        CREATE TABLE block (
            height INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32), sum INTEGER NOT NULL,
            certificate BLOB CHECK ((certificate IS NULL) = (height = 0)), bytes BLOB NOT NULL) STRICT
        """,
        """
        CREATE TABLE place (
            id BLOB PRIMARY KEY CHECK (length(id) = 32), height INTEGER NOT NULL REFERENCES block (height),
            position INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID
        """,
        "CREATE TABLE state (key BLOB PRIMARY KEY CHECK (length(key) = 32), value BLOB NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE TABLE epoch (epoch INTEGER PRIMARY KEY, sum INTEGER NOT NULL, members BLOB NOT NULL) STRICT",
        """
        CREATE TABLE input (
            seq INTEGER PRIMARY KEY, height BLOB NOT NULL CHECK (length(height) = 8), sum INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT
        """,
        """
        CREATE TABLE pool (
            arrival INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE CHECK (length(id) = 32), sum INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT
        """,
        """
        CREATE TABLE evidence (
            seq INTEGER PRIMARY KEY, validator BLOB NOT NULL CHECK (length(validator) = 20), height BLOB NOT NULL CHECK (length(height) = 8),
            round INTEGER NOT NULL, phase INTEGER NOT NULL, sum INTEGER NOT NULL, bytes BLOB NOT NULL,
            UNIQUE (validator, height, round, phase)) STRICT
        """,
        """
        CREATE TABLE miss (
            height BLOB NOT NULL CHECK (length(height) = 8), validator BLOB NOT NULL CHECK (length(validator) = 20),
            sum INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (height, validator)) STRICT, WITHOUT ROWID
        """,
    ]);

    /// <summary>Fills a new file with the genesis: block 0, its state and the first sets.</summary>
    internal static void Fill(Database database, Genesis genesis)
    {
        Identity.Write(database, genesis.Rules.ChainId, genesis.Hash);
        BlockRow.Insert(database.Prepare(BlockRow.InsertSql), genesis.Block, null);
        var state = database.Prepare("INSERT INTO state VALUES (?1, ?2)");
        foreach (var change in genesis.Changes)
        {
            state.Bind(1, change.Key).Bind(2, change.Value.Span).Run();
        }

        var epoch = database.Prepare(EpochRow.InsertSql);
        foreach (var set in genesis.Sets)
        {
            EpochRow.Insert(epoch, set);
        }

        Head.New.Insert(database);
    }

    /// <summary>Makes sure that the file is a journal of this chain.</summary>
    /// <exception cref="JournalException">It is not.</exception>
    internal static void Verify(Database database, string path, Genesis genesis)
    {
        Current.Verify(database, path);
        if (Identity.Contradiction(database, genesis.Rules.ChainId, genesis.Hash) is { } why)
        {
            throw new JournalException($"{path} holds another chain: {why}. Name this chain's data folder, or start with an empty one", JournalFault.Foreign);
        }
    }
}
