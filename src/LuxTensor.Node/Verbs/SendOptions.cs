using System.CommandLine;
using LuxTensor.Core;
using LuxTensor.Core.Transactions;
using LuxTensor.Crypto;
using LuxTensor.Node.Client;

namespace LuxTensor.Node.Verbs;

/// <summary>The options of every command that sends one transaction.</summary>
internal sealed class SendOptions
{
    private readonly Option<string?> from = new("--from") { Description = "The sender's keystore.", HelpName = "KEYSTORE" };
    private readonly Option<bool> faucet = new("--faucet") { Description = "Send from the devnet's faucet, whose key is public." };
    private readonly Option<string?> password = CommonOptions.PasswordFile();
    private readonly Option<string?> fee =
        new("--fee") { Description = "The fee; the least that the chain takes unless given.", HelpName = "AMOUNT" };
    private readonly Option<ulong?> nonce =
        new("--nonce") { Description = "The sender's nonce; its next one unless given.", HelpName = "N" };
    private readonly Option<string?> wait = new("--wait") { Description = "Wait until the transaction is final.", HelpName = "final" };
    private readonly Option<int> timeout =
        new("--timeout") { Description = "Seconds to wait at most.", HelpName = "SECONDS", DefaultValueFactory = static _ => 60 };
    private readonly Option<string> rpc = CommonOptions.Rpc();

    internal void AddTo(Command command)
    {
        wait.AcceptOnlyFromAmong("final");
        foreach (var option in (ReadOnlySpan<Option>)[from, faucet, password, fee, nonce, wait, timeout, rpc])
        {
            command.Add(option);
        }
    }

    internal async Task<int> RunAsync(Terminal terminal, ParseResult parsed, TransactionBody body, CancellationToken cancellation)
    {
        var keystore = parsed.GetValue(from);
        if (keystore is null != parsed.GetValue(faucet))
        {
            throw CommandFailure.Usage("name the sender: either --from KEYSTORE or, on a devnet, --faucet");
        }

        var wishedFee = parsed.GetValue(fee) is { } text ? TxVerb.ParseAmount("--fee", text) : (UInt128?)null;
        using var client = new RpcClient(parsed.GetRequiredValue(rpc));
        var chainId = Quantity.Require(await client.CallAsync("eth_chainId", cancellation), "chain id");
        using var key = keystore is null ? DevnetKeys.Account(0) : OpenedKey.From(terminal, keystore, parsed.GetValue(password));
        var sender = Address.Of(key.PublicKey);
        var next = parsed.GetValue(nonce)
            ?? Quantity.Require(await client.CallAsync("eth_getTransactionCount", cancellation, sender.ToString(), "pending"), "nonce");
        var paid = wishedFee ?? Quantity.Wide(await client.CallAsync("eth_gasPrice", cancellation)) ?? 1;
        var transaction = Transaction.Sign(chainId, key, next, paid, body);
        await client.CallAsync("eth_sendRawTransaction", cancellation, Hex.Encode(transaction.Encoded.Span));
        var height = parsed.GetValue(wait) is null
            ? (ulong?)null
            : await TxStatus.WaitAsync(
                client, transaction.Id, TimeSpan.FromSeconds(parsed.GetValue(timeout)), terminal.Time, cancellation);
        Report.Print(
            terminal, parsed.GetValue(CommonOptions.Json),
            ("transaction", transaction.Id.ToString()), ("from", sender.ToString()), ("nonce", next), ("fee", Amount.Write(paid)),
                ("finalHeight", height));
        return (int)ExitCode.Ok;
    }
}
