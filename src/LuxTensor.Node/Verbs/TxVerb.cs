using System.CommandLine;
using System.Text;
using LuxTensor.Core;
using LuxTensor.Core.Transactions;
using LuxTensor.Crypto;

namespace LuxTensor.Node.Verbs;

/// <summary>luxtensor tx: signs transactions on this machine and submits them.</summary>
internal static class TxVerb
{
    internal static Command Create(Terminal terminal)
    {
        var command = new Verb(
            "tx",
            "Sign transactions on this machine and submit them to a node.",
            "luxtensor tx send --faucet --to 0x00000000000000000000000000000000000000aa --value 1.5 --wait final")
        {
            Send(terminal), Data(terminal),
        };
        foreach (var staking in TxStaking.Create(terminal))
        {
            command.Add(staking);
        }

        command.Add(TxStatus.Create(terminal));
        command.Add(TxFlood.Create(terminal));
        return command;
    }

    private static Command Send(Terminal terminal)
    {
        var to = CommonOptions.Of<string>("--to", "The receiver's address.", value: "ADDRESS", required: true);
        var value = CommonOptions.Of<string>("--value", $"How much: {Amount.Form}.", value: "AMOUNT", required: true);
        var sending = new SendOptions();
        var command = new Verb(
            "send",
            "Move tokens. Ends with 5 where the node refuses, with 1 where --wait is not fulfilled in time.",
            """
            luxtensor tx send --faucet --to 0x00000000000000000000000000000000000000aa --value 1.5 --wait final
            luxtensor tx send --from alice.json --password-file password --to 0x00000000000000000000000000000000000000aa --value "1 unit"
            """) { to, value };
        sending.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            var receiver = Address.TryParse(parsed.GetRequiredValue(to), out var address)
                ? address
                : throw CommandFailure.Usage($"--to is {parsed.GetValue(to)}; it must be an address: 0x and 40 hexadecimal digits");
            var units = ParseAmount("--value", parsed.GetRequiredValue(value));
            return sending.RunAsync(terminal, parsed, new TransactionBody.Transfer(receiver, units), cancellation);
        });
        return command;
    }

    private static Command Data(Terminal terminal)
    {
        var text = CommonOptions.Of<string?>("--text", "Text to record, as UTF-8.", value: "TEXT");
        var hex = CommonOptions.Of<string?>("--hex", "Bytes to record, in hexadecimal.", value: "DIGITS");
        var file = CommonOptions.Of<string?>("--file", "A file whose bytes to record.", value: "FILE");
        var sending = new SendOptions();
        var command = new Verb(
            "data", "Record opaque bytes on the chain.",
            "luxtensor tx data --faucet --text 'hello' --wait final\nluxtensor tx data --from alice.json --file digest.bin")
        {
            text, hex, file,
        };
        sending.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            byte[][] given =
            [
                .. parsed.GetValue(text) is { } words ? [Encoding.UTF8.GetBytes(words)] : Array.Empty<byte[]>(),
                .. parsed.GetValue(hex) is { } digits ? [ParseHex(digits)] : Array.Empty<byte[]>(),
                .. parsed.GetValue(file) is { } path ? [BoundedFile.Read(path, 1 << 20, "data file")] : Array.Empty<byte[]>(),
            ];
            return given.Length == 1
                ? sending.RunAsync(terminal, parsed, new TransactionBody.Data([.. given[0]]), cancellation)
                : throw CommandFailure.Usage("name exactly one of --text, --hex and --file");
        });
        return command;
    }

    internal static UInt128 ParseAmount(string option, string text) =>
        Amount.Parse(text) ?? throw CommandFailure.Usage($"{option} is {text}; it must be {Amount.Form}");

    private static byte[] ParseHex(string text)
    {
        var digits = text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text;
        var bytes = new byte[digits.Length / 2];
        return Hex.TryDecode(digits, bytes) ? bytes : throw CommandFailure.Usage("--hex must be pairs of hexadecimal digits");
    }
}
