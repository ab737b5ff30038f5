using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Slashing;
using LuxTensor.Core.Transactions;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Rpc;

/// <summary>What a node says of validators, epochs and the token, while one validator lives its life.</summary>
public sealed class Validators_and_staking
{
    private const ulong EpochLength = 8; // the fake node's

    [Fact]
    public async Task A_validator_is_seen_to_wait_to_become_active_and_to_leave()
    {
        await using var served = await Served.StartAsync();
        var node = served.Node;
        var address = Address.Of(node.Sender.PublicKey);
        Assert.Equal(JsonValueKind.Null, (await served.ResultAsync("lux_getValidator", $"[\"{address}\"]")).ValueKind);

        Include(node, node.Stake(0, 40));
        var waiting = await served.ResultAsync("lux_getValidator", $"[\"{address}\"]");
        Assert.Equal(("waiting", "0x2", null), (Text(waiting, "standing"), Text(waiting, "from"), Text(waiting, "until")));
        Assert.Equal(JsonValueKind.Null, waiting.GetProperty("power").ValueKind);
        var queue = await served.ResultAsync("lux_getValidatorQueue");
        Assert.Equal(("0x1", $"{address}"), (Text(queue, "count"), Text(queue.GetProperty("validators")[0], "address")));

        node.Finalize((int)((2 * EpochLength) + 1 - node.FinalHeight)); // into epoch 2
        var active = await served.ResultAsync("lux_getValidator", $"[\"{address}\"]");
        Assert.Equal("active", Text(active, "standing"));
        Assert.Equal(("0x2", "0x4"), (Text(active.GetProperty("power"), "epoch"), Text(active.GetProperty("power"), "index")));
        Assert.Equal("0x0", Text(await served.ResultAsync("lux_getValidatorQueue"), "count"));
        Assert.Equal("0x5", Text(await served.ResultAsync("lux_getEpoch"), "validators"));
        Assert.Equal("0x4", Text(await served.ResultAsync("lux_getEpoch", "[1]"), "validators"));

        Include(node, Own(node, 1, new TransactionBody.Exit()));
        var leaving = await served.ResultAsync("lux_getValidator", $"[\"{address}\"]");
        Assert.Equal(("leaving", "0x4"), (Text(leaving, "standing"), Text(leaving, "until")));
        Assert.NotNull(Text(leaving, "withdrawable"));
        var member = (await served.ResultAsync("lux_getValidators")).GetProperty("validators")[4];
        Assert.Equal(("leaving", $"{address}"), (Text(member, "standing"), Text(member, "address"))); // it has its power to the end
    }

    [Fact]
    public async Task A_set_comes_by_page_and_names_where_the_next_one_begins()
    {
        await using var served = await Served.StartAsync();
        var first = await served.ResultAsync("lux_getValidators", "[\"latest\",0,3]");
        var second = await served.ResultAsync("lux_getValidators", $"[0,\"{Text(first, "next")}\",3]");

        Assert.Equal((3, 1), (first.GetProperty("validators").GetArrayLength(), second.GetProperty("validators").GetArrayLength()));
        Assert.Null(Text(second, "next"));
        var all = first.GetProperty("validators").EnumerateArray().Concat(second.GetProperty("validators").EnumerateArray());
        Assert.Equal(served.Node.Genesis.EpochZero.Validators.Select(it => $"{it.Address}"), all.Select(it => Text(it, "address")));
        Assert.Equal(0, (await served.ResultAsync("lux_getValidators", "[0,99]")).GetProperty("validators").GetArrayLength());
    }

    [Theory]
    [InlineData("lux_getValidators", "[\"newest\"]")]
    [InlineData("lux_getValidators", "[0,0,0]")]
    [InlineData("lux_getValidators", "[0,0,1001]")]
    [InlineData("lux_getRegisteredValidators", "[\"0x12\"]")]
    [InlineData("lux_getValidatorQueue", "[0,-1]")]
    [InlineData("lux_getValidator", "[\"0x12\"]")]
    [InlineData("lux_getEpoch", "[2]")]
    [InlineData("lux_getSupply", "[\"sometime\"]")]
    [InlineData("lux_getEvidence", "[257]")]
    public async Task A_bad_argument_is_refused(string method, string parameters)
    {
        await using var served = await Served.StartAsync();
        Assert.Equal(-32602, (await served.ErrorAsync(method, parameters)).Code);
    }

