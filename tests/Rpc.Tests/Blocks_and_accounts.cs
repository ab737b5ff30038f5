using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.State;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Rpc;

/// <summary>What the methods say about the chain.</summary>
public sealed class Blocks_and_accounts
{
    [Fact]
    public async Task Tags_name_the_blocks_they_should()
    {
        await using var served = await Served.StartAsync();
        served.Node.Finalize(3);
        served.Node.Extend();
        served.Node.Extend();
        foreach (var (tag, number) in ((string, string)[])
            [("latest", "0x5"), ("pending", "0x5"), ("finalized", "0x3"), ("safe", "0x3"), ("earliest", "0x0"), ("0x4", "0x4"), ("0x02", "0x2")])
        {
            var block = await served.ResultAsync("eth_getBlockByNumber", $"[\"{tag}\",false]");
            Assert.Equal(number, block.GetProperty("number").GetString());
        }

        Assert.Equal(JsonValueKind.Null, (await served.ResultAsync("eth_getBlockByNumber", "[\"0x6\",false]")).ValueKind);
        Assert.Equal(JsonValueKind.Null, (await served.ResultAsync("eth_getBlockByNumber", "[\"0xffffffffffffffff\",false]")).ValueKind);
    }

    [Fact]
    public async Task Safe_is_so_deep_below_the_head_where_nothing_is_final_there()
    {
        await using var served = await Served.StartAsync();
        served.Node.Finalize(1);
        for (var i = 0; i < 40; i++)
        {
            served.Node.Extend();
        }

        Assert.Equal("0x9", (await served.ResultAsync("eth_getBlockByNumber", "[\"safe\"]")).GetProperty("number").GetString());
        Assert.Equal("0x1", (await served.ResultAsync("eth_getBlockByNumber", "[\"finalized\"]")).GetProperty("number").GetString());
    }

    [Theory]
    [InlineData("safe")]
    [InlineData("finalized")]
    public async Task Before_anything_is_final_there_is_no_such_block(string tag)
    {
        await using var served = await Served.StartAsync();
        served.Node.Extend();
        Assert.Equal(-39001, (await served.ErrorAsync("eth_getBlockByNumber", $"[\"{tag}\",false]")).Code);
        Assert.Equal(-39001, (await served.ErrorAsync("eth_getBalance", $"[\"{FakeNode.Recipient}\",\"{tag}\"]")).Code);
    }

    [Fact]
    public async Task Blocks_are_found_by_number_and_hash_whether_final_or_not()
    {
        await using var served = await Served.StartAsync();
        var transfer = served.Node.Transfer(0, 42);
        var first = served.Node.Extend(null, 0, transfer);
        served.Node.FinalizeNext();
        var second = served.Node.Extend();
        served.Node.FinalizeNext();
        var third = served.Node.Extend();
        foreach (var block in (Block[])[served.Node.Genesis.Block, first, second, third])
        {
            var byNumber = await served.ResultAsync("eth_getBlockByNumber", $"[\"0x{block.Height:x}\",true]");
            var byHash = await served.ResultAsync("eth_getBlockByHash", $"[\"{block.Hash}\",true]");
            Assert.Equal(byNumber.GetRawText(), byHash.GetRawText());
            Assert.Equal(block.Hash.ToString(), byHash.GetProperty("hash").GetString());
            Assert.Equal(block.Header.Parent.ToString(), byHash.GetProperty("parentHash").GetString());
            Assert.Equal($"0x{block.Header.Time / 1000:x}", byHash.GetProperty("timestamp").GetString());
            Assert.Equal(block.Header.Proposer.ToString(), byHash.GetProperty("miner").GetString());
        }

        var full = (await served.ResultAsync("eth_getBlockByHash", $"[\"{first.Hash}\",true]")).GetProperty("transactions")[0];
        Assert.Equal(transfer.Id.ToString(), full.GetProperty("hash").GetString());
        Assert.Equal("0x2a", full.GetProperty("value").GetString());
        Assert.False(full.TryGetProperty("signature", out _));
    }

