using LuxTensor.Core;
using LuxTensor.Core.Peers;
using LuxTensor.Engine;

namespace LuxTensor.Network;

/// <summary>The gossip topics of one chain: names that nodes of another chain do not subscribe to.</summary>
internal sealed class TopicNames
{
    private static readonly (Topic Topic, string Word, MessageKind Kind, PeerMerit Merit)[] Known =
    [
        (Topic.Blocks, "blocks", MessageKind.Blocks, PeerMerit.Block),
        (Topic.Votes, "votes", MessageKind.Votes, PeerMerit.Vote),
        (Topic.Certificates, "certificates", MessageKind.Certificates, PeerMerit.Certificate),
        (Topic.Transactions, "transactions", MessageKind.Transactions, PeerMerit.Transaction),
        (Topic.Evidence, "evidence", MessageKind.Evidence, PeerMerit.Evidence),
    ];

    private readonly Dictionary<Topic, string> names = [];
    private readonly Dictionary<string, (Topic Topic, MessageKind Kind, PeerMerit Merit)> topics = new(StringComparer.Ordinal);

    public TopicNames(Genesis genesis)
    {
        var chain = $"/luxtensor/{genesis.Rules.ChainId}/{genesis.Hash.ToString()[2..18]}";
        foreach (var (topic, word, kind, merit) in Known)
        {
            names.Add(topic, $"{chain}/{word}/1");
            topics.Add(names[topic], (topic, kind, merit));
        }
    }

    public IEnumerable<string> All => names.Values;

    /// <summary>The topic's name; null for what is not gossiped.</summary>
    public string? Of(Topic topic) => names.GetValueOrDefault(topic);

    public bool TryFind(string name, out (Topic Topic, MessageKind Kind, PeerMerit Merit) found) => topics.TryGetValue(name, out found);
}
