using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Crypto;
using LuxTensor.Engine.Cluster;

namespace LuxTensor.Tests.Engine.Peers;

/// <summary>What processes of one node tell each other of its peers.</summary>
public sealed class Shared_account_of_peers
{
    private const ulong Start = 1_800_000_000_000;

    private static readonly PeerSettings Settings = new() { Limits = PeerLimits.For(new ChainRules { ChainId = 1 }) };

    [Fact]
    public void PEE_12_a_report_does_what_the_inputs_that_it_adds_up_do()
    {
        for (var seed = 1; seed <= 300; seed++)
        {
            var random = new Random(seed);
            var (report, direct) = (new PeerReport { Address = "/ip4/192.0.2.1/tcp/1", Agent = "x" }, Peer.Begin(Start));
            for (var i = random.Next(60); i > 0; i--)
            {
                var input = Any(random);
                report.Add(input);
                (direct, _) = Peer.Step(direct, input, Settings, Start);
            }

            var read = PeerReport.Decode(report.Encode());
            Assert.True(read is not null, $"seed {seed}");
            var told = Peer.Begin(Start);
            foreach (var input in read.ToInputs())
            {
                (told, _) = Peer.Step(told, input, Settings, Start);
            }

            // All but what depends on the order of inputs: the last fault, and reputation where an end was met on the way.
            Assert.True(Figures(direct) == Figures(told), $"seed {seed}: {Figures(direct)} became {Figures(told)}");
            Assert.Equal(("/ip4/192.0.2.1/tcp/1", "x"), (read.Address, read.Agent));
        }
    }

    [Fact]
    public void PEE_12_a_ban_travels_with_the_report_and_the_verdict()
    {
        var ban = new PeerBan(Start + 1_000, 7, PeerFault.WrongBody);
        var (state, _) = Peer.Step(Peer.Begin(Start), PeerReport.Decode(new PeerReport { Ban = ban }.Encode())!.ToInputs().Single(), Settings, Start);
        Assert.Equal(ban, PeerVerdict.Decode(PeerVerdict.Of(state, Start).Encode())!.Ban);
        Assert.Null(PeerVerdict.Of(state, Start + 1_000).Ban);
        Assert.Equal([new PeerInput.Rated(5), ban.ToInput()], new PeerVerdict(5, ban).ToInputs());
    }

    [Fact]
    public void Bytes_that_are_no_report_verdict_or_list_are_refused()
    {
        var report = new PeerReport { Ban = new PeerBan(1, 2, PeerFault.NoAnswer) }.Encode();
        var verdict = new PeerVerdict(1, new PeerBan(1, 2, PeerFault.NoAnswer)).Encode();
        var bans = new BanList(1);
        bans.Add(new PeerId("a"), new PeerBan(9, 1, PeerFault.NoAnswer), 0);
        var list = bans.Since(0, 0, 0);
        for (var length = 0; length < report.Length; length++)
        {
            Assert.Null(PeerReport.Decode(report.AsSpan(0, length)));
        }

        for (var length = 0; length < verdict.Length; length++)
        {
            Assert.Null(PeerVerdict.Decode(verdict.AsSpan(0, length)));
        }

        for (var length = 0; length < list.Length; length++)
        {
            Assert.True(BanList.Read(list.AsSpan(0, length)) is not { Bans.Count: > 0 });
        }

        Assert.Null(PeerReport.Decode([.. report, 0]));
        Assert.Null(PeerReport.Decode([2, .. report.AsSpan(1)]));
        Assert.Null(PeerVerdict.Decode([.. verdict, 0]));
    }

    [Fact]
    public void Only_new_bans_are_told_and_all_of_them_to_whoever_knew_another_list()
    {
        var bans = new BanList(5);
        bans.Add(new PeerId("a"), new PeerBan(100, 1, PeerFault.NoAnswer), 10);
        bans.Add(new PeerId("b"), new PeerBan(200, 1, PeerFault.NoAnswer), 10);
        var (life, number, first) = BanList.Read(bans.Since(0, 99, 10))!.Value;
        Assert.Equal((5UL, 2UL, "ab"), (life, number, Names(first)));
        Assert.Equal("", Names(BanList.Read(bans.Since(life, number, 10))!.Value.Bans));

        bans.Add(new PeerId("a"), new PeerBan(90, 1, PeerFault.NoAnswer), 10); // shorter: nothing new
        bans.Add(new PeerId("c"), new PeerBan(10, 1, PeerFault.NoAnswer), 10); // over
        bans.Add(new PeerId("b"), new PeerBan(300, 2, PeerFault.NoAnswer), 10);
        Assert.Equal([(new PeerId("b"), new PeerBan(300, 2, PeerFault.NoAnswer))], BanList.Read(bans.Since(life, number, 10))!.Value.Bans);
        Assert.Equal("b", Names(BanList.Read(bans.Since(0, 0, 100))!.Value.Bans)); // that of a has ended
    }

    [Fact]
    public void The_list_of_bans_is_bounded_and_keeps_those_that_last()
    {
        var bans = new BanList(1);
        for (var i = 0; i < BanList.Most + 10; i++)
        {
            bans.Add(new PeerId($"{i}"), new PeerBan((ulong)(i + 1), 1, PeerFault.NoAnswer), 0);
        }

        var kept = BanList.Read(bans.Since(0, 0, 0))!.Value.Bans;
        Assert.Equal((BanList.Most, 11UL), (kept.Count, kept.Min(static it => it.Ban.Until)));
    }

    private static string Names(IEnumerable<(PeerId Peer, PeerBan Ban)> bans) => string.Concat(bans.Select(static it => it.Peer.Name).Order(StringComparer.Ordinal));

    private static (ulong, ulong, ulong, ulong, ulong, ulong, ulong, Hash256, ulong, Hash256) Figures(PeerState state) => (
        state.Successes, state.Failures, state.BytesIn, state.BytesOut, state.Refused, state.FirstContact,
        state.ProvenHeight, state.ProvenHash, state.ClaimedHeight, state.ClaimedHash);

    private static PeerInput Any(Random random) => random.Next(7) switch
    {
        0 => new PeerInput.Met(),
        1 => new PeerInput.Useful((PeerMerit)random.Next(6), (uint)random.Next(100)),
        2 => new PeerInput.Refused((MessageKind)random.Next(PeerLimits.Kinds), (uint)random.Next(9), 1),
        3 => new PeerInput.Traffic((ulong)random.Next(1000), (ulong)random.Next(1000)),
        4 => new PeerInput.Claimed((ulong)random.Next(), Sha256.Hash([(byte)random.Next(256)])),
        5 => new PeerInput.Proved((ulong)random.Next(1, 1_000_000), Sha256.Hash([(byte)random.Next(256)])),
        _ => new PeerInput.Faulty((PeerFault)random.Next(12), (uint)random.Next(4)),
    };
}
