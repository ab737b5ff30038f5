using LuxTensor.Core;
using LuxTensor.Engine;
using LuxTensor.Storage;

namespace LuxTensor.Tests.Storage;

/// <summary>The guard in a SQLite file.</summary>
public sealed class Guard_rules : Guard_contract, IDisposable
{
    private readonly Folder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Another_chain_cannot_open_the_guard()
    {
        var options = GuardOptions.For(new TestChain().Genesis);
        SqliteSigningGuard.Open(folder["guard.db"], options).Dispose();

        var failure = Assert.Throws<GuardException>(() => SqliteSigningGuard.Open(folder["guard.db"], options with { ChainId = 8 }));
        Assert.Contains("chain id", failure.Message, StringComparison.Ordinal);
        failure = Assert.Throws<GuardException>(() => SqliteSigningGuard.Open(folder["guard.db"], options with { Genesis = default }));
        Assert.Contains("genesis hash", failure.Message, StringComparison.Ordinal);
    }

    private protected override ISigningGuard Open(TestChain chain, int kept) =>
        SqliteSigningGuard.Open(folder["guard.db"], chain.PatientGuard with { KeptVotes = kept });

    private protected override SigningPosition? Accept(ISigningGuard guard, Address validator) => ((SqliteSigningGuard)guard).Accept(validator);

    private protected override int Count(ISigningGuard guard, Address validator) => ((SqliteSigningGuard)guard).Count(validator);
}
