namespace LuxTensor.Network;

/// <summary>One message of each IWANT that a peer has promised to send by having told of it. At most one for each IHAVE that is read.</summary>
internal sealed class Promises
{
    private readonly Dictionary<MessageId, List<(GossipPeer Peer, TimeSpan Until)>> open = [];

    public int Count => open.Count;

    public void Add(MessageId id, GossipPeer peer, TimeSpan until)
    {
        if (!open.TryGetValue(id, out var promises))
        {
            open.Add(id, promises = []);
        }

        if (!promises.Exists(promise => promise.Peer == peer))
        {
            promises.Add((peer, until));
        }
    }

    /// <summary>The message came, from whomever.</summary>
    public void Kept(MessageId id)
    {
        if (open.Count > 0)
        {
            open.Remove(id);
        }
    }

    /// <summary>Takes out those that were not kept in time.</summary>
    public void Broken(TimeSpan now, List<GossipPeer> by)
    {
        foreach (var (id, promises) in open)
        {
            for (var i = promises.Count - 1; i >= 0; i--)
            {
                if (now >= promises[i].Until)
                {
                    by.Add(promises[i].Peer);
                    promises.RemoveAt(i);
                }
            }

            if (promises.Count == 0)
            {
                open.Remove(id);
            }
        }
    }
}
