using LuxTensor.Node.Verbs;
using LuxTensor.Storage;

namespace LuxTensor.Node;

/// <summary>The command line of luxtensor.</summary>
public static class Cli
{
    private const string Description =
        """
        LuxTensor: a validator node for proof-of-stake chains.

        Start a network of four validators on this machine, then ask it something from another terminal:
          luxtensor devnet
          luxtensor status
          luxtensor tx send --faucet --to 0x00000000000000000000000000000000000000aa --value 1.5 --wait final

        Every command takes --json for machines, and --help shows its options and examples.
        Exit codes: 0 done, 1 the answer is no, 2 wrong usage, configuration or password, 3 no node answers,
        4 stored data is damaged, 5 refused by the node or the signing guard, 6 a port, folder or file is in use,
        7 a node failed while it ran.
        """;

    /// <summary>Runs a command line on readers and writers, without a terminal. The result is an <see cref="ExitCode"/>.</summary>
    public static Task<int> RunAsync(
        IReadOnlyList<string> args, TextWriter stdout, TextWriter stderr, TextReader stdin, CancellationToken cancellation = default) =>
        RunAsync(args, new Terminal(stdout, stderr, stdin) { Variable = Environment.GetEnvironmentVariable }, cancellation);

    internal static Task<int> RunAsync(IReadOnlyList<string> args, Terminal terminal, CancellationToken cancellation) => CommandLine.RunAsync(
        "luxtensor",
        CommandLine.Root(
            Description,
            [
                DevnetVerb.Create(terminal), InitVerb.Create(terminal), RunVerb.Create(terminal), KeysVerb.Create(terminal),
                TxVerb.Create(terminal), .. ChainVerbs.Create(terminal), .. ValidatorVerbs.Create(terminal), PeersVerb.Create(terminal), VerifyVerb.Create(terminal),
                DbVerb.Create(terminal),
            ]),
        args,
        terminal,
        static failure => failure is GuardException it ? (ExitCode.Refused, it.Message) : null,
        cancellation);
}
