using System.Collections.Immutable;

namespace LuxTensor.Core.Peers;

/// <summary>
/// The machine that judges a peer: reputation, bans, what it proved. Integers only; time is an input in milliseconds since 1970.
/// What it sends is metered beside it (<see cref="TokenBucket"/>), and only what was refused comes here.
/// </summary>
public static class Peer
{
    /// <summary>A point of reputation in thousandths.</summary>
    public const uint Point = 1_000;

    /// <summary>The best reputation (PEE-1).</summary>
    public const uint Best = 100 * Point;

    /// <summary>A whole bucket of refused tokens (PEE-10).</summary>
    private const ulong WholeBucket = 1_000_000_000_000;

    /// <summary>A peer of whom nothing is known.</summary>
    public static PeerState Begin(ulong now) => new() { Reputation = PeerSettings.Neutral, DecayedAt = now };

    /// <summary>Brings the peer to <paramref name="now"/>, then takes the input.</summary>
    public static (PeerState Next, ImmutableArray<PeerEffect> Effects) Step(PeerState state, PeerInput input, PeerSettings settings, ulong now)
    {
        var at = Advance(state, settings, now);
        switch (input)
        {
            case PeerInput.Look:
                return (at, []);
            case PeerInput.Met:
                return (at with { FirstContact = at.FirstContact == 0 ? now : at.FirstContact, LastContact = now }, []);
            case PeerInput.Useful useful:
                return (Reward(at, useful, now), []);
            case PeerInput.Faulty faulty:
                return Blame(at, faulty.What, faulty.Count, settings, now);
            case PeerInput.Refused refused:
                return TakeRefused(at, refused, settings, now);
            case PeerInput.Traffic traffic:
                return (at with { BytesIn = at.BytesIn + traffic.BytesIn, BytesOut = at.BytesOut + traffic.BytesOut, LastContact = traffic.BytesIn > 0 ? now : at.LastContact }, []);
            case PeerInput.Claimed claimed:
                return (at with { ClaimedHeight = claimed.Height, ClaimedHash = claimed.Hash, LastContact = now }, []);
            case PeerInput.Proved proved:
                return (Prove(at, proved, now), []);
            case PeerInput.BannedElsewhere banned:
                return TakeBan(at, banned, settings, now);
            case PeerInput.Rated { Reputation: var reputation }:
                return (at.IsBanned(now) ? at : at with { Reputation = uint.Min(reputation, Best) }, []);
            default:
                throw new ArgumentOutOfRangeException(nameof(input));
        }
    }

    /// <summary>PEE-2 and PEE-6: what time alone does. Looking in between changes nothing.</summary>
    private static PeerState Advance(PeerState state, PeerSettings settings, ulong now)
    {
        if (state.BannedUntil > now)
        {
            // A ban that ends later than any can was made before the clock was set back.
            var latest = now + settings.LongestBan;
            return state.BannedUntil > latest ? state with { BannedUntil = latest } : state;
        }

        if (state.BannedUntil > 0)
        {
            state = state with { Reputation = settings.Readmitted, DecayedAt = state.BannedUntil, BanEnded = state.BannedUntil, BannedUntil = 0, Excess = 0 };
        }

        if (now < state.DecayedAt)
        {
            return state with { DecayedAt = now };
        }

        var steps = (now - state.DecayedAt) / settings.DecayStep;
        if (steps == 0)
        {
            return state;
        }

        var reputation = state.Reputation > PeerSettings.Neutral
            ? state.Reputation - (uint)ulong.Min(steps, state.Reputation - PeerSettings.Neutral)
            : state.Reputation + (uint)ulong.Min(steps, PeerSettings.Neutral - state.Reputation);
        return state with { Reputation = reputation, DecayedAt = state.DecayedAt + (steps * settings.DecayStep) };
    }

