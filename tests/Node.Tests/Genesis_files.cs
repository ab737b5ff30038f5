using LuxTensor.Core;

namespace LuxTensor.Tests.Node;

public sealed class Genesis_files
{
    private static readonly string One = Keys.Text(1);
    private static readonly string Two = Keys.Text(2);

    [Fact]
    public void A_genesis_that_is_written_reads_as_it_was()
    {
        using var folder = new Folder();
        using var key = Keys.Of(1);
        var rules = new ChainRules
        {
            ChainId = 77,
            EpochLength = 8,
            QuorumPercent = 70,
            BlockInterval = 250,
            RunAhead = 16,
            SafeDepth = 9,
            MaxReorganisation = 20,
            RoundTimeout = 1_500,
            RoundTimeoutStep = 61_000,
            ClockBound = 3_600_000,
            MaxBlockBytes = 100_000,
            MaxTransactionBytes = 4_000,
            MinimumFee = 3,
            MinimumStake = ChainRules.Token / 4,
            MaxActiveValidators = 30,
        };
        Assert.True(Genesis.TryCreate(
            rules, 1_700_000_000_123, [new(key.PublicKey, ChainRules.Token + 1)], [new(Address.Of(key.PublicKey), 5)], out var genesis, out _));

        var read = GenesisFile.Read(folder.Write("genesis.json", GenesisFile.Write(genesis)));

        Assert.Equal(genesis.Hash, read.Hash);
    }

    [Fact]
    public async Task The_example_makes_a_genesis_and_a_configuration_that_run_accepts()
    {
        using var folder = new Folder();
        var example = await Luxtensor.Run("init", "--example");
        folder.Write("validators.json", example.Out);

        var made = await Luxtensor.Run("init", "--validators", folder["validators.json"], "--out", folder["chain"], "--json");
        var again = await Luxtensor.Run("init", "--validators", folder["validators.json"], "--out", folder["chain"]);
        var check = await Luxtensor.Run("run", "--config", folder["chain/node.json"], "--check");

        Assert.Equal(ExitCode.Ok, made.Code);
        Assert.Contains(GenesisFile.Read(folder["chain/genesis.json"]).Hash.ToString(), made.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCode.InUse, again.Code);
        Assert.Equal(ExitCode.Ok, check.Code);
    }

    [Fact]
    public void A_validators_file_may_name_keystores()
    {
        using var folder = new Folder();
        folder.Write("one.json", Keys.Keystore(1, "secret"));
        var path = folder.Write("validators.json", """{ "chainId": 5, "validators": [ { "keystore": "one.json", "stake": "32" } ] }""");

        var genesis = GenesisFile.Read(path, DateTimeOffset.UnixEpoch.AddDays(1));

        Assert.Equal(One, genesis.Validators[0].Key.ToString());
        Assert.Equal(86_400_000UL, genesis.Time);
    }

