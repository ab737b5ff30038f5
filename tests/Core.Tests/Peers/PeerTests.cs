using LuxTensor.Core.Peers;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Core.Peers;

/// <summary>PEE-1 to PEE-7 and PEE-10 to PEE-12.</summary>
public sealed class PeerTests
{
    private const ulong Start = 1_800_000_000_000;
    private const ulong Minute = 60_000;

    private static readonly PeerSettings Settings = new() { Limits = PeerLimits.For(Given.Rules) };

    [Fact]
    public void PEE_1_reputation_begins_in_the_middle_and_stops_at_both_ends()
    {
        Assert.Equal(50, Peer.Begin(Start).Points);
        Assert.Equal(100, After(Peer.Begin(Start), Start, new PeerInput.Useful(PeerMerit.Answer, uint.MaxValue)).Points);
        Assert.Equal(0, After(Peer.Begin(Start), Start, new PeerInput.Faulty(PeerFault.NoAnswer, uint.MaxValue)).Points);
        Assert.Equal(100, After(Peer.Begin(Start), Start, new PeerInput.Rated(uint.MaxValue)).Points);
    }

    [Fact]
    public void PEE_1_reputation_stays_in_its_range_whatever_happens() => Seeds.Each(300, static random =>
    {
        var (state, now) = (Peer.Begin(Start), Start);
        for (var step = 0; step < 200; step++)
        {
            now = random.Next(20) == 0 ? now - (ulong)random.Next(1_000_000) : now + (ulong)random.Next(1_000_000);
            var before = state;
            (state, var effects) = Peer.Step(state, Any(random, now), Settings, now);
            Assert.InRange(state.Reputation, 0u, Peer.Best);
            Assert.True(state.BannedUntil <= now + Settings.LongestBan, "PEE-6");
            Assert.Equal(!before.IsBanned(now) && state.IsBanned(now), effects.OfType<PeerEffect.Disconnect>().Any());
            Assert.True(state.IsBanned(now) || state.Reputation > Settings.Threshold || before.Reputation <= Settings.Threshold, "PEE-5");
        }
    });

    [Fact]
    public void PEE_2_reputation_goes_back_a_point_a_minute_and_stays_in_the_middle()
    {
        var bad = After(Peer.Begin(Start), Start, new PeerInput.Faulty(PeerFault.InvalidFrame));
        var good = After(Peer.Begin(Start), Start, new PeerInput.Useful(PeerMerit.Answer, 100));
        Assert.Equal((40, 60), (bad.Points, good.Points));
        foreach (var (minutes, low, high) in new[] { (1UL, 41, 59), (4UL, 44, 56), (10UL, 50, 50), (10_000_000UL, 50, 50) })
        {
            Assert.Equal((low, high), (Look(bad, Start + (minutes * Minute)).Points, Look(good, Start + (minutes * Minute)).Points));
        }

        Assert.Equal(40_000u, Look(bad, Start + 59).Reputation);
        Assert.Equal(40_001u, Look(bad, Start + 60).Reputation);
    }

    [Fact]
    public void PEE_2_time_does_the_same_in_one_step_and_in_many() => Seeds.Each(300, static random =>
    {
        var state = After(Peer.Begin(Start) with { Reputation = (uint)random.Next(20_001, 100_001) }, Start, Any(random, Start));
        var (now, end) = (Start, Start + (ulong)random.Next(random.Next(2) == 0 ? 600_000 : 100_000_000)); // on the way to the middle, or long there
        var (often, once) = (state, Look(state, end));
        while (now < end)
        {
            now = ulong.Min(end, now + 1 + (ulong)random.Next(random.Next(3) > 0 ? 200 : 20_000_000));
            often = Look(often, now);
        }

        Assert.Equal(once, often);
    });

