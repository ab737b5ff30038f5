using LuxTensor.Core;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Rpc;

/// <summary>The document that rpc.discover serves says the truth about every method and every note.</summary>
public sealed class Answers_against_the_OpenRPC_document
{
    [Fact]
    public async Task Every_method_answers_as_its_schema_says()
    {
        await using var served = await ChainWithEverythingAsync();
        using var socket = await served.ConnectAsync();
        var document = await served.ResultAsync("rpc.discover");
        var checker = new SchemaChecker(document);
        Assert.Equal("1.3.2", document.GetProperty("openrpc").GetString());
        var calls = Calls(served.Node);
        foreach (var method in document.GetProperty("methods").EnumerateArray())
        {
            var name = method.GetProperty("name").GetString()!;
            Assert.True(calls.ContainsKey(name), $"the test calls {name} nowhere");
            foreach (var parameters in calls[name])
            {
                var answer = await socket.CallAsync(name, parameters);
                Assert.True(answer.TryGetProperty("result", out var result), $"{name}{parameters} gave {answer}");
                var fault = checker.Fault(method.GetProperty("result").GetProperty("schema"), result);
                Assert.True(fault is null, $"{name}{parameters}: {fault} in {result}");
            }
        }
    }

    [Fact]
    public async Task Every_parameter_of_a_call_fits_its_schema_and_one_more_is_refused()
    {
        await using var served = await ChainWithEverythingAsync();
        using var socket = await served.ConnectAsync();
        var document = await served.ResultAsync("rpc.discover");
        var checker = new SchemaChecker(document);
        var calls = Calls(served.Node);
        foreach (var method in document.GetProperty("methods").EnumerateArray())
        {
            var name = method.GetProperty("name").GetString()!;
            var described = method.GetProperty("params").EnumerateArray().ToArray();
            foreach (var parameters in calls[name])
            {
                var given = JsonDocument.Parse(parameters).RootElement.EnumerateArray().ToArray();
                Assert.True(given.Length <= described.Length, name);
                for (var i = 0; i < given.Length; i++)
                {
                    Assert.Null(checker.Fault(described[i].GetProperty("schema"), given[i]));
                }
            }

            var required = described.Count(parameter => parameter.GetProperty("required").GetBoolean());
            if (required > 0)
            {
                Assert.Equal(-32602, (await socket.CallAsync(name)).GetProperty("error").GetProperty("code").GetInt32());
            }

            var most = calls[name].MaxBy(parameters => JsonDocument.Parse(parameters).RootElement.GetArrayLength())!;
            var full = string.Concat(most.AsSpan(0, most.Length - 1), most == "[]" ? "" : ",", string.Join(',', Enumerable.Repeat("null", described.Length + 1)), "]");
            Assert.Equal(-32602, (await socket.CallAsync(name, full)).GetProperty("error").GetProperty("code").GetInt32());
        }
    }

    [Theory]
    [InlineData("\"newHeads\"", "Block", "size", "uncles", "transactions")]
    [InlineData("\"newPendingTransactions\"", "Hash")]
    [InlineData("\"newPendingTransactions\",true", "Transaction")]
    [InlineData("\"lux_finality\"", "FinalityEvent")]
    [InlineData("\"lux_progress\"", "Finality")]
    [InlineData("\"lux_evidence\"", "Evidence")]
    public async Task Notes_have_the_shapes_of_the_answers(string kind, string component, params string[] without)
    {
        await using var served = await Served.StartAsync();
        using var socket = await served.ConnectAsync();
        var id = await socket.SubscribeAsync($"[{kind}]");
        await served.Node.SubmitAsync(served.Node.Transfer(0, 5).Encoded, CancellationToken.None);
        served.Node.Conflict();
        served.Node.Finalize(1);
        var note = await socket.NoteAsync(id);
        var document = await served.ResultAsync("rpc.discover");
        var schema = document.GetProperty("components").GetProperty("schemas").GetProperty(component).GetRawText();
        foreach (var member in without) // a header has no body
        {
            var required = $",\"{member}\"";
            schema = schema.Remove(schema.IndexOf(required, StringComparison.Ordinal), required.Length);
        }

        Assert.Null(new SchemaChecker(document).Fault(JsonDocument.Parse(schema).RootElement, note));
    }