    public static TheoryData<string, string[]> Faults => new()
    {
        { "", ["1: not JSON"] },
        { "[]", [": the file must be one JSON object"] },
        { "{ \"chainId\": 1,\n  nonsense }", ["2: not JSON"] },
        { "{} {}", ["1: not JSON"] },
        { "{ \"chainId\": 1, \"chainId\": 2 }", ["1: chainId is set twice"] },
        { "{}", ["1: chainId is missing", "1: time is missing"] },
        { "{ \"chainId\": -1 }", ["1: chainId is -1; it must be a whole number from 1"] },
        { "{ \"chainId\": 9007199254740992 }", ["1: chainId is 9007199254740992; it must be a whole number from 1 to 9007199254740991"] },
        { "{ \"chainId\": \"1\" }", ["1: chainId is \"1\"; it must be a whole number"] },
        { Chain("\"validatrs\": []"), ["3: unknown key validatrs: did you mean validators?"] },
        { Chain("\"time\": 3"), ["3: time is set twice, first in line 2"] },
        { Chain("\"rules\": 3"), ["3: rules is 3; it must be an object"] },
        { Chain("\"rules\": { \"blokInterval\": \"1s\" }"), ["3: unknown key rules.blokInterval: did you mean rules.blockInterval?"] },
        { Chain("\"rules\": { \"roundTimeout\": \"-1s\" }"), ["3: rules.roundTimeout is \"-1s\"; it is negative"] },
        { Chain("\"rules\": { \"roundTimeout\": \"soon\" }"), ["3: rules.roundTimeout is \"soon\"; it must be a duration"] },
        { Chain("\"rules\": { \"quorumPercent\": 66 }"), ["3: rules.quorumPercent is 66; it must be 67 to 100"] },
        { Chain("\"rules\": { \"quorumPercent\": 66,\n\"runAhead\": 0 }"), ["3: rules.quorumPercent is 66", "4: rules.runAhead is 0"] },
        { Chain("\"rules\": { \"minimumFee\": 3 }"), ["3: rules.minimumFee is 3; it must be a string"] },
        { Chain("\"validators\": {}"), ["3: validators is an object; it must be a list"] },
        { Chain("\"validators\": []", validators: false), ["validators: the genesis has no validator"] },
        { Chain("\"validators\": [ 3 ]", validators: false), ["3: validators[0] must be an object, not a number"] },
        { Validators("{ \"stake\": \"32\" }"), ["4: validators[0].key is missing"] },
        { Validators($"{{ \"key\": \"0x12\", \"stake\": \"32\" }}"), ["4: validators[0].key is \"0x12\"; it must be a public key"] },
        { Validators($"{{ \"key\": \"{One}\" }}"), ["4: validators[0].stake is missing"] },
        { Validators($"{{ \"key\": \"{One}\", \"stake\": \"0\" }}"), ["4: this entry has a stake of 0: the least is 32"] },
        { Validators($"{{ \"key\": \"{One}\", \"stake\": \"-3\" }}"), ["4: validators[0].stake is \"-3\"; it must be an amount"] },
        { Validators($"{{ \"key\": \"{One}\", \"stake\": 32 }}"), ["4: validators[0].stake is 32; it must be a string"] },
        { Validators($"{{ \"key\": \"{One}\", \"stake\": \"32\" }},\n{{ \"key\": \"{One}\", \"stake\": \"33\" }}"), ["5: this entry is the validator of line 4 again"] },
        { Validators($"{{ \"key\": \"{One}\", \"stake\": \"3 units\" }},\n{{ \"key\": \"{Two}\", \"stake\": \"1\" }}"), ["4: this entry has a stake", "5: this entry has a stake"] },
        { Validators($"{{ \"key\": \"{new string('0', 64)}\", \"stake\": \"32\" }}"), ["4: this entry has a key that is no admissible"] },
        { Validators($"{{ \"key\": \"{One}\", \"stake\": \"1329227995784915872903807060280344577 units\" }}"), ["4: the stakes up to this validator are more than"] },
        { Accounts("{ \"address\": \"0x12\", \"balance\": \"1\" }"), ["4: accounts[0].address is \"0x12\"; it must be an address"] },
        { Accounts($"{{ \"address\": \"{Account(1)}\", \"balance\": \"0\" }}"), ["4: this entry has a balance of 0"] },
        { Accounts($"{{ \"address\": \"{Account(1)}\", \"balance\": \"1\" }},\n{{ \"address\": \"{Account(1)}\", \"balance\": \"1\" }}"), ["5: this entry is the account of line 4 again"] },
        { Accounts($"{{ \"address\": \"{Account(1)}\", \"balance\": \"1329227995784915872903807060280344576 units\" }}"), ["3: accounts: stakes and balances are more than"] },
        { Accounts($"{{ \"address\": \"{Account(1)}\", \"balance\": \"0\" }}, {{ \"adress\": \"{Account(2)}\", \"balance\": \"1\" }}"), ["4: accounts[1].address is missing", "4: unknown key accounts[1].adress: did you mean accounts[1].address?", "4: this entry has a balance of 0"] },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_is_told_with_its_line_and_every_fault_at_once(string json, string[] messages)
    {
        using var folder = new Folder();
        var path = folder.Write("genesis.json", json);

        var failure = Assert.Throws<CommandFailure>(() => GenesisFile.Read(path));

        Assert.Equal(ExitCode.Usage, failure.Code);
        foreach (var message in messages)
        {
            Assert.Contains(char.IsDigit(message[0]) ? $"{path}:{message}" : message, failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_file_that_is_not_there_or_too_large_is_named()
    {
        using var folder = new Folder();
        using (var large = File.Create(folder["large.json"]))
        {
            large.SetLength(GenesisFile.MaxBytes + 1L);
        }

        var missing = Assert.Throws<CommandFailure>(() => GenesisFile.Read(folder["none.json"]));
        var tooLarge = Assert.Throws<CommandFailure>(() => GenesisFile.Read(folder["large.json"]));

        Assert.Contains("there is no genesis file " + folder["none.json"], missing.Message, StringComparison.Ordinal);
        Assert.Contains("is larger than", tooLarge.Message, StringComparison.Ordinal);
    }

    private static string Account(int number)
    {
        using var key = Keys.Of(number);
        return Address.Of(key.PublicKey).ToString();
    }

    private static string Chain(string rest, bool validators = true) =>
        $"{{ \"chainId\": 5,\n  \"time\": 1000,\n{rest},\n{(validators && !rest.Contains("\"validators\"", StringComparison.Ordinal) ? $"\"validators\": [ {{ \"key\": \"{One}\", \"stake\": \"32\" }} ]" : "")} }}";

    private static string Validators(string entries) => Chain($"\"validators\": [\n{entries} ]");

    private static string Accounts(string entries) => Chain($"\"accounts\": [\n{entries} ]");
}
