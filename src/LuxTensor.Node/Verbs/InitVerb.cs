using System.CommandLine;
using LuxTensor.Core;

namespace LuxTensor.Node.Verbs;

/// <summary>luxtensor init: a genesis from a validators file.</summary>
internal static class InitVerb
{
    private const string Summary = "Make a genesis from a validators file, and a configuration file for luxtensor run.";

    private const string Examples =
        """
        luxtensor init --example > validators.json
        luxtensor init --validators validators.json --out mychain
        luxtensor run --config mychain/node.json
        """;

    internal static Command Create(Terminal terminal)
    {
        var validators =
            CommonOptions.Of<string?>("--validators", "The validators file; --example prints one to start from.", value: "FILE");
        var folder = CommonOptions.Of<string?>("--out", "The folder for genesis.json and node.json.", value: "DIR");
        var example = CommonOptions.Of<bool>("--example", "Print a validators file to start from, and do nothing else.");
        var command = new Verb("init", Summary, Examples) { validators, folder, example };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(example))
            {
                terminal.Out.Write(GenesisFile.Example());
                return (int)ExitCode.Ok;
            }

            var from = parsed.GetValue(validators)
                ?? throw CommandFailure.Usage("--validators FILE is missing; --example prints one to start from");
            var to = parsed.GetValue(folder) ?? throw CommandFailure.Usage("--out DIR is missing: where shall genesis.json go?");
            var genesis = GenesisFile.Read(from, terminal.Time.GetUtcNow());
            var genesisPath = Save(to, "genesis.json", GenesisFile.Write(genesis));
            var configPath = Save(to, "node.json", Configuration(genesis));
            Report.Print(
                terminal, parsed.GetValue(CommonOptions.Json),
                ("genesis", genesisPath),
                ("configuration", configPath),
                ("chainId", genesis.Rules.ChainId),
                ("validators", genesis.Validators.Length),
                ("stake", Amount.Format(genesis.EpochZero.TotalStake)),
                ("genesisHash", genesis.Hash.ToString()),
                ("blockZero", genesis.Block.Hash.ToString()));
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static string Save(string folder, string name, string text)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, name);
        if (Path.Exists(path))
        {
            throw new CommandFailure(ExitCode.InUse, $"{path} exists already: choose another folder, or move that file away");
        }

        File.WriteAllText(path, text);
        return path;
    }

    private static string Configuration(Genesis genesis) =>
        $$"""
        // A node of chain {{genesis.Rules.ChainId}}: luxtensor run --config node.json. Paths are relative to this file.
        {
          "genesis": "genesis.json",
          "data": "data",                       // journal.db and guard.db are made here
          "name": "node1",
          "keys": [                             // a node without keys follows the chain and signs nothing
            // { "keystore": "validator1.json", "passwordFile": "password" },
          ],
          "rpc": {
            "http": "127.0.0.1:8545",
            "ws": "127.0.0.1:8546",
            "allowedHosts": [],                 // names of this machine by which clients call it
            "allowedOrigins": [],               // web pages that may call it
          },
          "network": {                          // remove it for a node that is alone
            "listen": ["/ip4/0.0.0.0/tcp/30303"],
            "bootstrap": [                      // other nodes of this chain; each prints its address when it starts
              // "/ip4/203.0.113.5/tcp/30303/p2p/12D3Koo...",
            ],
            "mdns": false,                      // find nodes of the local network
          },
        }

        """;
}
