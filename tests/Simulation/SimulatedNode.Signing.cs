using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Simulation;

/// <content>Own signatures: guard first, then back to the loop, with time for a crash before, between and after.</content>
internal sealed partial class SimulatedNode
{
    private readonly Dictionary<Address, ulong> silentUntil = [];
    private int signing;
    private ulong signerFree;

    private void Silence(Recovered recovered)
    {
        silentUntil.Clear();
        foreach (var (validator, stored) in IsByzantine ? [] : recovered.Signed.Where(signed => keys.ContainsKey(signed.Validator)))
        {
            if (guard.IsOlderThan(validator, stored))
            {
                world.Coverage.Add(Seen.OldGuardsRefused);
                world.Checkers.GuardIsOlder(this, stored);
            }
        }

        foreach (var validator in IsByzantine ? [] : keys.Keys)
        {
            if (guard.LastSigned(validator) is { } last && last.Height >= View.Chain.Height && Defect != Defect.IgnoresForgottenLocks
                && (!recovered.Asked.TryGetValue(validator, out var position) || last.CompareTo(position) > 0))
            {
                guard.RefuseUpTo(validator, last.Height);
                silentUntil[validator] = last.Height;
                world.Coverage.Add(Seen.SilencedByGuard);
                world.Checkers.Silenced(this, validator, last);
            }
        }
    }

    private void AskToSign(ChainEffect.Sign sign)
    {
        var vote = Make(sign);
        if (IsByzantine)
        {
            Release(vote);
            return;
        }

        var mine = life;
        signing++;
        signerFree = ulong.Max(signerFree, world.Now) + random.Between(0, 3);
        if (!world.Network.IsHealed && random.Chance(world.Scenario.SlowDisk))
        {
            signerFree += random.Between(20, 900);
        }

        world.Schedule(signerFree, 's', Index, sign.Ballot.Height, () =>
        {
            if (mine == life)
            {
                Record(vote, mine);
            }
        });
    }

    private void Record(Vote vote, int mine)
    {
        var isSilent = silentUntil.TryGetValue(vote.Validator, out var height) && vote.Ballot.Height <= height;
        GuardDecision decision;
        try
        {
            decision = Defect == Defect.SkipsGuard ? new GuardDecision.Released(vote.Signature)
                : isSilent ? new GuardDecision.Blocked("the guard knows more than the journal")
                : guard.Record(vote, Disk);
        }
        catch (JournalException)
        {
            StopAfterFailure();
            return;
        }

        world.Schedule(world.Now + random.Between(0, 2), 'g', Index, vote.Ballot.Height, () =>
        {
            if (mine != life)
            {
                return;
            }

            signing--;
            if (decision is GuardDecision.Released released)
            {
                Release(vote with { Signature = released.Signature });
                return;
            }

            world.Coverage.Add(Seen.GuardRefusals);
            Post(new NodeInput.Chain(new ChainInput.SigningRefused(vote.Validator, vote.Ballot, decision.Refusal!.Value)));
        });
    }

    private void Release(Vote vote)
    {
        if (View.Chain.Epochs.Find(vote.Ballot.Epoch) is null)
        {
            return; // as the host's signer: too late for anybody
        }

        var verified = world.Verification.Of(vote, View.Chain.Epochs.Find) ?? throw new InvalidOperationException($"an own signature does not verify: {vote}");
        Post(new NodeInput.Chain(new ChainInput.Signed(verified)));
    }

    private Vote Make(ChainEffect.Sign sign)
    {
        var vote = Forgery.Sign(keys[sign.Validator], sign.Ballot);
        world.Checkers.Made(vote);
        return vote;
    }
}
