using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Storage;

/// <summary>What every store of peer records does.</summary>
public abstract class Peer_records_contract
{
    private readonly TestChain chain = new();

    /// <summary>The same records, opened anew.</summary>
    private protected abstract IPeerRecords Open(TestChain chain);

    /// <summary>Changes one byte of each record that is stored, as a broken disk would.</summary>
    private protected abstract void Spoil();

    [SkippableFact]
    public async Task Records_come_back_as_they_were_stored_last()
    {
        var (alice, bob) = (Record("alice", 1), Record("bob", 2));
        await Open(chain).SaveAsync([alice, bob], [], default);
        var again = bob with { Address = "/ip6/::1/tcp/7", State = bob.State with { Successes = 77, ProvenHash = TestChain.HashOf(9) } };
        await Open(chain).SaveAsync([again, Record("ça va? \"'; --", 3)], [], default);

        var records = Open(chain);
        Assert.Equal([again, alice, Record("ça va? \"'; --", 3)], (await records.LoadAsync(10, default)).OrderBy(static it => it.Id.Name.Length == 3 ? 0 : it.Id.Name.Length));
        Assert.Equal(again, await records.FindAsync(bob.Id, default));
        Assert.Null(await records.FindAsync(new PeerId("carol"), default));
        Assert.Null(await records.FindAsync(default, default));
    }

    [SkippableFact]
    public async Task Those_that_are_banned_come_first_and_then_those_heard_of_last()
    {
        var records = Open(chain);
        PeerRecord Of(string name, ulong banned, ulong contact) => Record(name, 0) with { State = Record(name, 0).State with { BannedUntil = banned, LastContact = contact } };
        await records.SaveAsync([Of("a", 0, 5), Of("b", 0, 9), Of("c", 7, 1), Of("d", 8, 0), Of("e", 0, ulong.MaxValue)], [], default);
        Assert.Equal("dceba", string.Concat((await records.LoadAsync(9, default)).Select(static it => it.Id.Name)));
        Assert.Equal("dce", string.Concat((await records.LoadAsync(3, default)).Select(static it => it.Id.Name)));
        await records.TrimAsync(4, default);
        Assert.Equal("dceb", string.Concat((await Open(chain).LoadAsync(9, default)).Select(static it => it.Id.Name)));
        await records.TrimAsync(4, default);
        await records.TrimAsync(2, default);
        Assert.Equal("dc", string.Concat((await records.LoadAsync(9, default)).Select(static it => it.Id.Name)));
    }

    [SkippableFact]
    public async Task What_is_forgotten_is_gone_and_nothing_else()
    {
        var records = Open(chain);
        await records.SaveAsync([Record("a", 1), Record("b", 2), Record("c", 3)], [], default);
        await records.SaveAsync([Record("d", 4)], [new PeerId("a"), new PeerId("c"), new PeerId("nobody")], default);
        await records.SaveAsync([], [], default);
        Assert.Equal(["b", "d"], (await Open(chain).LoadAsync(10, default)).Select(static it => it.Id.Name).Order());
    }

    [SkippableFact]
    public async Task A_record_that_is_not_what_was_stored_is_left_out()
    {
        await Open(chain).SaveAsync([Record("a", 1), Record("b", 2)], [], default);
        Spoil();
        var records = Open(chain);
        Assert.Empty(await records.LoadAsync(10, default));
        Assert.Null(await records.FindAsync(new PeerId("a"), default));
        await records.SaveAsync([Record("a", 3)], [], default);
        Assert.Equal(Record("a", 3), Assert.Single(await records.LoadAsync(10, default)));
    }

    [SkippableFact]
    public async Task Names_that_no_peer_has_are_not_stored()
    {
        var records = Open(chain);
        await records.SaveAsync([Record("", 1), Record(new string('x', 257), 2), Record("a\0b", 3), Record(new string('y', 256), 4)], [new PeerId("\0")], default);
        Assert.Equal(new string('y', 256), Assert.Single(await records.LoadAsync(10, default)).Id.Name);
    }

    [SkippableFact]
    public async Task Several_write_at_once_and_nothing_is_lost()
    {
        var stores = Enumerable.Range(0, 4).Select(_ => Open(chain)).ToArray();
        await Task.WhenAll(stores.Select((records, writer) => Task.Run(async () =>
        {
            for (var round = 0; round < 10; round++)
            {
                // The same peers in different orders, and one of each writer's own.
                PeerRecord[] batch = [.. Enumerable.Range(0, 20).Select(i => Record($"shared {(writer % 2 == 0 ? i : 19 - i)}", round)), Record($"own {writer} {round}", round)];
                await records.SaveAsync(batch, [], default);
            }
        })));
        Assert.Equal(60, (await stores[0].LoadAsync(1_000, default)).Count);
    }

    private static PeerRecord Record(string name, int seed) => new(new PeerId(name), $"/ip4/192.0.2.{seed}/tcp/30303", $"agent/{seed}", new PeerState
    {
        Reputation = (uint)seed * 1_000,
        DecayedAt = 1_800_000_000_000,
        BanReason = PeerFault.WrongBody,
        Bans = (uint)seed,
        FirstContact = 1,
        LastContact = 2,
        Successes = 3,
        Failures = 4,
        LastFault = PeerFault.NoAnswer,
        BytesIn = ulong.MaxValue,
        BytesOut = 6,
        Refused = 7,
        ProvenHeight = 8,
        ProvenHash = TestChain.HashOf(1),
        ClaimedHeight = 10,
        ClaimedHash = TestChain.HashOf(2),
    });
}