    [Fact]
    public async Task Every_registered_validator_is_on_exactly_one_page()
    {
        await using var served = await Served.StartAsync();
        Include(served.Node, served.Node.Stake(0, 40));
        var seen = new List<string?>();
        string? next = null;
        do
        {
            var page = await served.ResultAsync("lux_getRegisteredValidators", next is null ? "[null,2]" : $"[\"{next}\",2]");
            seen.AddRange(page.GetProperty("validators").EnumerateArray().Select(it => Text(it, "address")));
            next = Text(page, "next");
        }
        while (next is not null);

        var expected = served.Node.Validators.Append(served.Node.Sender).Select(key => $"{Address.Of(key.PublicKey)}");
        Assert.Equal(expected.Order(StringComparer.Ordinal), seen.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_supply_adds_up_and_grows_by_what_was_minted()
    {
        await using var served = await Served.StartAsync();
        var before = await served.ResultAsync("lux_getSupply");
        Include(served.Node, served.Node.Stake(0, 40));
        served.Node.Finalize(3);
        var after = await served.ResultAsync("lux_getSupply");

        foreach (var supply in new[] { before, after })
        {
            Assert.Equal(Amount(supply, "genesis") + Amount(supply, "minted"), Amount(supply, "supply") + Amount(supply, "burned"));
            Assert.Equal(Amount(supply, "supply"), Amount(supply, "spendable") + Amount(supply, "staked") + Amount(supply, "accrued"));
        }

        Assert.Equal(Amount(before, "staked") + (40 * ChainRules.Token), Amount(after, "staked"));
        Assert.True(Amount(after, "minted") > Amount(before, "minted"));
    }

    [Fact]
    public async Task Evidence_says_whether_its_validator_was_punished()
    {
        await using var served = await Served.StartAsync();
        var node = served.Node;
        node.Finalize(2);
        var evidence = node.Conflict();
        var offender = evidence.First.Validator;
        Assert.False(Assert.Single((await served.ResultAsync("lux_getEvidence")).EnumerateArray()).GetProperty("punished").GetBoolean());

        var offence = DoubleVote.Of(evidence, node.Genesis.EpochZero.Validators[0].Key)!;
        Include(node, Own(node, 0, new TransactionBody.Report(offence)));

        Assert.True(Assert.Single((await served.ResultAsync("lux_getEvidence")).EnumerateArray()).GetProperty("punished").GetBoolean());
        var validator = await served.ResultAsync("lux_getValidator", $"[\"{offender}\"]");
        Assert.True(validator.GetProperty("slashed").GetBoolean());
        Assert.Equal(95 * ChainRules.Token, Amount(validator, "stake"));
    }

    [Fact]
    public async Task Duties_count_the_heights_that_a_validator_is_missing_from()
    {
        await using var served = await Served.StartAsync();
        served.Node.Finalize(5); // the last validator signs nothing; each block brings the certificate of the one before
        var signer = await served.ResultAsync("lux_getValidator", $"[\"{Address.Of(served.Node.Validators[0].PublicKey)}\"]");
        var absent = await served.ResultAsync("lux_getValidator", $"[\"{Address.Of(served.Node.Validators[3].PublicKey)}\"]");

        Assert.Equal(("0x4", "0x0"), (Text(signer.GetProperty("duty"), "counted"), Text(signer.GetProperty("duty"), "missed")));
        Assert.Equal(("0x4", "0x4"), (Text(absent.GetProperty("duty"), "counted"), Text(absent.GetProperty("duty"), "missed")));
        Assert.Equal(UInt128.Zero, Amount(absent.GetProperty("duty"), "accrued"));
        Assert.NotEqual(UInt128.Zero, Amount(signer.GetProperty("duty"), "accrued"));
    }

    [Fact]
    public async Task Why_a_duty_was_missed_is_told_with_its_values()
    {
        await using var served = await Served.StartAsync();
        var node = served.Node;
        node.Finalize(5); // the last validator signs nothing, and block 3 has the certificate of height 2
        var absent = Address.Of(node.Validators[3].PublicKey);
        var block = node.BlockAt(1)!.Block.Hash;
        async Task<string> Why(MissReason reason, ulong detail = 0, Hash256 voted = default)
        {
            node.Missed[(2, absent)] = new MissedDuty(2, absent, 3, reason, detail, voted);
            var told = await served.ResultAsync("lux_whyMissed", $"[\"{absent}\",2]");
            Assert.True(told.GetProperty("missed").GetBoolean());
            Assert.Equal("0x3", Text(told, "countedBy"));
            var values = told.EnumerateObject().Where(it => it.Name is not ("validator" or "height" or "missed" or "message" or "countedBy"));
            return string.Join(' ', values.Select(it => $"{it.Name}={it.Value}"));
        }

        Assert.Equal("reason=offline", await Why(MissReason.Offline));
        Assert.Equal("reason=noPrecommit", await Why(MissReason.NoPrecommit));
        Assert.Equal("reason=late milliseconds=0xfa", await Why(MissReason.Late, 250));
        Assert.Equal("reason=otherRound votedRound=0x3", await Why(MissReason.OtherRound, 3));
        Assert.Equal("reason=votedNil", await Why(MissReason.OtherBlock));
        Assert.Equal($"reason=otherBlock blockHash={block}", await Why(MissReason.OtherBlock, 0, block));
        Assert.Equal("reason=refused", await Why(MissReason.Refused, (ulong)SigningRefusal.DoubleSign));
        Assert.Equal("reason=badVote", await Why(MissReason.BadVote));
        Assert.Equal("reason=notIncluded", await Why(MissReason.NotIncluded));

        var signer = Address.Of(node.Validators[0].PublicKey);
        Assert.Equal("signed", Text(await served.ResultAsync("lux_whyMissed", $"[\"{signer}\",2]"), "reason"));
        Assert.Equal("notMember", Text(await served.ResultAsync("lux_whyMissed", $"[\"{Address.Of(node.Sender.PublicKey)}\",2]"), "reason"));
        Assert.Equal("unknown", Text(await served.ResultAsync("lux_whyMissed", $"[\"{absent}\",3]"), "reason"));
        Assert.Equal("notCounted", Text(await served.ResultAsync("lux_whyMissed", $"[\"{absent}\",5]"), "reason"));
        Assert.Equal(JsonValueKind.Null, (await served.ResultAsync("lux_whyMissed", $"[\"{absent}\",6]")).ValueKind);
    }

    private static void Include(FakeNode node, Transaction transaction)
    {
        node.Extend(null, 0, transaction);
        node.FinalizeNext();
    }

    private static Transaction Own(FakeNode node, ulong nonce, TransactionBody body) =>
        Transaction.Sign(node.Genesis.Rules.ChainId, node.Sender, nonce, 1_000, body);

    private static string? Text(JsonElement of, string name) => of.GetProperty(name).GetString();

    private static UInt128 Amount(JsonElement of, string name) =>
        UInt128.Parse(Text(of, name).AsSpan(2), System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture);
}
