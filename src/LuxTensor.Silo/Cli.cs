using LuxTensor.Silo.Verbs;
using LuxTensor.Storage;

namespace LuxTensor.Silo;

/// <summary>The command line of luxtensor-silo.</summary>
internal static class Cli
{
    private const string Description =
        """
        LuxTensor: one silo of a cluster. A cluster is one node of the chain.

        Prepare the database, then start the silos; each role has a commented file in silo-config/:
          luxtensor-silo db migrate --config silo-config/validator-silo.json
          luxtensor-silo run --config silo-config/validator-silo.json
          luxtensor-silo run --config silo-config/gateway-silo.json

        Every command takes --json for machines, and --help shows its options and examples.
        Exit codes: 0 done, 1 the answer is no, 2 wrong usage, configuration or password, 4 stored data is damaged,
        5 refused by the signing guard, 6 a port or file is in use, 7 the silo failed while it ran.
        """;

    /// <summary>Runs a command line. The result is an <see cref="ExitCode"/>.</summary>
    internal static Task<int> RunAsync(IReadOnlyList<string> args, Terminal terminal, CancellationToken cancellation) => CommandLine.RunAsync(
        "luxtensor-silo",
        CommandLine.Root(
            Description, RunVerb.Create(terminal), DbVerb.Create(terminal), ConfigVerb.Create(terminal), GuardVerb.Create(terminal)),
        args,
        terminal,
        static failure => failure switch
        {
            GuardException it => (ExitCode.Refused, it.Message),
            SiloFailure it => (ExitCode.Failed, it.Message),
            _ => null,
        },
        cancellation);
}
