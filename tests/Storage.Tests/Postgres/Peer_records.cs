using LuxTensor.Engine;
using LuxTensor.Tests.Postgres;

namespace LuxTensor.Tests.Storage.Postgres;

/// <summary>Peer records in PostgreSQL.</summary>
[Collection(PostgresCollection.Name)]
public sealed class Postgres_peer_records(PostgresFixture fixture) : Peer_records_contract, IDisposable
{
    private readonly PostgresNodes nodes = new(fixture);

    public void Dispose() => nodes.Dispose();

    private protected override IPeerRecords Open(TestChain chain) => nodes.Open(chain).Peers;

    private protected override void Spoil() => nodes.Run("UPDATE peer SET record = set_byte(record, 3, 1 - get_byte(record, 3) % 2)");
}
