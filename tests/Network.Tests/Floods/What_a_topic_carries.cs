using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Engine;
using LuxTensor.Network;
using LuxTensor.Tests.Engine;

namespace LuxTensor.Tests.Network;

/// <summary>What everybody passes on is what everybody would do: requests and answers are for one peer, and come on streams of their own.</summary>
public sealed class What_a_topic_carries : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("luxtensor-topics-");

    public void Dispose() => folder.Delete(recursive: true);

    public static TheoryData<Topic, string> Strangers => new()
    {
        { Topic.Votes, nameof(Message.GetBlocks) },
        { Topic.Blocks, nameof(Message.GetBlockHeaders) },
        { Topic.Certificates, nameof(Message.Blocks) },
        { Topic.Transactions, nameof(Message.Ping) },
        { Topic.Evidence, nameof(Message.Submit) },
    };

    [Theory]
    [MemberData(nameof(Strangers))]
    public async Task A_message_of_another_kind_is_a_fault(Topic topic, string what)
    {
        var chain = new TestChain(4);
        await using var node = await FullNode.StartAsync(chain.Genesis, Path.Combine(folder.FullName, "node"));
        var victim = new Victim(chain, node.Address, () => node.Height);
        await using var attacker = await node.Book.JoinAsync(victim);
        await using var gossip = await attacker.GossipAsync(Host.Soon);
        Message message = what switch
        {
            nameof(Message.GetBlocks) => new Message.GetBlocks(1, 128),
            nameof(Message.GetBlockHeaders) => new Message.GetBlockHeaders(1, 128),
            nameof(Message.Blocks) => new Message.Blocks([]),
            nameof(Message.Ping) => new Message.Ping(1),
            nameof(Message.Submit) => new Message.Submit(chain.Transfer(0, 1)),
            _ => throw new ArgumentOutOfRangeException(nameof(what)),
        };

        await gossip.WriteAsync(
            WireMessage.Of(victim.Topics.Of(topic)!, Announcement.Carry(MessageCodec.Encode(chain.Genesis.Rules.ChainId, message))).Frame, Host.Soon);

        await node.FaultAsync(attacker.Id, PeerFault.InvalidFrame);
        Assert.Equal(0, node.Host.View.Pool.Count);
    }
}