    [Fact]
    public async Task A_transaction_is_pending_then_included_then_final()
    {
        await using var served = await Served.StartAsync();
        var transaction = served.Node.Transfer(0, 42);
        var raw = $"[\"{Hex.Encode(transaction.Encoded.Span)}\"]";
        var id = $"[\"{transaction.Id}\"]";
        Assert.Equal(JsonValueKind.Null, (await served.ResultAsync("eth_getTransactionByHash", id)).ValueKind);
        Assert.Equal(transaction.Id.ToString(), (await served.ResultAsync("eth_sendRawTransaction", raw)).GetString());
        Assert.Equal(transaction.Id.ToString(), (await served.ResultAsync("eth_sendRawTransaction", raw)).GetString());

        Assert.Equal("pending", (await served.ResultAsync("lux_getTransaction", id)).GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Null, (await served.ResultAsync("eth_getTransactionByHash", id)).GetProperty("blockHash").ValueKind);
        Assert.Equal(JsonValueKind.Null, (await served.ResultAsync("eth_getTransactionReceipt", id)).ValueKind);
        var sender = Address.Of(served.Node.Sender.PublicKey);
        Assert.Equal("0x0", (await served.ResultAsync("eth_getTransactionCount", $"[\"{sender}\",\"latest\"]")).GetString());
        Assert.Equal("0x1", (await served.ResultAsync("eth_getTransactionCount", $"[\"{sender}\",\"pending\"]")).GetString());

        var block = served.Node.Extend(null, 0, transaction);
        Assert.Equal("included", (await served.ResultAsync("lux_getTransaction", id)).GetProperty("status").GetString());
        Assert.Equal(block.Hash.ToString(), (await served.ResultAsync("eth_getTransactionReceipt", id)).GetProperty("blockHash").GetString());
        Assert.Equal("0x1", (await served.ResultAsync("eth_getTransactionCount", $"[\"{sender}\",\"latest\"]")).GetString());
        Assert.Equal("0x1", (await served.ResultAsync("eth_getTransactionCount", $"[\"{sender}\",\"pending\"]")).GetString());
        Assert.Equal("0x2a", (await served.ResultAsync("eth_getBalance", $"[\"{FakeNode.Recipient}\"]")).GetString());

        served.Node.FinalizeNext();
        served.Node.Finalize(2);
        Assert.Equal("final", (await served.ResultAsync("lux_getTransaction", id)).GetProperty("status").GetString());
        var receipt = await served.ResultAsync("eth_getTransactionReceipt", id);
        Assert.Equal("0x1", receipt.GetProperty("status").GetString());
        Assert.Equal("0x3e8", receipt.GetProperty("effectiveGasPrice").GetString());
    }

    [Fact]
    public async Task An_amount_over_64_bits_has_no_leading_zeros()
    {
        await using var served = await Served.StartAsync();
        var sender = Address.Of(served.Node.Sender.PublicKey);
        Assert.Equal("0xd3c21bcecceda1000000", (await served.ResultAsync("eth_getBalance", $"[\"{sender}\"]")).GetString());
    }

    [Fact]
    public async Task States_below_the_last_final_block_are_said_not_to_be_kept()
    {
        await using var served = await Served.StartAsync();
        served.Node.Finalize(3);
        var (code, message) = await served.ErrorAsync("eth_getBalance", $"[\"{FakeNode.Recipient}\",\"0x2\"]");
        Assert.Equal(-32000, code);
        Assert.StartsWith("state of block 2 is not kept", message, StringComparison.Ordinal);
        Assert.Equal(-32000, (await served.ErrorAsync("eth_getTransactionCount", $"[\"{FakeNode.Recipient}\",\"0x9\"]")).Code);
        await served.ResultAsync("eth_getBalance", $"[\"{FakeNode.Recipient}\",\"0x3\"]");
    }