    [Fact]
    public void PEE_2_a_clock_that_is_set_back_neither_stops_nor_hastens_what_follows()
    {
        var bad = After(Peer.Begin(Start), Start, new PeerInput.Faulty(PeerFault.InvalidFrame));
        var back = Look(bad, Start - (100 * Minute));
        Assert.Equal(40, back.Points);
        Assert.Equal(43, Look(back, Start - (97 * Minute)).Points);
    }

    [Fact]
    public void PEE_3_what_is_useful_raises_reputation_by_what_it_is_worth()
    {
        var gains = Enum.GetValues<PeerMerit>().Select(merit => After(Peer.Begin(Start), Start, new PeerInput.Useful(merit, 3)).Reputation - PeerSettings.Neutral);
        Assert.Equal([150u, 3, 30, 3, 30, 300], gains);
        Assert.Equal((3UL, Start), (After(Peer.Begin(Start - 5), Start, new PeerInput.Useful(PeerMerit.Vote, 3)).Successes, After(Peer.Begin(Start - 5), Start, new PeerInput.Useful(PeerMerit.Vote)).LastContact));
    }

    [Fact]
    public void PEE_4_faults_cost_by_severity_and_silence_costs_nothing()
    {
        var best = Peer.Begin(Start) with { Reputation = Peer.Best };
        var left = Enum.GetValues<PeerFault>().Where(fault => fault != PeerFault.WrongGenesis).ToDictionary(fault => fault, fault => After(best, Start, new PeerInput.Faulty(fault)).Points);
        Assert.Equal(
            new Dictionary<PeerFault, int>
            {
                [PeerFault.InvalidFrame] = 90,
                [PeerFault.InvalidSignature] = 75,
                [PeerFault.ForgedCertificate] = 0,
                [PeerFault.WrongBody] = 40,
                [PeerFault.LiedAboutHeight] = 80,
                [PeerFault.NoAnswer] = 98,
                [PeerFault.DrippingAnswer] = 90,
                [PeerFault.UnsolicitedAnswer] = 95,
                [PeerFault.LateAnswer] = 99,
                [PeerFault.LimitsExceeded] = 92,
                [PeerFault.ProtocolViolation] = 85,
            },
            left);
        var quiet = Look(Peer.Begin(Start), Start + (1_000_000 * Minute));
        Assert.Equal((50, 0UL, 0UL), (quiet.Points, quiet.Failures, quiet.BannedUntil));
    }

    [Fact]
    public void PEE_4_a_fault_told_with_a_count_is_that_many_faults() => Seeds.Each(200, static random =>
    {
        var fault = Enum.GetValues<PeerFault>()[random.Next(12)];
        var count = random.Next(1, 40);
        var (together, apart) = (Peer.Begin(Start), Peer.Begin(Start));
        together = After(together, Start, new PeerInput.Faulty(fault, (uint)count));
        for (var i = 0; i < count; i++)
        {
            apart = After(apart, Start, new PeerInput.Faulty(fault));
        }

        Assert.Equal(together with { Reputation = 0 }, apart with { Reputation = 0 });
        Assert.Equal(together.IsBanned(Start), apart.IsBanned(Start));
    });

    [Fact]
    public void PEE_5_the_ban_comes_at_the_threshold_and_not_before()
    {
        var near = Peer.Begin(Start) with { Reputation = Settings.Threshold + (2 * Peer.Point) };
        var (above, nothing) = Peer.Step(near, new PeerInput.Faulty(PeerFault.LateAnswer), Settings, Start);
        Assert.Equal((false, true), (above.IsBanned(Start), nothing.IsEmpty));
        var (at, effects) = Peer.Step(near, new PeerInput.Faulty(PeerFault.NoAnswer), Settings, Start);
        Assert.Equal<PeerEffect>([new PeerEffect.Ban(Start + (10 * Minute), PeerFault.NoAnswer), new PeerEffect.Disconnect(PeerFault.NoAnswer)], effects);
        Assert.Equal((true, false), (at.IsBanned(Start + (10 * Minute) - 1), at.IsBanned(Start + (10 * Minute))));
    }

