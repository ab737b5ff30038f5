using System.Buffers.Binary;
using LuxTensor.Crypto;

namespace LuxTensor.Storage.Sqlite;

/// <summary>Which chain a file belongs to: the rows of its table <c>meta</c>.</summary>
internal static class Identity
{
    private const string ChainId = "chain id";
    private const string Genesis = "genesis hash";

    internal static void Write(Database database, ulong chainId, Hash256 genesis)
    {
        Span<byte> id = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(id, chainId);
        var insert = database.Prepare("INSERT INTO meta VALUES (?1, ?2)");
        insert.BindText(1, ChainId).Bind(2, id).Run();
        insert.BindText(1, Genesis).Bind(2, genesis).Run();
    }

    /// <summary>What differs from the chain that is asked for, or null.</summary>
    internal static string? Contradiction(Database database, ulong chainId, Hash256 genesis)
    {
        Span<byte> id = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(id, chainId);
        return Differs(database, ChainId, id) ?? Differs(database, Genesis, genesis.ToArray());
    }

    private static string? Differs(Database database, string name, ReadOnlySpan<byte> expected)
    {
        var select = database.Prepare("SELECT value FROM meta WHERE name = ?1");
        using (select.BindText(1, name).Rows())
        {
            var there = select.Step();
            return there && select.Blob(0).SequenceEqual(expected)
                ? null
                : $"its {name} is {(there ? Hex.Encode(select.Blob(0)) : "missing")}, expected {Hex.Encode(expected)}";
        }
    }
}
