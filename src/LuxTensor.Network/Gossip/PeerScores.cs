using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>The scores of the connected peers, and for a time those of peers that left with a bad one, so that leaving does not clear it.</summary>
internal sealed class PeerScores(ScoreParameters rules)
{
    private readonly Dictionary<PeerId, PeerScore> connected = [];
    private readonly Dictionary<PeerId, (PeerScore Score, TimeSpan Until)> retained = [];
    private readonly Dictionary<string, List<PeerScore>> addresses = [];
    private TimeSpan decayed;

    public int Retained => retained.Count;

    public PeerScore Join(PeerId peer, string address)
    {
        var score = retained.Remove(peer, out var kept) ? kept.Score : new PeerScore(rules);
        connected[peer] = score;
        if (rules.ColocationWeight != 0 && address.Length > 0)
        {
            if (!addresses.TryGetValue(address, out var there))
            {
                addresses.Add(address, there = []);
            }

            there.Add(score);
            Colocate(there);
        }

        return score;
    }

    public void Leave(PeerId peer, string address, TimeSpan now)
    {
        if (!connected.Remove(peer, out var score))
        {
            return;
        }

        if (addresses.TryGetValue(address, out var there) && there.Remove(score))
        {
            Colocate(there);
            if (there.Count == 0)
            {
                addresses.Remove(address);
            }
        }

        score.Leave();
        if (score.IsClean || rules.MaxRetained == 0)
        {
            return;
        }

        if (retained.Count >= rules.MaxRetained)
        {
            retained.Remove(retained.MinBy(entry => entry.Value.Until).Key);
        }

        retained[peer] = (score, now + rules.Retain);
    }

    public void Heartbeat(TimeSpan now)
    {
        var decays = now - decayed >= rules.DecayInterval;
        decayed = decays ? now : decayed;
        foreach (var score in connected.Values)
        {
            if (decays)
            {
                score.Decay();
            }

            score.Tick(now);
        }

        foreach (var (peer, kept) in retained)
        {
            if (decays)
            {
                kept.Score.Decay();
            }

            if (now >= kept.Until || kept.Score.IsClean)
            {
                retained.Remove(peer);
            }
        }
    }

    private void Colocate(List<PeerScore> there)
    {
        foreach (var score in there)
        {
            score.Colocated(Math.Max(0, there.Count - rules.ColocationThreshold));
        }
    }
}