    [Fact]
    public void PEE_5_each_further_ban_is_twice_as_long_up_to_a_day_until_bans_are_forgotten()
    {
        var (state, now, lengths) = (Peer.Begin(Start), Start, new List<ulong>());
        for (var ban = 0; ban < 100; ban++)
        {
            state = After(state, now, new PeerInput.Faulty(PeerFault.ForgedCertificate));
            lengths.Add((state.BannedUntil - now) / Minute);
            now = state.BannedUntil + Minute;
        }

        Assert.Equal([10UL, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440], lengths[..10]);
        Assert.All(lengths[8..], static length => Assert.Equal(1440UL, length));
        var almost = After(state, state.BannedUntil + Settings.BansForgotten - 1, new PeerInput.Faulty(PeerFault.ForgedCertificate));
        var forgotten = After(state, state.BannedUntil + Settings.BansForgotten, new PeerInput.Faulty(PeerFault.ForgedCertificate));
        Assert.Equal((101u, 1u), (almost.Bans, forgotten.Bans));
    }

    [Fact]
    public void PEE_5_what_comes_in_during_a_ban_is_counted_and_changes_nothing_else()
    {
        var banned = After(Peer.Begin(Start), Start, new PeerInput.Faulty(PeerFault.ForgedCertificate));
        var (later, effects) = Peer.Step(banned, new PeerInput.Faulty(PeerFault.InvalidSignature, 7), Settings, Start + Minute);
        later = After(later, Start + Minute, new PeerInput.Useful(PeerMerit.Answer, 1_000), new PeerInput.Rated(Peer.Best));
        Assert.Equal((banned.BannedUntil, 1u, 0, 8UL, 1_000UL), (later.BannedUntil, later.Bans, later.Points, later.Failures, later.Successes));
        Assert.Empty(effects);
    }

    [Fact]
    public void PEE_6_after_its_ban_a_peer_can_prove_itself()
    {
        var banned = After(Peer.Begin(Start), Start, new PeerInput.Faulty(PeerFault.ForgedCertificate));
        var back = Look(banned, banned.BannedUntil);
        Assert.Equal((35, 0UL), (back.Points, back.BannedUntil));
        Assert.Equal(40, Look(banned, banned.BannedUntil + (5 * Minute)).Points);
        var once = After(back, banned.BannedUntil, new PeerInput.Faulty(PeerFault.InvalidFrame));
        Assert.False(once.IsBanned(banned.BannedUntil));
    }

    [Fact]
    public void PEE_6_every_ban_ends_also_when_the_clock_was_set_back() => Seeds.Each(200, static random =>
    {
        var banned = After(Peer.Begin(Start), Start, new PeerInput.Faulty(random.Next(2) == 0 ? PeerFault.ForgedCertificate : PeerFault.WrongGenesis));
        var back = Start - (ulong)random.NextInt64((long)Start - 1);
        Assert.False(Look(Look(banned, back), back + Settings.LongestBan).IsBanned(back + Settings.LongestBan));
        Assert.False(Look(banned, banned.BannedUntil).IsBanned(banned.BannedUntil));
    });

    [Fact]
    public void PEE_7_another_genesis_keeps_a_peer_away_for_a_day_and_is_no_ban_that_doubles()
    {
        var (state, effects) = Peer.Step(Peer.Begin(Start) with { Reputation = Peer.Best }, new PeerInput.Faulty(PeerFault.WrongGenesis), Settings, Start);
        Assert.Equal<PeerEffect>([new PeerEffect.Ban(Start + (1440 * Minute), PeerFault.WrongGenesis), new PeerEffect.Disconnect(PeerFault.WrongGenesis)], effects);
        var next = After(state, state.BannedUntil, new PeerInput.Faulty(PeerFault.ForgedCertificate));
        Assert.Equal(10 * Minute, next.BannedUntil - state.BannedUntil);
    }

