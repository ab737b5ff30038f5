using System.Net;
using System.Net.Sockets;

namespace LuxTensor.Tests.Node;

public sealed class Command_lines
{
    public static TheoryData<string> Commands => new(
        "", "devnet", "init", "run", "keys", "keys new", "keys list", "keys import", "keys export", "tx", "tx send", "tx data", "tx status", "tx flood",
        "tx stake", "tx topup", "tx exit", "tx withdraw", "tx unjail", "validators", "missed", "evidence", "supply",
        "status", "block", "finality", "peers", "verify-certificate", "keys guard", "keys guard status", "keys guard export", "keys guard import",
        "keys guard accept", "db", "db check");

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Every_command_has_help_with_examples_of_itself(string command)
    {
        var outcome = await Luxtensor.Run([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);

        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.Contains($"  luxtensor {command}", outcome.Out, StringComparison.Ordinal);
        Assert.Empty(outcome.Error);
    }

    [Theory]
    [InlineData("devnot", "did you mean devnet?")]
    [InlineData("keys nwe", "did you mean new?")]
    [InlineData("devnet --validator 3", "did you mean --validators?")]
    [InlineData("keys", "The commands are new, list, import, export")]
    [InlineData("keys new", "--out")]
    [InlineData("devnet --validators x", "x")]
    [InlineData("devnet --validators 0", "--validators is 0; it must be 1 to 64")]
    [InlineData("devnet --interval -1s", "--interval is -1s; a duration is 0 or more")]
    [InlineData("devnet --interval 0", "--interval is 0; it must be 1ms to 1h")]
    [InlineData("devnet --http 65530", "--http is 65530; it must be 0 to 65505")]
    [InlineData("devnet --http 8545 --ws 8555", "give one port to two nodes")]
    [InlineData("init", "--validators FILE is missing")]
    [InlineData("init --validators nowhere.json --out x", "there is no validators file nowhere.json")]
    [InlineData("db check nowhere --genesis nowhere.json", "there is no genesis file nowhere.json")]
    [InlineData("keys guard status --guard nowhere.db", "there is no signing guard nowhere.db")]
    [InlineData("run --config nowhere.json", "there is no configuration file nowhere.json")]
    [InlineData("tx send --to 0x12 --value 1 --faucet", "--to is 0x12; it must be an address")]
    [InlineData("tx send --to 0x00000000000000000000000000000000000000aa --value -1 --faucet", "--value is -1; it must be tokens")]
    [InlineData("tx send --to 0x00000000000000000000000000000000000000aa --value 1", "either --from KEYSTORE or, on a devnet, --faucet")]
    [InlineData("tx data --faucet", "exactly one of --text, --hex and --file")]
    [InlineData("tx data --faucet --text a --hex 00", "exactly one of --text, --hex and --file")]
    [InlineData("tx stake --faucet", "--amount")]
    [InlineData("tx stake --faucet --amount lots", "--amount is lots; it must be tokens")]
    [InlineData("tx topup --amount 1", "either --from KEYSTORE or, on a devnet, --faucet")]
    [InlineData("tx exit", "either --from KEYSTORE or, on a devnet, --faucet")]
    [InlineData("validators 0x12", "0x12 is no address")]
    [InlineData("missed 0x12 1", "0x12 is no address")]
    [InlineData("missed 0x00000000000000000000000000000000000000aa", "missed --help")]
    [InlineData("validators --all --waiting", "at most one of an address, --epoch, --waiting and --all")]
    [InlineData("validators --epoch x", "x")]
    [InlineData("evidence --limit 0", "--limit is 0; it must be 1 to 256")]
    [InlineData("tx flood --batch 101", "--batch is 101; it must be 1 to 100")]
    [InlineData("tx status 0x12", "0x12 is no transaction id")]
    [InlineData("status --rpc ftp://x", "--rpc is ftp://x; it must be an address")]
    [InlineData("block seventeen --rpc http://127.0.0.1:1", "seventeen is no block")]
    public async Task Wrong_usage_ends_with_2_and_names_what_is_wrong(string line, string message)
    {
        var outcome = await Luxtensor.Run(line.Split(' '));

        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains(message, outcome.Error, StringComparison.Ordinal);
        Assert.Empty(outcome.Out);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("peers")]
    [InlineData("block 1")]
    [InlineData("finality")]
    [InlineData("validators")]
    [InlineData("missed 0x00000000000000000000000000000000000000aa 1")]
    [InlineData("evidence")]
    [InlineData("supply")]
    [InlineData("tx exit --faucet")]
    [InlineData("tx send --faucet --to 0x00000000000000000000000000000000000000aa --value 1")]
    [InlineData("tx flood --count 1")]
    public async Task Where_no_node_answers_a_client_ends_with_3(string line)
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // nobody listens there, and nobody else can
        var port = ((IPEndPoint)taken.LocalEndPoint!).Port;

        var outcome = await Luxtensor.Run([.. line.Split(' '), "--rpc", $"127.0.0.1:{port}"]);

        Assert.Equal(ExitCode.Unreachable, outcome.Code);
        Assert.Contains($"no node answers at http://127.0.0.1:{port}", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_in_use_is_named_with_its_option_and_nothing_is_left_running()
    {
        using var folder = new Folder();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        var outcome = await Luxtensor.Run("devnet", "--data", folder["d"], "--validators", "1", "--http", $"{port}", "--ws", "0", "--plain");

        Assert.Equal(ExitCode.InUse, outcome.Code);
        Assert.Contains($"port {port} on 127.0.0.1 is in use", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("--http", outcome.Error, StringComparison.Ordinal);
        Directory.Delete(folder["d"], recursive: true); // no file is held
    }

    [Fact]
    public async Task A_devnet_does_not_move_into_a_folder_with_other_files_and_reset_does_not_touch_one()
    {
        using var folder = new Folder();
        folder.Write("thesis.txt", "years of work");

        var start = await Luxtensor.Run("devnet", "--data", folder.Path, "--plain");
        var reset = await Luxtensor.Run("devnet", "--data", folder.Path, "--plain", "--reset", "--yes");

        Assert.Equal((ExitCode.InUse, ExitCode.InUse), (start.Code, reset.Code));
        Assert.Equal([folder["thesis.txt"]], Directory.EnumerateFileSystemEntries(folder.Path));
    }
}