    [Fact]
    public async Task What_the_pool_refuses_is_said_with_its_reason()
    {
        await using var served = await Served.StartAsync();
        async Task<(int Code, string Message)> SendAsync(string hex) => await served.ErrorAsync("eth_sendRawTransaction", $"[\"{hex}\"]");
        var good = served.Node.Transfer(0, 1).Encoded.ToArray();
        Assert.Equal((-32000, "nonce 9999 is too far ahead, the pool takes this account's nonces up to 255"),
            await SendAsync(Hex.Encode(served.Node.Transfer(9_999, 1).Encoded.Span)));
        Assert.Equal((-32000, "the fee is 9, at least 10 is needed"), await SendAsync(Hex.Encode(served.Node.Transfer(0, 1, 9).Encoded.Span)));
        Assert.Equal(-32602, (await SendAsync(Hex.Encode(good.AsSpan(0, good.Length - 1)))).Code);
        Assert.Contains("TrailingBytes", (await SendAsync(Hex.Encode([.. good, 0]))).Message, StringComparison.Ordinal);
        Assert.Contains("Ethereum transaction", (await SendAsync("0x02f8")).Message, StringComparison.Ordinal);
        Assert.Equal(-32602, (await SendAsync("0x0")).Code);
        Assert.Equal(-32602, (await SendAsync("0x")).Code);
        Assert.Equal(-32602, (await SendAsync("0x" + new string('0', 2 * (served.Node.Genesis.Rules.MaxTransactionBytes + 1)))).Code);
        good[^1] ^= 1;
        Assert.Contains("signature", (await SendAsync(Hex.Encode(good))).Message, StringComparison.Ordinal);
        served.Node.NextOutcome = new SubmitOutcome.Busy();
        Assert.Equal(-32005, (await SendAsync(Hex.Encode(good))).Code);
    }

