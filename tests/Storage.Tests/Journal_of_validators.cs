using LuxTensor.Engine;
using LuxTensor.Storage;

namespace LuxTensor.Tests.Storage;

/// <summary>In a SQLite file.</summary>
public sealed class Journal_of_validators : Journal_of_validators_contract, IDisposable
{
    private readonly Folder folder = new();

    public void Dispose() => folder.Dispose();

    private protected override IJournal Open(TestChain chain) => SqliteJournal.Open(folder["node.db"], chain.Genesis);

    private protected override void CheckAll(TestChain chain) => Assert.True(SqliteJournal.Check(folder["node.db"], chain.Genesis).IsClean);
}
