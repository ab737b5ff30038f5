using LuxTensor.Engine;
using LuxTensor.Storage;
using Microsoft.Data.Sqlite;

namespace LuxTensor.Tests.Storage;

/// <summary>Peer records in SQLite.</summary>
public sealed class Sqlite_peer_records : Peer_records_contract, IDisposable
{
    private readonly Folder folder = new();
    private readonly List<SqlitePeerRecords> opened = [];

    [Fact]
    public async Task A_damaged_file_is_set_aside_and_a_new_one_begun()
    {
        var chain = new TestChain();
        using (var before = SqlitePeerRecords.Open(folder["x.db"], chain.Genesis))
        {
            Assert.Null(before.SetAside);
        }

        var bytes = await File.ReadAllBytesAsync(folder["x.db"]);
        bytes.AsSpan(100).Fill(0x55);
        await File.WriteAllBytesAsync(folder["x.db"], bytes);
        using (var after = SqlitePeerRecords.Open(folder["x.db"], chain.Genesis))
        {
            Assert.Equal(folder["x.db.damaged"], after.SetAside);
            Assert.Equal(bytes, await File.ReadAllBytesAsync(after.SetAside!));
            Assert.Empty(await after.LoadAsync(10, default));
        }

        using var again = SqlitePeerRecords.Open(folder["x.db"], chain.Genesis);
        Assert.Null(again.SetAside);
    }

    [Fact]
    public void Files_of_another_chain_version_or_kind_are_refused_and_left_alone()
    {
        using (SqlitePeerRecords.Open(folder["x.db"], new TestChain().Genesis))
        {
        }

        Refused("peers of another chain", () => SqlitePeerRecords.Open(folder["x.db"], new TestChain(chainId: 8).Genesis));
        Run("x.db", "PRAGMA user_version = 2");
        Refused("newer LuxTensor", () => SqlitePeerRecords.Open(folder["x.db"], new TestChain().Genesis));
        using (SqliteSigningGuard.Open(folder["guard.db"], GuardOptions.For(new TestChain().Genesis)))
        {
        }

        Refused("not a LuxTensor peers file", () => SqlitePeerRecords.Open(folder["guard.db"], new TestChain().Genesis));
        Assert.False(File.Exists(folder["guard.db.damaged"]));

        static void Refused(string words, Action open)
        {
            var refused = Assert.Throws<JournalException>(open);
            Assert.Equal(JournalFault.Foreign, refused.Fault);
            Assert.Contains(words, refused.Message, StringComparison.Ordinal);
        }
    }

    public void Dispose()
    {
        opened.ForEach(static records => records.Dispose());
        folder.Dispose();
    }

    private protected override IPeerRecords Open(TestChain chain)
    {
        var records = SqlitePeerRecords.Open(folder["peers.db"], chain.Genesis);
        opened.Add(records);
        return records;
    }

    private protected override void Spoil() => Run("peers.db", "UPDATE peer SET record = zeroblob(length(record))");

    private void Run(string name, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={folder[name]};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
