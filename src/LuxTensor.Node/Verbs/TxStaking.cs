using System.CommandLine;
using LuxTensor.Core.Transactions;

namespace LuxTensor.Node.Verbs;

/// <summary>luxtensor tx stake, topup, exit, withdraw and unjail: a validator's life. The sender speaks for the validator of its own key.</summary>
internal static class TxStaking
{
    internal static IEnumerable<Command> Create(Terminal terminal) =>
    [
        WithAmount(
            terminal, "stake",
            "Become a validator with this much at stake. It waits in the queue, and is active from an epoch on that luxtensor validators shows.",
            "How much is put at stake",
            """
            luxtensor tx stake --faucet --amount 32 --wait final
            luxtensor tx stake --from validator.json --password-file password --amount 100.5
            """,
            static amount => new TransactionBody.Stake(amount)),
        WithAmount(
            terminal, "topup",
            "Add to the sender's own stake. Its voting power follows with the first set that is not fixed yet.",
            "How much is added",
            "luxtensor tx topup --from validator.json --password-file password --amount 8 --wait final",
            static amount => new TransactionBody.TopUp(amount)),
        Plain(
            terminal, "exit",
            "Stop being a validator. It signs on until its last epoch is over; after a delay its stake can be withdrawn.",
            "luxtensor tx exit --from validator.json --password-file password --wait final",
            new TransactionBody.Exit()),
        Plain(
            terminal, "withdraw",
            "Take the whole stake back to the sender's account, once its time has come.",
            "luxtensor tx withdraw --from validator.json --password-file password --wait final",
            new TransactionBody.Withdraw()),
        Plain(
            terminal, "unjail",
            "Return after the jail: the validator waits in the queue again.",
            "luxtensor tx unjail --from validator.json --password-file password --wait final",
            new TransactionBody.Unjail()),
    ];

    private static Verb WithAmount(
        Terminal terminal, string name, string summary, string what, string examples, Func<UInt128, TransactionBody> body)
    {
        var amount = CommonOptions.Of<string>("--amount", $"{what}: {Amount.Form}.", value: "AMOUNT", required: true);
        var sending = new SendOptions();
        var command = new Verb(name, $"{summary} {Refusals}", examples) { amount };
        sending.AddTo(command);
        command.SetAction((parsed, cancellation) => sending.RunAsync(
            terminal, parsed, body(TxVerb.ParseAmount("--amount", parsed.GetRequiredValue(amount))), cancellation));
        return command;
    }

    private static Verb Plain(Terminal terminal, string name, string summary, string examples, TransactionBody body)
    {
        var sending = new SendOptions();
        var command = new Verb(name, $"{summary} {Refusals}", examples);
        sending.AddTo(command);
        command.SetAction((parsed, cancellation) => sending.RunAsync(terminal, parsed, body, cancellation));
        return command;
    }

    private const string Refusals = "Ends with 5 where the node refuses and says why.";
}
