using LuxTensor.Core;
using LuxTensor.Engine;
using LuxTensor.Storage;

namespace LuxTensor.Tests.Storage;

/// <summary>The guard in a SQLite file.</summary>
public sealed class Guard_against_its_model : Guard_model_contract, IDisposable
{
    private readonly Folder folder = new();

    public void Dispose() => folder.Dispose();

    private protected override ISigningGuard Open(TestChain chain, string name) => SqliteSigningGuard.Open(folder[name], GuardOptions.For(chain.Genesis));

    private protected override SigningPosition? Accept(ISigningGuard guard, Address validator) => ((SqliteSigningGuard)guard).Accept(validator);
}