    [Fact]
    public void PEE_10_refused_frames_are_a_fault_where_they_come_to_a_bucket_within_the_window()
    {
        var votes = (ulong)Settings.Limits.Votes.Capacity;
        var almost = After(Peer.Begin(Start), Start, new PeerInput.Refused(MessageKind.Votes, 10, votes - 1));
        Assert.Equal((50, 10UL, 0UL), (almost.Points, almost.Refused, almost.Failures));
        Assert.Equal(50, After(almost, Start + Settings.ExcessWindow, new PeerInput.Refused(MessageKind.Votes, 1, 1)).Points);
        var over = After(almost, Start + Settings.ExcessWindow - 1, new PeerInput.Refused(MessageKind.Votes, 1, 1));
        Assert.Equal((PeerFault.LimitsExceeded, 1UL), (over.LastFault, over.Failures));
        Assert.True(over.Points < 50);

        var half = After(Peer.Begin(Start), Start, new PeerInput.Refused(MessageKind.Votes, 1, (votes + 1) / 2));
        Assert.Equal(1UL, After(half, Start, new PeerInput.Refused(MessageKind.Status, 1, (ulong)(Settings.Limits.Status.Capacity + 1) / 2)).Failures);
    }

    [Fact]
    public void PEE_11_the_highest_proof_counts_and_no_claim()
    {
        var claimed = After(Peer.Begin(Start), Start, new PeerInput.Claimed(1_000_000, HashOf(9)));
        Assert.Equal((0UL, 1_000_000UL, HashOf(9)), (claimed.ProvenHeight, claimed.ClaimedHeight, claimed.ClaimedHash));

        var proved = After(claimed, Start, new PeerInput.Proved(20, HashOf(1)), new PeerInput.Proved(19, HashOf(3)));
        Assert.Equal((20UL, HashOf(1), 1_000_000UL), (proved.ProvenHeight, proved.ProvenHash, proved.ClaimedHeight));
        var higher = After(proved, Start, new PeerInput.Proved(21, HashOf(4)));
        Assert.Equal((21UL, HashOf(4)), (higher.ProvenHeight, higher.ProvenHash));
    }

    [Fact]
    public void PEE_12_a_ban_of_another_process_holds_here_and_is_never_shortened()
    {
        var (state, effects) = Peer.Step(Peer.Begin(Start), new PeerInput.BannedElsewhere(Start + (40 * Minute), 3, PeerFault.WrongBody), Settings, Start);
        Assert.Equal<PeerEffect>([new PeerEffect.Ban(Start + (40 * Minute), PeerFault.WrongBody), new PeerEffect.Disconnect(PeerFault.WrongBody)], effects);
        Assert.Equal(3u, state.Bans);
        var (same, none) = Peer.Step(state, new PeerInput.BannedElsewhere(Start + (30 * Minute), 9, PeerFault.NoAnswer), Settings, Start + 1);
        Assert.Equal((Start + (40 * Minute), 3u, 0), (same.BannedUntil, same.Bans, none.Length));
        var (longer, again) = Peer.Step(state, new PeerInput.BannedElsewhere(ulong.MaxValue, 1, PeerFault.NoAnswer), Settings, Start + 1);
        Assert.Equal((Start + 1 + Settings.LongestBan, 3u), (longer.BannedUntil, longer.Bans));
        Assert.Equal<PeerEffect>([new PeerEffect.Ban(longer.BannedUntil, PeerFault.NoAnswer)], again);
        var (ended, _) = Peer.Step(Peer.Begin(Start), new PeerInput.BannedElsewhere(Start, 3, PeerFault.WrongBody), Settings, Start);
        Assert.False(ended.IsBanned(Start));
        Assert.Equal(70, After(Peer.Begin(Start), Start, new PeerInput.Rated(70 * Peer.Point)).Points);
    }