    [Theory]
    [InlineData("eth_getBlockByNumber", "[\"newest\"]")]
    [InlineData("eth_getBlockByNumber", "[\"0x\"]")]
    [InlineData("eth_getBlockByNumber", "[\"0x10000000000000000\"]")]
    [InlineData("eth_getBlockByNumber", "[\"-0x1\"]")]
    [InlineData("eth_getBlockByNumber", "[\"latest\",\"true\"]")]
    [InlineData("eth_getBlockByNumber", "[null]")]
    [InlineData("eth_getBlockByHash", "[\"0x12\"]")]
    [InlineData("eth_getBalance", "[\"0x00000000000000000000000000000000000000\"]")]
    [InlineData("eth_getBalance", "[\"0x00000000000000000000000000000000000000zz\"]")]
    [InlineData("eth_getBalance", "[{}]")]
    [InlineData("eth_getBalance", "[\"0x0000000000000000000000000000000000000000\",{\"blockHash\":\"0x1\"}]")]
    [InlineData("eth_getBalance", "[\"0x0000000000000000000000000000000000000000\",{}]")]
    [InlineData("eth_feeHistory", "[\"0x0\",\"latest\"]")]
    [InlineData("eth_feeHistory", "[\"0x401\",\"latest\"]")]
    [InlineData("eth_getLogs", "[]")]
    [InlineData("eth_getLogs", "[{\"fromBlock\":\"x\"}]")]
    [InlineData("eth_getLogs", "[{\"address\":\"0x1\"}]")]
    [InlineData("eth_getLogs", "[{\"topics\":[[[]]]}]")]
    [InlineData("eth_getLogs", "[{\"blockHash\":\"0x0000000000000000000000000000000000000000000000000000000000000000\",\"toBlock\":\"latest\"}]")]
    [InlineData("lux_finalityFeed", "[1,0]")]
    [InlineData("lux_finalityFeed", "[1,257]")]
    [InlineData("lux_getValidators", "[3]")]
    [InlineData("lux_getEpoch", "[3]")]
    [InlineData("lux_proposer", "[0]")]
    [InlineData("lux_proposer", "[16]")]
    [InlineData("lux_proposer", "[1,4294967296]")]
    [InlineData("lux_getProof", "[\"block\",\"0x00\"]")]
    [InlineData("lux_mempool", "[1001]")]
    [InlineData("lux_mempool", "[1.5]")]
    [InlineData("lux_mempool", "[-1]")]
    public async Task Bad_arguments_are_named(string method, string parameters)
    {
        await using var served = await Served.StartAsync();
        var (code, message) = await served.ErrorAsync(method, parameters);
        Assert.Equal(-32602, code);
        Assert.StartsWith("invalid params: ", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_can_be_verified_by_whoever_has_the_set()
    {
        await using var served = await Served.StartAsync();
        served.Node.Finalize(2);
        var answer = await served.ResultAsync("lux_getCertificate", "[\"0x2\"]");
        var reader = new WireReader(Convert.FromHexString(answer.GetProperty("encoded").GetString()![2..]));
        var certificate = Certificate.Read(ref reader);
        Assert.True(reader.End());
        Assert.Null(Verifier.Check(certificate, served.Node.Genesis.Rules, served.Node.Genesis.EpochZero, out _));
        Assert.Equal(75, answer.GetProperty("percent").GetInt32());
        Assert.Equal(3, answer.GetProperty("validators").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, (await served.ResultAsync("lux_getCertificate", "[\"0x3\"]")).ValueKind);
    }

    [Theory]
    [InlineData("account")]
    [InlineData("validator")]
    public async Task A_proof_of_state_leads_to_the_header(string kind)
    {
        await using var served = await Served.StartAsync();
        served.Node.Finalize(2);
        var present = kind == "account" ? Address.Of(served.Node.Sender.PublicKey) : served.Node.Genesis.EpochZero.Validators[2].Address;
        foreach (var address in (Address[])[present, FakeNode.Recipient])
        {
            var answer = await served.ResultAsync("lux_getProof", $"[\"{kind}\",\"{address}\"]");
            var proof = new StateProof([.. Hashes(answer, "siblings")], HashOf(answer, "leafKey"), HashOf(answer, "leafValueHash"), answer.GetProperty("hasLeaf").GetBoolean());
            ReadOnlyMemory<byte>? value = answer.GetProperty("value").GetString() is { } text ? Convert.FromHexString(text[2..]) : default(ReadOnlyMemory<byte>?);
            Assert.Equal(address == present, value is not null);
            var key = kind == "account" ? Ledger.KeyOfAccount(address) : Ledger.KeyOfValidator(address);
            Assert.True(proof.Verify(HeaderOf(answer).StateRoot, key, value));
        }
    }

    [Fact]
    public async Task A_proof_of_a_transaction_leads_to_the_header()
    {
        await using var served = await Served.StartAsync();
        var transactions = Enumerable.Range(0, 5).Select(nonce => served.Node.Transfer((ulong)nonce, 1)).ToArray();
        served.Node.Extend(null, 0, transactions);
        served.Node.FinalizeNext();
        var answer = await served.ResultAsync("lux_getProof", $"[\"transaction\",\"{transactions[3].Id}\"]");
        var proof = new MerkleProof(3, 5, [.. Hashes(answer, "siblings")]);
        Assert.Equal("0x3", answer.GetProperty("index").GetString());
        Assert.True(MerkleTree.Verify(HeaderOf(answer).TransactionsRoot, MerkleTree.LeafHash(transactions[3].Id.ToArray()), proof));
    }

    [Fact]
    public async Task The_proposer_is_the_one_that_the_draw_gives()
    {
        await using var served = await Served.StartAsync();
        var expected = served.Node.Genesis.EpochZero.ProposerOf(5, 2).Address.ToString();
        Assert.Equal(expected, (await served.ResultAsync("lux_proposer", "[5,2]")).GetProperty("proposer").GetString());
    }

    private static BlockHeader HeaderOf(JsonElement answer)
    {
        var bytes = Convert.FromHexString(answer.GetProperty("header").GetString()![2..]);
        var reader = new WireReader(bytes);
        var header = BlockHeader.Read(ref reader);
        Assert.True(reader.End());
        Assert.Equal(HashOf(answer, "blockHash"), Sha256.Hash(bytes));
        return header;
    }

    private static IEnumerable<Hash256> Hashes(JsonElement answer, string name) => answer.GetProperty(name).EnumerateArray().Select(Parse);

    private static Hash256 HashOf(JsonElement answer, string name) => Parse(answer.GetProperty(name));

    private static Hash256 Parse(JsonElement text) => Hash256.TryParse(text.GetString(), out var hash) ? hash : throw new FormatException();
}
