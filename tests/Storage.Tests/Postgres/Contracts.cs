using LuxTensor.Core;
using LuxTensor.Engine;
using LuxTensor.Storage;
using LuxTensor.Tests.Postgres;

namespace LuxTensor.Tests.Storage.Postgres;

/// <summary>The journal in PostgreSQL.</summary>
[Collection(PostgresCollection.Name)]
public sealed class Postgres_journal(PostgresFixture fixture) : Journal_contract, IDisposable
{
    private readonly PostgresNodes nodes = new(fixture);

    public void Dispose() => nodes.Dispose();

    private protected override IJournal Open(TestChain chain, string name) => nodes.OpenWriter(chain, name);

    private protected override IJournal OpenWithoutCache(TestChain chain) => nodes.Open(chain, with: static options => options with { BlockCacheBytes = 0 }).OpenWriter();

    private protected override string WhereOf(string name) => $"schema {nodes.SchemaOf(name)}";
}

/// <summary>The journal in PostgreSQL.</summary>
[Collection(PostgresCollection.Name)]
public sealed class Postgres_journal_of_validators(PostgresFixture fixture) : Journal_of_validators_contract, IDisposable
{
    private readonly PostgresNodes nodes = new(fixture);

    public void Dispose() => nodes.Dispose();

    private protected override IJournal Open(TestChain chain) => nodes.OpenWriter(chain);
}

/// <summary>The guard in PostgreSQL, with the generation of the newest writer.</summary>
[Collection(PostgresCollection.Name)]
public sealed class Postgres_guard(PostgresFixture fixture) : Guard_contract, IDisposable
{
    private readonly PostgresNodes nodes = new(fixture);
    private ulong? generation;

    public void Dispose() => nodes.Dispose();

    private protected override ISigningGuard Open(TestChain chain, int kept)
    {
        var store = nodes.Open(chain, with: options => options with { KeptVotes = kept });
        lock (nodes)
        {
            generation ??= store.OpenWriter().Generation; // one takeover, however many threads open the guard
        }

        return store.OpenGuard(generation);
    }

    private protected override SigningPosition? Accept(ISigningGuard guard, Address validator) => ((PostgresSigningGuard)guard).Accept(validator);

    private protected override int Count(ISigningGuard guard, Address validator) => ((PostgresSigningGuard)guard).Count(validator);
}

/// <summary>The guard in PostgreSQL, without a generation.</summary>
[Collection(PostgresCollection.Name)]
public sealed class Postgres_guard_against_its_model(PostgresFixture fixture) : Guard_model_contract, IDisposable
{
    private readonly PostgresNodes nodes = new(fixture);

    public void Dispose() => nodes.Dispose();

    private protected override ISigningGuard Open(TestChain chain, string name) => nodes.Open(chain, name).OpenGuard(null);

    private protected override SigningPosition? Accept(ISigningGuard guard, Address validator) => ((PostgresSigningGuard)guard).Accept(validator);
}