    [Fact]
    public void What_is_known_of_a_peer_survives_its_encoding() => Seeds.Each(200, static random =>
    {
        var (state, now) = (Peer.Begin(Start), Start);
        for (var step = 0; step < 20; step++)
        {
            now += (ulong)random.Next(1_000_000);
            state = After(state, now, Any(random, now));
        }

        var writer = new WireWriter();
        PeerCodec.Write(writer, state);
        var reader = new WireReader(writer.Written);
        Assert.Equal(state with { Excess = 0, ExcessSince = 0 }, PeerCodec.Read(ref reader));
        Assert.True(reader.End());

        // Every encoding of fewer bytes is refused; of changed ones whatever is read is a state that can go on.
        var bytes = writer.ToArray();
        var cut = new WireReader(bytes.AsSpan(0, random.Next(bytes.Length)));
        _ = PeerCodec.Read(ref cut);
        Assert.NotEqual(WireFault.None, cut.Fault);
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        var changed = new WireReader(bytes);
        var read = PeerCodec.Read(ref changed);
        if (changed.End())
        {
            Assert.InRange(Look(read, now).Reputation, 0u, Peer.Best);
        }
    });

    [Fact]
    public void Contacts_traffic_and_faults_are_counted()
    {
        var met = After(Peer.Begin(Start), Start + 5, new PeerInput.Met());
        var later = After(met, Start + 9, new PeerInput.Met(), new PeerInput.Traffic(10, 20), new PeerInput.Traffic(1, 2), new PeerInput.Faulty(PeerFault.NoAnswer, 2));
        Assert.Equal((Start + 5, Start + 9, 11UL, 22UL, 2UL), (later.FirstContact, later.LastContact, later.BytesIn, later.BytesOut, later.Failures));
    }

    [Fact]
    public void Settings_out_of_range_are_named()
    {
        Assert.Null(Settings.Check());
        Assert.Equal("Threshold is 50000: choose 0 to 49999", (Settings with { Threshold = 50_000 }).Check()?.ToString());
        Assert.Equal("Readmitted", (Settings with { Readmitted = Settings.Threshold }).Check()?.Name);
        Assert.Equal("DecayStep", (Settings with { DecayStep = 0 }).Check()?.Name);
        Assert.Equal("LongestBan", (Settings with { LongestBan = Settings.FirstBan - 1 }).Check()?.Name);
        Assert.Equal("ExcessWindow", (Settings with { ExcessWindow = 0 }).Check()?.Name);
        Assert.Equal("Votes.Capacity", (Settings with { Limits = Settings.Limits with { Votes = new PeerLimit(0, 1, 1) } }).Check()?.Name);
        Assert.Equal("Blocks.PerMinute", (Settings with { Limits = Settings.Limits with { Blocks = Settings.Limits.Blocks with { PerMinute = 0 } } }).Check()?.Name);
    }

    private static PeerState After(PeerState state, ulong now, params ReadOnlySpan<PeerInput> inputs)
    {
        foreach (var input in inputs)
        {
            (state, _) = Peer.Step(state, input, Settings, now);
        }

        return state;
    }

    private static PeerState Look(PeerState state, ulong now) => After(state, now, new PeerInput.Look());

    private static Hash256 HashOf(int number) => Given.HashOf(new Random(number));

    private static PeerInput Any(Random random, ulong now) => random.Next(9) switch
    {
        0 => new PeerInput.Look(),
        1 => new PeerInput.Met(),
        2 => new PeerInput.Useful((PeerMerit)random.Next(6), (uint)random.Next(1_000)),
        3 => new PeerInput.Refused((MessageKind)random.Next(PeerLimits.Kinds), 1, (ulong)random.Next(20_000)),
        4 => new PeerInput.Traffic((ulong)random.Next(1000), (ulong)random.Next(1000)),
        5 => new PeerInput.Claimed((ulong)random.Next(), Given.HashOf(random)),
        6 => new PeerInput.BannedElsewhere(now + (ulong)random.Next(100_000_000), (uint)random.Next(20), (PeerFault)random.Next(12)),
        7 => new PeerInput.Proved((ulong)random.Next(), Given.HashOf(random)),
        _ => new PeerInput.Faulty((PeerFault)random.Next(12), (uint)random.Next(4)),
    };
}
