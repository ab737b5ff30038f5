using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Engine;
using LuxTensor.Engine.Peers;

namespace LuxTensor.Tests.Engine.Peers;

/// <summary>What hosts the peer machines in a process.</summary>
public sealed class Book_of_peers
{
    private static readonly PeerId Alice = new("alice"), Bob = new("bob");
    private static readonly PeerSettings Settings = new() { Limits = PeerLimits.For(new ChainRules { ChainId = 1 }) };

    private readonly ManualTime time = new();
    private readonly MemoryRecords records = new();

    [Fact]
    public async Task PEE_5_refuses_the_frames_of_a_banned_peer_says_what_to_do_and_ends_the_ban_in_time()
    {
        await using var book = await OpenAsync();
        var effects = new List<(PeerId, PeerEffect)>();
        using var following = book.Follow((peer, effect) => effects.Add((peer, effect)));
        Assert.True(book.Allow(Alice, MessageKind.Votes, 200));

        book.Report(Alice, new PeerInput.Faulty(PeerFault.ForgedCertificate));

        var until = time.Milliseconds + Settings.FirstBan;
        Assert.Equal([(Alice, new PeerEffect.Ban(until, PeerFault.ForgedCertificate)), (Alice, new PeerEffect.Disconnect(PeerFault.ForgedCertificate))], effects);
        Assert.Equal((true, until), (book.IsBanned(Alice), book.BannedUntil(Alice)));
        Assert.Equal((false, true), (book.Allow(Alice, MessageKind.Votes, 200), book.Allow(Bob, MessageKind.Votes, 200)));

        time.Advance(TimeSpan.FromMilliseconds(Settings.FirstBan));
        Assert.False(book.IsBanned(Alice));
        Assert.True(book.Allow(Alice, MessageKind.Votes, 200));
        Assert.Equal(35, book.ReputationOf(Alice));
        Assert.Equal(50, book.ReputationOf(new PeerId("a stranger")));

        following.Dispose();
        book.Report(Bob, new PeerInput.Faulty(PeerFault.ForgedCertificate));
        Assert.Equal(2, effects.Count);
    }

    [Fact]
    public async Task PEE_8_meters_each_kind_and_peer_apart()
    {
        await using var book = await OpenAsync();
        for (var i = 0; i < Settings.Limits.Requests.Capacity; i++)
        {
            Assert.True(book.Allow(Alice, MessageKind.Requests, 40));
        }

        Assert.False(book.Allow(Alice, MessageKind.Requests, 40));
        Assert.True(book.Allow(Alice, MessageKind.Votes, 40));
        Assert.True(book.Allow(Bob, MessageKind.Requests, 40));
        time.Advance(TimeSpan.FromMilliseconds(20));
        Assert.True(book.Allow(Alice, MessageKind.Requests, 40));
        Assert.False(book.Allow(Alice, MessageKind.Requests, 40));
    }

    [Fact]
    public async Task PEE_10_bans_a_peer_that_keeps_sending_far_more_than_it_may()
    {
        await using var book = await OpenAsync();
        var capacity = Settings.Limits.Requests.Capacity;
        for (var i = 0; i < 2 * capacity; i++)
        {
            book.Allow(Alice, MessageKind.Requests, 40);
        }

        Assert.Equal((42, 1UL, (ulong)capacity), (book.ReputationOf(Alice), Info(book, Alice).State.Failures, Info(book, Alice).State.Refused));
        for (var i = 0; i < 3 * capacity; i++)
        {
            book.Allow(Alice, MessageKind.Requests, 40);
        }

        Assert.True(book.IsBanned(Alice));
        Assert.False(book.IsBanned(Bob));
    }