    /// <summary>PEE-3.</summary>
    private static PeerState Reward(PeerState state, PeerInput.Useful useful, ulong now)
    {
        var counted = state with { Successes = state.Successes + useful.Count, LastContact = now };
        var gain = (ulong)useful.Count * PeerSettings.GainOf(useful.What);
        return state.IsBanned(now) ? counted : counted with { Reputation = (uint)ulong.Min(state.Reputation + gain, Best) };
    }

    /// <summary>PEE-4 and PEE-5.</summary>
    private static (PeerState Next, ImmutableArray<PeerEffect> Effects) Blame(PeerState state, PeerFault fault, uint count, PeerSettings settings, ulong now)
    {
        if (count == 0)
        {
            return (state, []);
        }

        var counted = state with { Failures = state.Failures + count, LastFault = fault };
        if (fault == PeerFault.WrongGenesis)
        {
            return Ban(counted, now + settings.LongestBan, state.Bans, fault, now); // PEE-7
        }

        if (state.IsBanned(now))
        {
            return (counted, []); // what was on its way when the ban began
        }

        var reputation = state.Reputation - (uint)ulong.Min(state.Reputation, (ulong)count * PeerSettings.CostOf(fault));
        counted = counted with { Reputation = reputation };
        if (reputation > settings.Threshold)
        {
            return (counted, []);
        }

        var before = now >= state.BanEnded && now - state.BanEnded >= settings.BansForgotten ? 0 : state.Bans;
        var length = (ulong)UInt128.Min((UInt128)settings.FirstBan << (int)uint.Min(before, 63), settings.LongestBan);
        return Ban(counted, now + length, before + 1, fault, now);
    }

    /// <summary>PEE-10: refusals cost nothing until they come to a whole bucket within the window.</summary>
    private static (PeerState Next, ImmutableArray<PeerEffect> Effects) TakeRefused(PeerState state, PeerInput.Refused refused, PeerSettings settings, ulong now)
    {
        var isNew = now < state.ExcessSince || now - state.ExcessSince >= settings.ExcessWindow;
        var part = (UInt128)refused.Tokens * WholeBucket / (ulong)settings.Limits[refused.Kind].Capacity;
        var excess = (isNew ? 0 : state.Excess) + part;
        var counted = state with
        {
            Refused = state.Refused + refused.Frames,
            ExcessSince = isNew ? now : state.ExcessSince,
            Excess = excess >= WholeBucket ? 0 : (ulong)excess,
        };
        return excess >= WholeBucket ? Blame(counted, PeerFault.LimitsExceeded, 1, settings, now) : (counted, []);
    }

    /// <summary>PEE-11: the highest that it proved.</summary>
    private static PeerState Prove(PeerState state, PeerInput.Proved proved, ulong now) =>
        proved.Height > state.ProvenHeight || state.ProvenHash.IsZero
            ? state with { ProvenHeight = proved.Height, ProvenHash = proved.Hash, LastContact = now }
            : state with { LastContact = now };

    /// <summary>PEE-12: a ban holds for all processes of the node, and the longer of two holds.</summary>
    private static (PeerState Next, ImmutableArray<PeerEffect> Effects) TakeBan(PeerState state, PeerInput.BannedElsewhere banned, PeerSettings settings, ulong now)
    {
        var until = ulong.Min(banned.Until, now + settings.LongestBan);
        return until <= now || until <= state.BannedUntil ? (state, []) : Ban(state, until, uint.Max(state.Bans, banned.Bans), banned.Why, now);
    }

    private static (PeerState Next, ImmutableArray<PeerEffect> Effects) Ban(PeerState state, ulong until, uint bans, PeerFault why, ulong now)
    {
        var wasBanned = state.IsBanned(now);
        var next = state with { BannedUntil = ulong.Max(until, state.BannedUntil), Bans = bans, BanReason = why, Excess = 0 };
        return (next, wasBanned ? [new PeerEffect.Ban(next.BannedUntil, why)] : [new PeerEffect.Ban(next.BannedUntil, why), new PeerEffect.Disconnect(why)]);
    }
}
