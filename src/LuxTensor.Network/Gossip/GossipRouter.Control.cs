namespace LuxTensor.Network;

// Control messages of peers: who is in the mesh, and what is told of and asked for outside it.
internal sealed partial class GossipRouter
{
    private void Control(GossipPeer peer, Rpc rpc)
    {
        var entries = rpc.Grafts.Length + rpc.Prunes.Length + rpc.Wants.Length + rpc.DontWants.Length + rpc.Haves.Sum(have => 1 + have.Ids.Length);
        peer.ControlIds += entries;
        if (peer.ControlIds > rules.MaxControlIds)
        {
            if (!peer.IsFlooding)
            {
                peer.IsFlooding = true;
                Penalise(peer, 1);
            }

            return;
        }

        foreach (var topic in rpc.Grafts)
        {
            Grafted(peer, topic);
        }

        foreach (var prune in rpc.Prunes)
        {
            Pruned(peer, prune);
        }

        foreach (var id in rpc.DontWants)
        {
            peer.AddDontWant(id, rules.MaxDontWantIds);
        }

        if (peer.Score.Value < scoring.GossipThreshold)
        {
            return;
        }

        if (!rpc.Haves.IsEmpty)
        {
            Hear(peer, rpc);
        }

        foreach (var id in rpc.Wants)
        {
            Answer(peer, id);
        }
    }

    private void Grafted(GossipPeer peer, string name)
    {
        if (!topics.TryGetValue(name, out var topic) || !topic.IsSubscribed || topic.Mesh.Contains(peer))
        {
            return; // an answer to a topic that is not ours would be an amplifier
        }

        if (topic.Backoffs.IsActive(peer.Id, now))
        {
            var soon = topic.Backoffs.PrunedAt(peer.Id) is { } at && now - at < rules.GraftFlood;
            Penalise(peer, soon ? 2 : 1);
            Refuse(topic, peer);
            return;
        }

        var isFull = topic.Mesh.Count >= rules.DegreeHigh && !peer.IsOutbound;
        if (isFull || peer.Score.Value < 0 || !topic.Peers.Contains(peer))
        {
            Refuse(topic, peer);
            return;
        }

        counts.Grafted++;
        topic.Mesh.Add(peer);
        peer.Score.Grafted(name, now);
    }

    private void Refuse(GossipTopic topic, GossipPeer peer)
    {
        topic.Backoffs.Add(peer.Id, now, rules.PruneBackoff, rules.MaxBackoffsPerTopic);
        To(peer).Prunes.Add(PruneOf(topic, peer, rules.PruneBackoff));
    }

    private void Pruned(GossipPeer peer, Prune prune)
    {
        if (!topics.TryGetValue(prune.Topic, out var topic))
        {
            return;
        }

        // Clamped as a number of seconds, before it can overflow a time.
        var backoff = prune.BackoffSeconds == 0
            ? rules.PruneBackoff
            : TimeSpan.FromSeconds((long)Math.Min(prune.BackoffSeconds, (ulong)Math.Ceiling(rules.MaxBackoff.TotalSeconds)));
        Drop(topic, peer);
        topic.Backoffs.Add(peer.Id, now, backoff, rules.MaxBackoffsPerTopic);
    }

    private void Hear(GossipPeer peer, Rpc rpc)
    {
        if (++peer.HaveMessages > rules.MaxHaveMessages || peer.AskedIds >= rules.MaxHaveIds)
        {
            return;
        }

        var wanted = new HashSet<MessageId>();
        foreach (var have in rpc.Haves)
        {
            if (topics.TryGetValue(have.Topic, out var topic) && topic.IsSubscribed)
            {
                wanted.UnionWith(have.Ids.Where(id => !seen.Contains(id)));
            }
        }

        if (wanted.Count == 0)
        {
            return;
        }

        List<MessageId> ask = [.. wanted];
        Shuffle(ask);
        var most = Math.Min(rules.MaxHaveIds - peer.AskedIds, haveIdsPerMessage);
        if (ask.Count > most)
        {
            ask.RemoveRange(most, ask.Count - most);
        }

        peer.AskedIds += ask.Count;
        counts.Asked += ask.Count;
        To(peer).Wants.AddRange(ask);
        promises.Add(ask[random.Next(ask.Count)], peer, now + rules.WantFollowUp);
    }

    private void Answer(GossipPeer peer, MessageId id)
    {
        if (peer.WantedIds++ >= rules.MaxWantIds || peer.WantedBytes >= rules.MaxWantBytes || peer.DontWants(id))
        {
            return;
        }

        if (cache.Ask(id, peer.Id) is { } message)
        {
            counts.Answered++;
            peer.WantedBytes += message.Frame.Length;
            effects.Add(new GossipEffect.SendMessage(message, [peer.Id], SendClass.Asked));
        }
    }

    private bool MayGraft(GossipTopic topic, GossipPeer peer) =>
        peer.Score.Value >= 0 && !topic.Mesh.Contains(peer) && topic.Backoffs.Allows(peer.Id, now, rules.BackoffSlack);

    private void Graft(GossipTopic topic, GossipPeer peer)
    {
        counts.Grafted++;
        topic.Mesh.Add(peer);
        peer.Score.Grafted(topic.Name, now);
        To(peer).Grafts.Add(topic.Name);
    }

    private void Prune(GossipTopic topic, GossipPeer peer, TimeSpan backoff)
    {
        Drop(topic, peer);
        topic.Backoffs.Add(peer.Id, now, backoff, rules.MaxBackoffsPerTopic);
        To(peer).Prunes.Add(PruneOf(topic, peer, backoff));
    }

    private void Drop(GossipTopic topic, GossipPeer peer)
    {
        if (topic.Mesh.Remove(peer))
        {
            counts.Pruned++;
            peer.Score.Pruned(topic.Name);
        }
    }

    // A peer of 1.0 knows no backoff; the field is unknown to it and skipped.
    private static Prune PruneOf(GossipTopic topic, GossipPeer peer, TimeSpan backoff) =>
        new(topic.Name, peer.Version == GossipVersion.V10 ? 0 : (ulong)Math.Ceiling(backoff.TotalSeconds));
}
