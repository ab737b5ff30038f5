using System.CommandLine;
using System.CommandLine.Help;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Node.Configuration;
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

    internal static async Task<int> RunAsync(IReadOnlyList<string> args, Terminal terminal, CancellationToken cancellation)
    {
        var parsed = Root(terminal).Parse(args);
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpWithExamples)
        {
            return Misused(parsed, terminal);
        }

        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = terminal.Out,
                    Error = terminal.Error,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                },
                cancellation);
        }
        catch (Exception e) when (Explain(e) is { } known)
        {
            foreach (var line in known.Message.Split('\n'))
            {
                terminal.Error.WriteLine($"luxtensor: {line}");
            }

            return (int)known.Code;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            terminal.Error.WriteLine("luxtensor: stopped before it was done");
            return (int)ExitCode.Negative;
        }
    }

    private static int Misused(ParseResult parsed, Terminal terminal)
    {
        var command = parsed.CommandResult.Command;
        var names = command.Subcommands.Select(static it => it.Name).Concat(command.Options.Select(static it => it.Name)).ToArray();
        foreach (var token in parsed.UnmatchedTokens)
        {
            var meant = Nearest.To(token, names);
            terminal.Error.WriteLine($"luxtensor: unknown {(token.StartsWith('-') ? "option" : "word")} "
                + $"{token}{(meant is null ? "" : $": did you mean {meant}?")}");
        }

        foreach (var error in parsed.Errors.Where(_ => parsed.UnmatchedTokens.Count == 0))
        {
            terminal.Error.WriteLine($"luxtensor: {error.Message}");
        }

        if (command.Subcommands.Count > 0)
        {
            terminal.Error.WriteLine($"The commands are {string.Join(", ", command.Subcommands.Select(static it => it.Name))}.");
        }

        terminal.Error.WriteLine($"See: {string.Join(' ', NamesUpTo(parsed.CommandResult).Reverse())} --help");
        return (int)ExitCode.Usage;
    }

    // A failure that a command foresaw, in words; null for a defect of ours, which may show its stack.
    private static (ExitCode Code, string Message)? Explain(Exception failure) => failure switch
    {
        CommandFailure it => (it.Code, it.Message),
        KeystoreException { Fault: KeystoreFault.AlreadyExists } it => (ExitCode.InUse, it.Message),
        KeystoreException it => (ExitCode.Usage, it.Message),
        GuardException it => (ExitCode.Refused, it.Message),
        JournalException it => (CodeOf(it.Fault), it.Message),
        UnauthorizedAccessException or IOException => (ExitCode.InUse, failure.Message),
        _ => null,
    };

    private static ExitCode CodeOf(JournalFault fault) => fault switch
    {
        JournalFault.Damaged => ExitCode.Damaged,
        JournalFault.InUse => ExitCode.InUse,
        JournalFault.Foreign => ExitCode.Usage,
        _ => ExitCode.Failed,
    };

    private static RootCommand Root(Terminal terminal)
    {
        var root = new RootCommand(Description) { CommonOptions.Json };
        foreach (var command in (Command[])
        [
            DevnetVerb.Create(terminal),
            InitVerb.Create(terminal),
            RunVerb.Create(terminal),
            KeysVerb.Create(terminal),
            TxVerb.Create(terminal),
            .. ChainVerbs.Create(terminal),
            .. ValidatorVerbs.Create(terminal),
            VerifyVerb.Create(terminal),
            DbVerb.Create(terminal),
        ])
        {
            root.Add(command);
        }

        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }

    private static IEnumerable<string> NamesUpTo(System.CommandLine.Parsing.CommandResult command)
    {
        for (System.CommandLine.Parsing.SymbolResult? at = command; at is System.CommandLine.Parsing.CommandResult here; at = here.Parent)
        {
            yield return here.Command is RootCommand ? "luxtensor" : here.Command.Name;
        }
    }
}