    [Fact]
    public async Task Shows_all_figures_of_a_peer()
    {
        await using var book = await OpenAsync();
        book.Joined(Alice, "/ip4/192.0.2.1/tcp/30303", "other/1.0", isOutbound: true);
        book.Allow(Alice, MessageKind.Blocks, 1_000);
        book.Allow(Alice, MessageKind.Votes, 200);
        book.Sent(Alice, 70);
        book.Report(Alice, new PeerInput.Useful(PeerMerit.Block));
        book.Report(Bob, new PeerInput.Met());
        time.Advance(TimeSpan.FromSeconds(1));

        var info = Info(book, Alice);

        Assert.Equal((true, true, "/ip4/192.0.2.1/tcp/30303", "other/1.0"), (info.IsConnected, info.IsOutbound, info.Address, info.Agent));
        Assert.Equal((1_200UL, 70UL, 1UL), (info.State.BytesIn, info.State.BytesOut, info.State.Successes));
        Assert.Equal([Alice, Bob], book.Snapshot().Select(static it => it.Id));
        Assert.Equal((2, 1, 0), book.Counts);
        book.Left(Alice);
        Assert.Equal((2, 0, 0), book.Counts);
    }

    [Fact]
    public async Task What_a_peer_says_of_itself_is_short_and_harmless()
    {
        await using var book = await OpenAsync();
        book.Joined(Alice, new string('x', 5_000), "evil\u001b[2J\nagent", isOutbound: false);
        Assert.Equal((PeerRecord.MaxText, "evil?[2J?agent"), (Info(book, Alice).Address.Length, Info(book, Alice).Agent));
    }

    [Fact]
    public async Task Reputation_and_bans_survive_a_restart()
    {
        await using (var book = await OpenAsync())
        {
            book.Joined(Alice, "/ip4/192.0.2.1/tcp/1", "a/1", isOutbound: true);
            book.Report(Alice, new PeerInput.Useful(PeerMerit.Answer, 100));
            book.Joined(Bob, "/ip4/192.0.2.2/tcp/1", "b/1", isOutbound: false);
            book.Report(Bob, new PeerInput.Faulty(PeerFault.WrongBody));
        }

        await using var again = await OpenAsync();
        Assert.Equal((60, true, "/ip4/192.0.2.1/tcp/1", "a/1"), (again.ReputationOf(Alice), again.IsBanned(Bob), Info(again, Alice).Address, Info(again, Alice).Agent));
        Assert.False(again.Allow(Bob, MessageKind.Votes, 1));
        Assert.False(Info(again, Alice).IsConnected);
    }

    [Fact]
    public async Task PEE_5_a_ban_is_stored_at_once_and_the_rest_in_batches()
    {
        await using var book = await OpenAsync();
        for (var i = 0; i < 600; i++)
        {
            book.Joined(new PeerId($"peer {i}"), "", "", isOutbound: false);
            book.Report(new PeerId($"peer {i}"), new PeerInput.Useful(PeerMerit.Vote));
        }

        time.Fire();
        Assert.Empty(records.Batches);
        book.Report(Bob, new PeerInput.Faulty(PeerFault.ForgedCertificate));
        time.Fire();
        Assert.Equal([512, 89], records.Batches);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(2, records.Batches.Count);
        book.Report(Alice, new PeerInput.Met());
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal([512, 89, 1], records.Batches);
    }

    [Fact]
    public async Task What_cannot_be_stored_now_is_stored_later()
    {
        await using var book = await OpenAsync();
        records.Fails = true;
        book.Report(Bob, new PeerInput.Faulty(PeerFault.ForgedCertificate));
        time.Fire();
        Assert.Empty(records.Batches);
        records.Fails = false;
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal([1], records.Batches);
        Assert.True((await records.FindAsync(Bob, default))!.State.IsBanned(time.Milliseconds));
    }

    [Fact]
    public async Task PEE_5_forgets_the_least_useful_first_and_a_banned_one_only_when_all_are()
    {
        await using var book = await OpenAsync(16);
        book.Report(Bob, new PeerInput.Faulty(PeerFault.ForgedCertificate));
        book.Joined(Alice, "", "", isOutbound: true);
        for (var i = 0; i < 13; i++)
        {
            book.Report(new PeerId($"good {i:D2}"), new PeerInput.Useful(PeerMerit.Block, 10));
        }

        book.Report(new PeerId("worst"), new PeerInput.Faulty(PeerFault.InvalidFrame));
        await book.FlushAsync();
        book.Report(new PeerId("newcomer"), new PeerInput.Met());
        var kept = book.Snapshot().Select(static it => it.Id.Name).ToHashSet();
        Assert.DoesNotContain("worst", kept);
        Assert.Superset(new HashSet<string> { "alice", "bob", "newcomer" }, kept);

        for (var i = 0; i < 40; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            book.Report(new PeerId($"banned {i:D2}"), new PeerInput.Faulty(PeerFault.ForgedCertificate));
            Assert.InRange(book.Counts.Known, 1, 16);
        }

        // All but the connected one are banned; those whose bans end last are there.
        Assert.Equal(["alice", .. Enumerable.Range(25, 15).Select(static i => $"banned {i:D2}")], book.Snapshot().Select(static it => it.Id.Name));
        await book.FlushAsync();
        Assert.Equal(16, (await records.LoadAsync(1_000, default)).Count);
    }

