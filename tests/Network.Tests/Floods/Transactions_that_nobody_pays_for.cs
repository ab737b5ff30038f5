using System.Text;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Transactions;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Network;
using LuxTensor.Tests.Engine;

namespace LuxTensor.Tests.Network;

/// <summary>Signing costs nothing. What the pool would refuse is neither verified nor passed on, and earns its sender no name.</summary>
public sealed class Transactions_that_nobody_pays_for : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("luxtensor-unpaid-");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task They_go_no_further_while_those_that_are_paid_for_do()
    {
        var chain = new TestChain(4);
        await using var node = await FullNode.StartAsync(chain.Genesis, Path.Combine(folder.FullName, "node"));
        var victim = new Victim(chain, node.Address, () => node.Height);
        await using var sender = await node.Book.JoinAsync(victim);
        await using var listener = await node.Book.JoinAsync(victim);
        await using var hearing = await listener.GossipAsync(Host.Soon);
        await TransportBench.UntilAsync(() => listener.Heard().AsSpan().Count(Encoding.UTF8.GetBytes(victim.Topics.Of(Topic.Transactions)!)) > 1); // it is in the mesh
        await using var gossip = await sender.GossipAsync(Host.Soon);
        using var poor = SigningKey.Generate();
        Transaction[] unpaid =
        [
            Transaction.Sign(chain.Genesis.Rules.ChainId, poor, 0, 1_000, new TransactionBody.Transfer(TestChain.Recipient, 1)),
            Transaction.Sign(chain.Genesis.Rules.ChainId, chain.Sender, 100_000, 1_000, new TransactionBody.Transfer(TestChain.Recipient, 1)),
        ];
        Transaction[] paid = [chain.Transfer(0, 1), chain.Transfer(1, 1)];

        foreach (var transaction in unpaid.Concat(paid))
        {
            await gossip.WriteAsync(
                WireMessage.Of(victim.Topics.Of(Topic.Transactions)!, Announcement.Carry(MessageCodec.Encode(chain.Genesis.Rules.ChainId, new Message.Submit(transaction)))).Frame,
                Host.Soon);
        }

        await TransportBench.UntilAsync(() =>
            Array.TrueForAll(paid, one => Has(listener, one)) && node.Host.View.Pool.Count == 2 && node.Book.Find(sender.Id)!.State.Successes >= 2);
        Assert.DoesNotContain(unpaid, one => Has(listener, one));
        Assert.Equal(2UL, node.Book.Find(sender.Id)!.State.Successes);
        Assert.Equal(0UL, node.Book.Find(sender.Id)!.State.Failures);
    }

    private static bool Has(Attacker listener, Transaction transaction) => listener.Heard().AsSpan().IndexOf(transaction.Encoded.Span) >= 0;
}
