using System.Collections.Immutable;

namespace LuxTensor.Network;

// What is done once a heartbeat: decay, forgetting, the mesh, gossip.
internal sealed partial class GossipRouter
{
    private void Heartbeat()
    {
        ticks++;
        KeepPromises();
        scores.Heartbeat(now);
        foreach (var peer in peers.Values)
        {
            peer.Heartbeat();
            Watch(peer);
        }

        pending.Expire(now);
        seen.Expire(now);
        foreach (var topic in topics.Values)
        {
            topic.Backoffs.Expire(now, rules.BackoffSlack);
            if (topic.IsSubscribed)
            {
                Maintain(topic);
            }
            else
            {
                MaintainFanout(topic);
            }
        }

        Tell();
        cache.Shift();
    }

    // At most one broken promise a heartbeat counts, so that a moment of load is not a crime.
    private void KeepPromises()
    {
        List<GossipPeer> breakers = [];
        promises.Broken(now, breakers);
        foreach (var peer in breakers)
        {
            if (!peer.BrokePromise)
            {
                peer.BrokePromise = true;
                peer.Score.Penalise(1);
            }
        }
    }

    private void Maintain(GossipTopic topic)
    {
        foreach (var peer in topic.Mesh.Where(peer => peer.Score.Value < 0).ToArray())
        {
            Prune(topic, peer, rules.PruneBackoff);
        }

        if (topic.Mesh.Count < rules.DegreeLow)
        {
            Fill(topic, rules.Degree - topic.Mesh.Count);
        }

        if (topic.Mesh.Count > rules.DegreeHigh)
        {
            CutDown(topic);
        }

        if (topic.Mesh.Count >= rules.DegreeLow)
        {
            Fill(topic, rules.DegreeOutbound - topic.Mesh.Count(peer => peer.IsOutbound), peer => peer.IsOutbound);
        }

        if (ticks % rules.OpportunisticGraftTicks == 0 && topic.Mesh.Count > 1)
        {
            var median = topic.Mesh.Select(peer => peer.Score.Value).Order().ElementAt(topic.Mesh.Count / 2);
            if (median < scoring.OpportunisticGraftThreshold)
            {
                Fill(topic, rules.OpportunisticGraftPeers, peer => peer.Score.Value > median);
            }
        }
    }

    private void Fill(GossipTopic topic, int missing, Func<GossipPeer, bool>? which = null)
    {
        if (missing <= 0)
        {
            return;
        }

        List<GossipPeer> others = [.. topic.Peers.Where(peer => MayGraft(topic, peer) && which?.Invoke(peer) != false)];
        Shuffle(others);
        foreach (var peer in others.Take(missing))
        {
            Graft(topic, peer);
        }
    }

    // The best by score stay, the rest by chance, and of those who stay some were dialled.
    private void CutDown(GossipTopic topic)
    {
        List<GossipPeer> order = [.. topic.Mesh];
        Shuffle(order);
        order = [.. order.OrderByDescending(peer => peer.Score.Value)];
        List<GossipPeer> rest = order[rules.DegreeScore..];
        Shuffle(rest);
        order = [.. order[..rules.DegreeScore], .. rest];
        var missing = rules.DegreeOutbound - order.Take(rules.Degree).Count(peer => peer.IsOutbound);
        for (var i = rules.Degree; i < order.Count && missing > 0; i++)
        {
            if (order[i].IsOutbound)
            {
                var last = order.FindLastIndex(rules.Degree - 1, peer => !peer.IsOutbound);
                (order[last], order[i]) = (order[i], order[last]);
                missing--;
            }
        }

        foreach (var peer in order[rules.Degree..])
        {
            Prune(topic, peer, rules.PruneBackoff);
        }
    }

    private void MaintainFanout(GossipTopic topic)
    {
        topic.Fanout.RemoveAll(peer => peer.Score.Value < scoring.PublishThreshold);
        if (now - topic.LastPublished >= rules.FanoutTtl)
        {
            topic.Fanout.Clear();
            if (topic.Backoffs.Count == 0)
            {
                topics.Remove(topic.Name);
            }
        }
    }

    private void Tell()
    {
        foreach (var (name, ids) in cache.Recent())
        {
            if (!topics.TryGetValue(name, out var topic))
            {
                continue;
            }

            List<GossipPeer> others = [.. topic.Peers.Where(peer =>
                !topic.Mesh.Contains(peer) && !topic.Fanout.Contains(peer) && peer.Score.Value >= scoring.GossipThreshold)];
            Shuffle(others);
            var all = ids.Count <= haveIdsPerMessage ? new Have(name, [.. ids]) : default;
            foreach (var peer in others.Take(Math.Max(rules.DegreeLazy, (int)(rules.GossipFactor * others.Count))))
            {
                To(peer).Haves.Add(all.Topic is not null ? all : new Have(name, Some(ids)));
            }
        }
    }

    // Each peer hears of others, where there are more than one may be told of.
    private ImmutableArray<MessageId> Some(List<MessageId> ids)
    {
        for (var i = 0; i < haveIdsPerMessage; i++)
        {
            var other = random.Next(i, ids.Count);
            (ids[i], ids[other]) = (ids[other], ids[i]);
        }

        return [.. ids.Take(haveIdsPerMessage)];
    }
}