    /// <summary>Calls that together reach every method, and its null and other answers too.</summary>
    private static Dictionary<string, string[]> Calls(FakeNode node)
    {
        var sender = Address.Of(node.Sender.PublicKey);
        var validator = node.Genesis.EpochZero.Validators[0].Address;
        var final = node.BlockAt(2)!.Block;
        var inFinal = final.Transactions[0].Id;
        var inHead = node.View.Head.Transactions[0].Id;
        var pending = node.View.Pool.InOrder().Last().Id;
        var none = Hash256.Zero;
        var raw = Hex.Encode(node.Transfer(6, 1).Encoded.Span);
        var transactions = new[] { $"[\"{inFinal}\"]", $"[\"{inHead}\"]", $"[\"{pending}\"]", $"[\"{none}\"]" };
        string[] blocks = ["[\"latest\"]", "[\"0x0\"]", "[\"0x2\"]", "[\"finalized\"]", "[\"safe\"]", "[\"pending\"]", "[\"earliest\"]", "[\"0xffff\"]"];
        string[] hashes = [$"[\"{final.Hash}\"]", $"[\"{node.View.Head.Hash}\"]", $"[\"{node.Genesis.Block.Hash}\"]", $"[\"{none}\"]"];
        string[] states = [$"[\"{sender}\"]", $"[\"{sender}\",\"pending\"]", $"[\"{sender}\",\"finalized\"]", $"[\"{sender}\",\"{node.View.Head.Hash}\"]"];
        string[] nothing = ["[]"];
        return new Dictionary<string, string[]>(StringComparer.Ordinal)
        {
            ["eth_accounts"] = nothing,
            ["eth_blockNumber"] = nothing,
            ["eth_call"] = ["[{\"to\":\"0x00\",\"data\":\"0x\"},\"latest\"]"],
            ["eth_chainId"] = nothing,
            ["eth_estimateGas"] = ["[{}]"],
            ["eth_feeHistory"] = ["[\"0x4\",\"latest\",[25,75]]", "[4,\"0x0\"]"],
            ["eth_gasPrice"] = nothing,
            ["eth_getBalance"] = [.. states, $"[\"{sender}\",{{\"blockHash\":\"{node.View.Head.Hash}\"}}]", $"[\"{sender}\",{{\"blockNumber\":\"0x5\"}}]"],
            ["eth_getBlockByHash"] = [.. hashes, .. hashes.Select(hash => hash.Replace("]", ",true]", StringComparison.Ordinal))],
            ["eth_getBlockByNumber"] = [.. blocks, .. blocks.Select(block => block.Replace("]", ",true]", StringComparison.Ordinal))],
            ["eth_getBlockTransactionCountByHash"] = hashes,
            ["eth_getBlockTransactionCountByNumber"] = blocks,
            ["eth_getCode"] = states,
            ["eth_getFilterChanges"] = [$"[\"{FilterOf(node)}\"]"],
            ["eth_getFilterLogs"] = [$"[\"{FilterOf(node)}\"]"],
            ["eth_getLogs"] =
            [
                "[{}]", "[{\"fromBlock\":\"0x1\",\"toBlock\":\"latest\",\"address\":[],\"topics\":[null,[]]}]", $"[{{\"blockHash\":\"{none}\"}}]",
            ],
            ["eth_getStorageAt"] = [$"[\"{sender}\",\"0x0\",\"latest\"]"],
            ["eth_getTransactionByBlockHashAndIndex"] = [$"[\"{final.Hash}\",\"0x0\"]", $"[\"{final.Hash}\",\"0x9\"]"],
            ["eth_getTransactionByBlockNumberAndIndex"] = ["[\"0x2\",\"0x0\"]", "[\"0x2\",\"0x1\"]", "[\"latest\",\"0x5\"]"],
            ["eth_getTransactionByHash"] = transactions,
            ["eth_getTransactionCount"] = states,
            ["eth_getTransactionReceipt"] = transactions,
            ["eth_getUncleCountByBlockHash"] = hashes,
            ["eth_getUncleCountByBlockNumber"] = blocks,
            ["eth_maxPriorityFeePerGas"] = nothing,
            ["eth_newBlockFilter"] = nothing,
            ["eth_newFilter"] = ["[{}]"],
            ["eth_newPendingTransactionFilter"] = nothing,
            ["eth_sendRawTransaction"] = [$"[\"{raw}\"]", $"[\"{raw}\"]"],
            ["eth_subscribe"] =
            [
                "[\"logs\"]", "[\"logs\",{\"topics\":[]}]", "[\"syncing\"]", "[\"lux_reorgs\"]", "[\"lux_evidence\"]",
            ],
            ["eth_syncing"] = nothing,
            ["eth_uninstallFilter"] = ["[\"0x1\"]"],
            ["eth_unsubscribe"] = ["[\"0x1\"]"],
            ["lux_finality"] = ["[]", "[\"0x0\"]", "[\"0x2\"]", "[\"0x5\"]", "[\"0x6\"]", "[\"0xffff\"]"],
            ["lux_finalityFeed"] = ["[1]", "[\"0x2\",2]", "[\"0x6\"]"],
            ["lux_getCertificate"] = ["[\"0x0\"]", "[\"0x2\"]", "[\"finalized\"]", "[\"latest\"]"],
            ["lux_getEpoch"] = ["[]", "[0]", "[\"0x1\"]"],
            ["lux_getEvidence"] = ["[]", "[1]"],
            ["lux_getProof"] =
            [
                $"[\"account\",\"{sender}\"]", $"[\"account\",\"{validator}\"]", $"[\"validator\",\"{validator}\",\"latest\"]",
                $"[\"transaction\",\"{inFinal}\"]", $"[\"transaction\",\"{inHead}\"]", $"[\"transaction\",\"{none}\"]",
            ],
            ["lux_getSupply"] = ["[]", "[\"finalized\"]", "[\"latest\"]"],
            ["lux_getTransaction"] = transactions,
            ["lux_getValidator"] = [$"[\"{validator}\"]", $"[\"{sender}\",\"latest\"]", $"[\"{Hex.Encode(new byte[20])}\"]"],
            ["lux_getValidatorQueue"] = ["[]", "[0,1]", "[\"0xff\"]"],
            ["lux_getValidators"] = ["[]", "[1]", "[\"latest\"]", "[\"0x0\",1,2]"],
            ["lux_getRegisteredValidators"] = ["[]", $"[\"{none}\",2]", $"[\"0x{new string('f', 64)}\"]"],
            ["lux_mempool"] = ["[]", "[0]", "[\"0x1\"]"],
            ["lux_nodeStatus"] = nothing,
            ["lux_proposer"] = ["[6]", "[\"0x7\",\"0x3\"]"],
            ["lux_whyMissed"] =
            [
                $"[\"{validator}\",1]", $"[\"{sender}\",\"0x1\"]", $"[\"{validator}\",\"0xffff\"]", $"[\"{validator}\",0]",
                $"[\"{Address.Of(node.Validators[3].PublicKey)}\",3]",
            ],
            ["net_listening"] = nothing,
            ["net_peerCount"] = nothing,
            ["net_version"] = nothing,
            ["lux_peers"] = ["[]", "[\"connected\"]", "[\"banned\",5]", "[\"known\",\"0x3e8\"]", "[\"known\",0]"],
            ["lux_sync"] = nothing,
            ["rpc.discover"] = nothing,
            ["web3_clientVersion"] = nothing,
        };
    }

    private static string FilterOf(FakeNode node) => node.Peers.First().Name;

    /// <summary>Five final blocks, two above them, transactions in all of these and in the pool, and evidence.</summary>
    private static async Task<Served> ChainWithEverythingAsync()
    {
        var node = new FakeNode();
        node.Extend();
        node.FinalizeNext();
        node.Extend(null, 0, node.Transfer(0, 7), node.Data(1, 1, 2, 3));
        node.FinalizeNext();
        node.Finalize(3);
        node.Extend();
        node.Extend(null, 0, node.Transfer(2, UInt128.One << 70), node.Stake(3, 40));
        await node.SubmitAsync(node.Transfer(4, 1).Encoded, CancellationToken.None);
        await node.SubmitAsync(node.Data(5, new byte[300]).Encoded, CancellationToken.None);
        node.Conflict();
        var served = await Served.StartAsync(node: node);
        var filter = (await served.ResultAsync("eth_newFilter", "[{}]")).GetString()!;
        node.Around = Peers_of_a_node.Everybody;
        node.Peers = [new(filter)]; // carries the filter's id to the calls, and shows a peer's name
        return served;
    }
}
