using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Core.Sync;

/// <summary>A node that is behind, and what peers may do to it: SYN-3 to SYN-6.</summary>
public sealed class CatchUpTests
{
    private static readonly CertifiedChain Chain = new(300);

    private readonly SyncWorld world = new(Chain);

    [Fact]
    public void SYN_3_SYN_4_a_node_that_begins_at_the_genesis_reaches_the_head_with_the_same_state()
    {
        Assert.True(Chain.Changes >= 2, "the chain's sets are to change");
        for (var i = 0; i < 6; i++)
        {
            world.Join($"peer{i}", world.Honest());
        }

        Assert.True(world.Run(60_000));
        Assert.Equal(Chain.Head.After.Root, world.Node.FinalLedger.Root);
        Assert.Equal(4, world.Most.Peers);
        Assert.Empty(world.Blamed);
        var proven = 0UL;
        foreach (var (_, _, request) in world.Asked)
        {
            switch (request)
            {
                case Message.GetBlockHeaders headers:
                    Assert.InRange(headers.Count, 1, 128);
                    proven = headers.From - 1;
                    break;
                case Message.GetBlocks blocks:
                    Assert.InRange(blocks.Count, 1, 128);
                    Assert.True(blocks.From <= proven + 128, "no block is asked for whose header is not here");
                    break;
                default:
                    Assert.Fail("nothing else is asked for");
                    break;
            }
        }

        Assert.IsType<Message.GetBlockHeaders>(world.Asked[0].Request);
    }

    [Fact]
    public void SYN_3_one_peer_at_a_time_is_asked_for_headers()
    {
        world.Join("a", world.Honest());
        world.Join("b", world.Honest());
        Assert.Single(world.Asked);
    }

    [Fact]
    public void SYN_3_what_is_claimed_is_proven_before_any_block_is_asked_for()
    {
        var liar = world.Join("liar", static _ => (new Message.BlockHeaders([], []), 10), claims: 1_000_000);
        world.Run(1_000);
        Assert.Equal([(liar, SyncFault.Nothing)], world.Blamed);
        Assert.Equal(0UL, world.Node.Sync.Claimed);
        Assert.DoesNotContain(world.Asked, static asked => asked.Request is Message.GetBlocks);
    }

    [Theory]
    [InlineData("forged", SyncFault.ForgedCertificate)]
    [InlineData("other height", SyncFault.ForgedCertificate)]
    [InlineData("too few", SyncFault.ForgedCertificate)]
    [InlineData("changed", SyncFault.ForgedCertificate)]
    [InlineData("own set", SyncFault.WrongSet)]
    [InlineData("no set", SyncFault.WrongSet)]
    [InlineData("gap", SyncFault.BrokenChain)]
    [InlineData("backwards", SyncFault.BrokenChain)]
    [InlineData("elsewhere", SyncFault.BrokenChain)]
    [InlineData("other parent", SyncFault.BrokenChain)]
    [InlineData("other proposer", SyncFault.BrokenChain)]
    [InlineData("no later", SyncFault.BrokenChain)]
    [InlineData("none", SyncFault.Nothing)]
    public void SYN_3_headers_that_do_not_verify_are_named_and_another_peer_serves(string how, SyncFault expected)
    {
        var honest = world.Honest();
        var liar = world.Join("a liar", request => honest(request) is (Message.BlockHeaders headers, var after) ? (Spoil(headers, how), after) : honest(request));
        world.Join("b honest", honest);

        Assert.True(world.Run(120_000));
        Assert.Contains((liar, expected), world.Blamed);
        Assert.All(world.Blamed, blamed => Assert.Equal(liar, blamed.Peer));
        Assert.Equal(Chain.Head.After.Root, world.Node.FinalLedger.Root);
    }

