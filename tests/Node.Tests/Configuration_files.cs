using LuxTensor.Core;
using LuxTensor.Core.Peers;
using LuxTensor.Core.Sync;
using LuxTensor.Node.Configuration;

namespace LuxTensor.Tests.Node;

public sealed class Configuration_files
{
    private const string Base = "\"genesis\": \"genesis.json\",\n\"data\": \"data\"";

    [Fact]
    public void A_file_with_comments_and_trailing_commas_is_read_and_paths_are_its_folders()
    {
        using var folder = new Folder();
        var path = folder.Write("node.json", $$"""
            // the node
            {
              {{Base}},
              "name": "anna", /* its name */
              "keys": [ { "keystore": "keys/a.json", "passwordFile": "/run/secret" }, ],
              "rpc": { "http": "127.0.0.1:8545", "allowedHosts": [ "node.example" ], },
              "pool": { "bytes": 2000000, "perSender": 3 },
              "sync": { "peers": 2, "requestBlocks": 16, "timeout": "6s", "tries": 5, "cacheBytes": 1048576 },
              "peers": { "banAt": 10, "readmittedWith": 30, "decayPoint": "2m", "firstBan": "1m", "longestBan": "1h", "limitPercent": 50 },
            }
            """);

        var settings = NodeSettings.Read(path);

        Assert.Equal(folder["genesis.json"], settings.Genesis);
        Assert.Equal(folder["data"], settings.Data);
        Assert.Equal([new KeySettings(folder["keys/a.json"], "/run/secret")], settings.Keys);
        Assert.Equal("127.0.0.1:8545", settings.Http?.ToString());
        Assert.Null(settings.WebSocket);
        Assert.Equal(["node.example"], settings.AllowedHosts);
        Assert.Equal((2_000_000L, 3), (settings.Pool.MaxBytes, settings.Pool.MaxPerSender));
        var chain = new ChainRules { ChainId = 1 };
        Assert.Equal(
            new SyncRules { Peers = 2, RequestBlocks = 16, Timeout = 6_000, Patience = 1_000, Tries = 5, CacheBytes = 1 << 20 },
            settings.Sync.For(chain));
        Assert.Equal(
            new PeerSettings { Threshold = 10_000, Readmitted = 30_000, DecayStep = 120, FirstBan = 60_000, LongestBan = 3_600_000, Limits = PeerLimits.For(chain, 50) },
            settings.Peers.For(chain));
    }

    public static TheoryData<string, string[]> Faults => new()
    {
        { "{}", [":1: genesis is missing", ":1: data is missing"] },
        { $"{{ {Base},\n\"dta\": 1 }}", [":3: unknown key dta: did you mean data?"] },
        { $"{{ {Base},\n\"rpc\": {{ \"htp\": \"127.0.0.1:1\" }} }}", [":3: unknown key rpc.htp: did you mean rpc.http?"] },
        { $"{{ {Base},\n\"verifyWorker\": 3,\n\"nam\": \"x\" }}", [":3: unknown key verifyWorker: did you mean verifyWorkers?", ":4: unknown key nam: did you mean name?"] },
        { $"{{ {Base},\n\"rpc\": {{ \"http\": \"127.0.0.1:70000\" }} }}", [":3: rpc.http is \"127.0.0.1:70000\"; it must be an IP address (or localhost) and a port from 0 to 65535"] },
        { $"{{ {Base},\n\"rpc\": {{ \"http\": \"127.0.0.1:9\",\n\"ws\": \"127.0.0.1:9\" }} }}", [":4: rpc.ws is \"127.0.0.1:9\"; it must not be the address of rpc.http in line 3"] },
        { $"{{ {Base},\n\"verifyWorkers\": 0 }}", [":3: verifyWorkers is 0; it must be a whole number from 1 to 8"] },
        { $"{{ {Base},\n\"verifyWorkers\": 1.5 }}", [":3: verifyWorkers is 1.5; it must be a whole number"] },
        { $"{{ {Base},\n\"keys\": [ {{ \"keystore\": \"a\" }},\n{{ \"keystore\": \"a\" }} ] }}", [":4: keys[1].keystore is \"a\"; it is named twice, first in line 3"] },
        { $"{{ {Base},\n\"keys\": [ {{ \"passwordFile\": \"a\" }} ] }}", [":3: keys[0].keystore is missing"] },
        { $"{{ {Base},\n\"network\": {{ \"bootstrap\": [ \"/ip4/10.0.0.1/tcp/30303\" ] }} }}", [":3: network.bootstrap: /ip4/10.0.0.1/tcp/30303 does not name its peer"] },
        { $"{{ {Base},\n\"network\": {{ \"listen\": [ \"/dns/example.org/tcp/30303\" ] }} }}", [":3: network.listen: /dns/example.org/tcp/30303 is nothing to listen on"] },
        { $"{{ {Base},\n\"network\": {{ \"listen\": [ \"10.0.0.1:30303\" ],\n\"maxPeers\": 0 }} }}", [":3: network.listen: ", ":4: network.maxPeers is 0; it must be a whole number from 1"] },
        { $"{{ {Base},\n\"sync\": {{ \"requestBlocks\": 129,\n\"timeout\": \"31s\" }} }}", [":3: sync.requestBlocks is 129; it must be a whole number from 1 to 128", ":4: sync.timeout is \"31s\"; it must be from 250ms to 30s"] },
        { $"{{ {Base},\n\"peers\": {{ \"banAt\": 40 }} }}", [":3: peers.banAt is 40; it must leave peers.readmittedWith above peers.banAt, 40"] },
        { $"{{ {Base},\n\"peers\": {{ \"firstBan\": \"1h\",\n\"longestBan\": \"10m\" }} }}", [":4: peers.longestBan is \"10m\"; it must leave peers.longestBan at or above peers.firstBan, 1h"] },
        { $"{{ {Base},\n\"pool\": {{ \"bytes\": 5 }} }}", [":3: pool.bytes is 5; it must be a whole number from 1048576"] },
        { $"{{ {Base},\n\"name\": 5,\n\"name\": \"x\" }}", [":4: name is set twice, first in line 3", ":3: name is 5; it must be a string"] },
        { "{ \"genesis\": null, \"data\": true }", [":1: genesis is null; it must be a string", ":1: data is true; it must be a string"] },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_is_told_with_its_line_and_every_fault_at_once(string json, string[] messages)
    {
        using var folder = new Folder();
        var path = folder.Write("node.json", json);

        var failure = Assert.Throws<CommandFailure>(() => NodeSettings.Read(path));

        Assert.Equal(ExitCode.Usage, failure.Code);
        Assert.Equal(messages.Length, failure.Message.Split('\n').Length);
        Assert.All(messages, message => Assert.Contains(path + message, failure.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_with_thousands_of_faults_lists_some()
    {
        using var folder = new Folder();
        var path = folder.Write("node.json", $"{{ {Base}, {string.Join(", ", Enumerable.Range(0, 5_000).Select(n => $"\"k{n}\": 1"))} }}");

        var failure = Assert.Throws<CommandFailure>(() => NodeSettings.Read(path));

        Assert.Equal(51, failure.Message.Split('\n').Length);
    }
}