    [Fact]
    public async Task Does_not_remember_for_good_who_only_sent_a_frame()
    {
        await using var book = await OpenAsync();
        book.Allow(Alice, MessageKind.Votes, 10);
        await book.FlushAsync();
        Assert.Empty(await records.LoadAsync(10, default));
    }

    [Fact]
    public async Task Tells_observers_what_it_found_out_and_not_what_others_did()
    {
        await using var book = await OpenAsync();
        var seen = new List<PeerInput>();
        using var observing = book.Observe((_, input) => seen.Add(input));
        book.Report(Alice, new PeerInput.Faulty(PeerFault.NoAnswer));
        book.Adopt(Alice, new PeerInput.BannedElsewhere(time.Milliseconds + 60_000, 1, PeerFault.WrongBody));
        book.Allow(Bob, MessageKind.Votes, 10);
        await book.FlushAsync();
        Assert.Equal([new PeerInput.Faulty(PeerFault.NoAnswer), new PeerInput.Traffic(10, 0)], seen);
        Assert.True(book.IsBanned(Alice));
    }

    [Fact]
    public async Task Takes_calls_from_many_threads_and_loses_none()
    {
        await using var book = await OpenAsync(16);
        var bans = new ConcurrentBag<PeerId>();
        using var following = book.Follow((peer, effect) =>
        {
            if (effect is PeerEffect.Ban)
            {
                bans.Add(peer);
            }
        });
        const int Each = 2_000;
        book.Joined(Alice, "", "", isOutbound: true); // connected: never forgotten here
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            for (var i = 0; i < Each; i++)
            {
                book.Allow(Alice, MessageKind.Votes, 3);
                book.Report(Alice, new PeerInput.Useful(PeerMerit.Vote));
                book.Report(new PeerId($"{worker}-{i}"), new PeerInput.Met());
                if (i % 100 == 0)
                {
                    book.Snapshot();
                }
            }
        })));
        var info = Info(book, Alice);
        Assert.Equal((4UL * Each, 12UL * Each), (info.State.Successes, info.State.BytesIn));
        Assert.InRange(book.Counts.Known, 1, 16);
        Assert.Empty(bans);
    }

    [Fact]
    public async Task Measures_faults_bans_and_refusals_without_naming_a_peer()
    {
        var measured = new ConcurrentBag<string>();
        await using var book = await OpenAsync();
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listening) =>
            {
                if (instrument.Name.StartsWith("luxtensor_peer", StringComparison.Ordinal))
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => measured.Add($"{instrument.Name} {value} {string.Join(' ', tags.ToArray().Select(static tag => $"{tag.Key}={tag.Value}"))}"));
        listener.Start();

        book.Report(Alice, new PeerInput.Faulty(PeerFault.ForgedCertificate));

        Assert.Contains("luxtensor_peer_faults 1 fault=ForgedCertificate", measured);
        Assert.Contains("luxtensor_peer_bans 1 reason=ForgedCertificate", measured);
        Assert.All(measured, static line => Assert.DoesNotContain("alice", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Does_not_open_with_settings_that_are_out_of_range()
    {
        var fault = await Assert.ThrowsAsync<ArgumentException>(() => PeerBook.OpenAsync(new PeerBookOptions { Settings = Settings with { DecayStep = 0 } }));
        Assert.Contains("DecayStep is 0: choose 1 to 3600000", fault.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => OpenAsync(15));
    }

    private static PeerInfo Info(PeerBook book, PeerId peer) => book.Snapshot().Single(it => it.Id == peer);

    private Task<PeerBook> OpenAsync(int most = 1_000) =>
        PeerBook.OpenAsync(new PeerBookOptions { Settings = Settings, Records = records, Time = time, MostRecords = most });
}