    [Theory]
    [InlineData("body", SyncFault.WrongBody)]
    [InlineData("header", SyncFault.WrongBody)]
    [InlineData("certificate", SyncFault.WrongBody)]
    [InlineData("gap", SyncFault.BrokenChain)]
    [InlineData("none", SyncFault.Nothing)]
    [InlineData("too many", SyncFault.BrokenChain)]
    public void SYN_4_blocks_that_are_not_their_headers_are_named_and_another_peer_serves(string how, SyncFault expected)
    {
        var honest = world.Honest();
        var liar = world.Join("a liar", request => honest(request) is (Message.Blocks blocks, var after) ? (Spoil(blocks, how), after) : honest(request));
        world.Join("b honest", honest);

        Assert.True(world.Run(120_000));
        Assert.Contains((liar, expected), world.Blamed);
        Assert.All(world.Blamed, blamed => Assert.Equal(liar, blamed.Peer));
        Assert.Equal(Chain.Head.After.Root, world.Node.FinalLedger.Root);
    }

    [Fact]
    public void SYN_4_blocks_are_given_to_the_chain_in_order_whatever_order_they_come_in()
    {
        var honest = world.Honest();
        world.Join("slow", request => (honest(request).Answer, request is Message.GetBlocks { From: 1 } ? 900UL : 1));
        world.Join("fast", honest);
        Assert.False(world.Run(600));
        Assert.Equal(0UL, world.Node.Final.Height);
        Assert.NotEmpty(world.Node.Sync.Blocks);
        Assert.True(world.Run(60_000));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 5)]
    [InlineData(9, 128)]
    public void SYN_4_what_an_operator_chooses_bounds_peers_and_requests(int peers, int blocks)
    {
        var chosen = new SyncWorld(Chain, new SyncChoices { Peers = peers, RequestBlocks = blocks }.For(Chain.Rules));
        for (var i = 0; i < peers + 2; i++)
        {
            chosen.Join($"peer{i}", chosen.Honest());
        }

        Assert.True(chosen.Run(600_000));
        Assert.InRange(chosen.Most.Peers, 1, peers);
        Assert.All(chosen.Asked, asked => Assert.InRange(asked.Request switch { Message.GetBlockHeaders it => it.Count, Message.GetBlocks it => it.Count, _ => 0 }, 1, blocks));
    }

    [Fact]
    public void SYN_4_a_block_is_given_to_the_chain_once_whether_it_takes_it_or_not()
    {
        var honest = world.Honest();
        var slow = world.Join("slow", request => (honest(request).Answer, request is Message.GetBlocks { From: 1 } ? 900UL : 1));
        world.Join("fast", honest);
        Assert.False(world.Run(600)); // all but what the slow one is asked for is here
        var (sync, chain) = (world.Node.Sync, world.Node.Chain);
        var asked = (Message.GetBlocks)world.Asked.First(asked => asked.Peer == slow && asked.Request is Message.GetBlocks { From: 1 }).Request;
        var answer = SyncVerifier.Check((Message.Blocks)honest(asked).Answer!, slow, sync, chain, SignatureChecks.Of(chain.Rules, static _ => false));
        var (next, effects) = CatchUp.Step(sync, chain, answer, world.Now);
        var take = Assert.Single(effects.OfType<SyncEffect.Take>());
        Assert.Equal(1UL, take.Items[0].Value.Block.Height);
        Assert.DoesNotContain(take.Items, item => next.Blocks.ContainsKey(item.Value.Block.Height));
        Assert.Equal(next.Blocks.Values.Sum(static block => (long)block.Item.Value.Block.Encoded.Length), next.BlockBytes);
    }

    [Fact]
    public void SYN_5_who_is_slow_is_asked_beside_another_and_who_is_silent_failed_and_rests()
    {
        var silent = world.Join("a silent", static _ => (null, 0));
        var honest = world.Join("b honest", world.Honest());
        var begin = world.Now;
        Assert.Equal(silent, world.Asked[0].Peer);
        Assert.True(world.Run(60_000));
        var rules = world.Node.Sync.Rules;
        Assert.Equal(begin + rules.Patience, world.Asked.First(asked => asked.Peer == honest).At);
        Assert.True(world.Now < begin + (2 * rules.Patience), "the silent one held nobody up");

        var alone = new SyncWorld(Chain);
        var only = alone.Join("silent", static _ => (null, 0));
        alone.Run(10 * rules.Timeout);
        Assert.Contains((only, SyncFault.NoAnswer), alone.Blamed);
        var times = alone.Asked.Select(static asked => asked.At).ToArray();
        Assert.True(times[1] - times[0] >= rules.Timeout + rules.Patience, "it rests after a failure");
        Assert.True(times[3] - times[2] >= 2 * rules.Timeout, "and longer after three");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // by then it failed, once
    public void SYN_5_ids_without_end_that_never_answer_keep_no_honest_peer_from_being_asked(bool failsFirst)
    {
        var honest = world.Honest();
        world.Join("honest", request => honest(request) is (Message.BlockHeaders headers, var after) && failsFirst && world.Asked.Count == 1
            ? (Spoil(headers, "gap"), after) : honest(request));
        var ids = new Queue<PeerId>();
        var (begin, patience) = (world.Now, world.Node.Sync.Rules.Patience);
        var isThere = false;
        for (var i = 1; !isThere && i <= 300; i++)
        {
            ids.Enqueue(world.Join($"id{i}", static _ => (null, 0), claims: 1_000_000));
            if (ids.Count > 8) // an address has no more connections
            {
                world.Gone.Add(ids.Dequeue()); // before its timeout, so that it never fails
            }

            isThere = world.Run(patience / 8);
            world.Now = begin + ((ulong)i * patience / 8);
        }

        Assert.True(isThere, $"it is at {world.Node.Final.Height}");
    }

    [Fact]
    public void SYN_5_peers_that_answer_late_and_little_keep_no_newcomer_from_being_asked()
    {
        var honest = world.Honest();
        var patience = world.Node.Sync.Rules.Patience;
        for (var i = 0; i <= world.Node.Sync.Rules.Peers; i++)
        {
            world.Join($"little{i}", request => (honest(request).Answer switch
            {
                Message.BlockHeaders headers => headers with { Items = headers.Items[..1] },
                Message.Blocks blocks => new Message.Blocks(blocks.Items[..1]),
                var other => other,
            }, patience - 1));
        }

        world.Run(10 * patience);
        var newcomer = world.Join("newcomer", honest);
        var begin = world.Now;
        world.Run(40 * patience);
        Assert.Equal(Chain.Head.After.Root, world.Node.FinalLedger.Root);
        Assert.True(world.Asked.First(asked => asked.Peer == newcomer).At < begin + (10 * patience));
    }

    [Fact]
    public void SYN_5_what_nobody_asked_for_is_named_and_changes_nothing()
    {
        var stranger = new PeerId("stranger");
        var before = world.Node;
        world.Deliver(stranger, (Message.BlockHeaders)world.Honest()(new Message.GetBlockHeaders(1, 10)).Answer!);
        world.Deliver(stranger, (Message.Blocks)world.Honest()(new Message.GetBlocks(1, 10)).Answer!);
        Assert.Equal([(stranger, SyncFault.Unsolicited), (stranger, SyncFault.Unsolicited)], world.Blamed);
        Assert.Empty(world.Node.Sync.Headers);
        Assert.Equal(before.Final.Hash, world.Node.Final.Hash);

        // Refused before a signature of it is checked, and not only when it comes to the machine.
        var none = new SignatureChecks(static (_, _) => throw new InvalidOperationException("a certificate"), static (_, _) => throw new InvalidOperationException("a block"));
        var headers = (Message.BlockHeaders)world.Honest()(new Message.GetBlockHeaders(1, 10)).Answer!;
        var checkedHeaders = SyncVerifier.Check(headers, stranger, before.Sync, before.Chain, none);
        Assert.Equal((SyncFault.Unsolicited, 0), (checkedHeaders.Fault, checkedHeaders.Items.Length));
    }

    [Fact]
    public void SYN_5_a_clock_that_is_set_back_keeps_nobody_from_catching_up()
    {
        world.Join("silent", static _ => (null, 0));
        world.Now -= 3_600_000;
        world.Join("honest", world.Honest());
        Assert.True(world.Run(60_000));
    }

    [Fact]
    public void SYN_5_a_peer_that_is_gone_is_waited_for_no_longer()
    {
        var gone = world.Join("a gone", static _ => (null, 0));
        world.Join("b honest", world.Honest());
        Assert.Single(world.Asked);
        var (next, effects) = CatchUp.Step(world.Node.Sync, world.Node.Chain, new SyncInput.Wake([gone]), world.Now);
        Assert.DoesNotContain(gone, next.Peers.Keys);
        Assert.Equal(new PeerId("b honest"), effects.OfType<SyncEffect.Ask>().Single().Peer);
    }

    [Fact]
    public void SYN_6_headers_blocks_and_peers_that_are_held_are_bounded()
    {
        var rules = new SyncRules { CacheBytes = 10_000, Timeout = 4_000, Patience = 1_000 };
        var small = new SyncWorld(Chain, rules);
        var honest = small.Honest();
        small.Join("slow", request => (honest(request).Answer, request is Message.GetBlocks ? 3_000UL : 1));
        var (full, beyond) = (0, 0); // how often the cache was full where a block was asked for, and how often that was not the lowest
        for (var i = 0; i < 3; i++)
        {
            small.Join($"fast{i}", request =>
            {
                if (request is Message.GetBlocks asked && small.Node.Sync.BlockBytes >= rules.CacheBytes)
                {
                    full++;
                    beyond += small.Node.Sync.Blocks.Keys.Any(height => height < asked.From) ? 1 : 0;
                }

                return honest(request);
            });
        }

        Assert.True(small.Run(600_000));
        Assert.InRange(full, 1, int.MaxValue);
        Assert.Equal(0, beyond);

        foreach (var ahead in (int[])[150, 100]) // more and fewer than an answer brings
        {
            var few = new SyncWorld(Chain, rules with { HeadersAhead = ahead });
            few.Join("honest", few.Honest());
            Assert.True(few.Run(600_000));
            Assert.InRange(few.Most.Headers, 100, ahead);
        }

        var crowd = new SyncWorld(Chain);
        for (var i = 0; i < 2 * SyncState.MaxPeers; i++)
        {
            crowd.Claim(new PeerId($"liar{i}"), 1_000_000);
        }

        Assert.Equal(SyncState.MaxPeers, crowd.Node.Sync.Peers.Count);
    }

    [Fact]
    public void SYN_6_a_crowd_that_fails_makes_room_for_an_honest_peer()
    {
        for (var i = 0; i < SyncState.MaxPeers; i++)
        {
            world.Join($"liar{i:00}", static _ => (new Message.BlockHeaders([], []), 1));
        }

        world.Run(5_000);
        world.Join("honest", world.Honest());
        Assert.True(world.Run(60_000));
    }

    [Fact]
    public void A_node_reaches_the_head_as_long_as_one_peer_is_honest() => Seeds.Each(25, static random =>
    {
        var small = new SyncWorld(Chain);
        var honest = small.Honest((ulong)random.Next(1, 200));
        string[] headers = ["forged", "other height", "too few", "changed", "own set", "no set", "gap", "backwards", "elsewhere", "none"];
        string[] blocks = ["body", "header", "certificate", "gap", "none", "too many"];
        var at = random.Next(6);
        for (var i = 0; i < 6; i++)
        {
            small.Join($"peer{i}", i == at ? honest : request => random.Next(4) switch
            {
                0 => (null, 0),
                1 => (honest(request).Answer, (ulong)random.Next(1, 20_000)),
                _ => (honest(request).Answer switch
                {
                    Message.BlockHeaders answer => Spoil(answer, headers[random.Next(headers.Length)]),
                    Message.Blocks answer => Spoil(answer, blocks[random.Next(blocks.Length)]),
                    var other => other,
                }, (ulong)random.Next(1, 500)),
            }, claims: Chain.FinalHeight + (ulong)random.Next(3));
        }

        Assert.True(small.Run(20 * 60_000), $"it is at {small.Node.Final.Height}");
        Assert.Equal(Chain.Head.After.Root, small.Node.FinalLedger.Root);
        Assert.DoesNotContain(small.Blamed, blamed => blamed.Peer == new PeerId($"peer{at}") && blamed.Fault is not SyncFault.Nothing);
    });

    private static Message.BlockHeaders Spoil(Message.BlockHeaders answer, string how)
    {
        var at = answer.Items.Length / 2;
        if (answer.Items.Length < 6)
        {
            return new Message.BlockHeaders([], []);
        }

        var (header, certificate) = answer.Items[at];
        var last = answer.Items[^1].Header; // nothing follows that would not fit
        var set = Chain.SetOf(last.Epoch)!;
        CertifiedHeader With(BlockHeader one, Certificate other) => new(one, other);
        Message.BlockHeaders Signed(BlockHeader one) => answer with { Items = answer.Items.SetItem(answer.Items.Length - 1, With(one, CertifiedChain.Certify(one, set))) };
        var item = how switch
        {
            "forged" => With(header, new Certificate(certificate.Ballot, certificate.Signers, [.. certificate.Signatures.Reverse()])),
            "other height" => With(header, answer.Items[at - 1].Certificate),
            "too few" => With(header, new Certificate(certificate.Ballot, [1], [certificate.Signatures[0]])),
            "changed" => With(header with { StateRoot = Sha256.Hash([1]) }, certificate),
            "elsewhere" => With(header with { ChainId = 99 }, certificate),
            _ => answer.Items[at],
        };
        return how switch
        {
            "own set" => answer with { Sets = [.. answer.Sets.Select(static set => new EpochSnapshot(set.Epoch, [set.Validators[0]]))], Items = answer.Items },
            "no set" => answer with { Sets = [] },
            "gap" => answer with { Items = answer.Items.RemoveAt(at) },
            "backwards" => answer with { Items = [.. answer.Items.Reverse()] },
            "none" => new Message.BlockHeaders([], []),
            "other parent" => Signed(last with { Parent = Sha256.Hash([1]) }),
            "other proposer" => Signed(last with { Proposer = set.Validators.First(validator => validator.Address != last.Proposer).Address }),
            "no later" => Signed(last with { Time = answer.Items[^2].Header.Time }),
            _ => answer with { Items = answer.Items.SetItem(at, item) },
        };
    }

    private static Message.Blocks Spoil(Message.Blocks answer, string how)
    {
        if (answer.Items.IsEmpty)
        {
            return answer;
        }

        var at = answer.Items.Length / 2;
        var block = answer.Items[at];
        return how switch
        {
            "body" => new Message.Blocks(answer.Items.SetItem(at, new Block(block.Header, block.Certificate, block.Transactions.IsEmpty ? [Given.Transfer(1, 2, 3)] : []))),
            "header" => new Message.Blocks(answer.Items.SetItem(at, new Block(block.Header with { StateRoot = Sha256.Hash([1]) }, block.Certificate, block.Transactions))),
            "certificate" => new Message.Blocks(answer.Items.SetItem(at, new Block(block.Header, block.Certificate is null ? Chain.BlockAt(9)!.Certificate : null, block.Transactions))),
            "gap" when answer.Items.Length > 1 => new Message.Blocks(answer.Items.RemoveAt(0)),
            "too many" => new Message.Blocks([.. answer.Items, answer.Items[0]]),
            _ => new Message.Blocks([]),
        };
    }
}
