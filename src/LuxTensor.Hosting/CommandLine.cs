using System.CommandLine;
using System.CommandLine.Help;
using System.Runtime.InteropServices;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Hosting.Configuration;

namespace LuxTensor.Hosting;

/// <summary>Runs a command line: what was mistyped is told with what was meant, and a failure that was foreseen in words.</summary>
internal static class CommandLine
{
    private static readonly TimeSpan OneRequest = TimeSpan.FromMilliseconds(300);

    /// <summary>Makes a root command of commands, with --json and with help that ends with examples.</summary>
    internal static RootCommand Root(string description, params IEnumerable<Command> commands)
    {
        var root = new RootCommand(description) { CommonOptions.Json };
        foreach (var command in commands)
        {
            root.Add(command);
        }

        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }

    /// <summary>Runs one. The result is an <see cref="ExitCode"/>.</summary>
    /// <param name="name">The program, as messages call it.</param>
    /// <param name="root">Its commands.</param>
    /// <param name="args">The line.</param>
    /// <param name="terminal">What it talks to.</param>
    /// <param name="explain">Failures that only this program knows; null for one that it does not know either.</param>
    /// <param name="cancellation">A request to stop.</param>
    internal static async Task<int> RunAsync(
        string name, RootCommand root, IReadOnlyList<string> args, Terminal terminal, Func<Exception, (ExitCode Code, string Message)?> explain,
        CancellationToken cancellation)
    {
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpWithExamples)
        {
            return Misused(name, parsed, terminal);
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
        catch (Exception e) when ((explain(e) ?? Explain(e)) is { } known)
        {
            foreach (var line in known.Message.Split('\n'))
            {
                terminal.Error.WriteLine($"{name}: {line}");
            }

            return (int)known.Code;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            terminal.Error.WriteLine($"{name}: stopped before it was done");
            return (int)ExitCode.Negative;
        }
    }

    /// <summary>
    /// Runs a program until it ends or is asked to stop. The first signal stops cleanly. A second one is left to the system, which
    /// ends the process at once, unless it comes with the first: timeout, make and terminals may send one request to a process and
    /// to its group.
    /// </summary>
    internal static async Task<int> UntilSignalAsync(Func<CancellationToken, Task<int>> run)
    {
        using var stop = new CancellationTokenSource();
        var stoppedAt = 0L;
        void Stop(PosixSignalContext signal)
        {
            var first = Interlocked.CompareExchange(ref stoppedAt, TimeProvider.System.GetTimestamp(), 0);
            signal.Cancel = first == 0 || TimeProvider.System.GetElapsedTime(first) < OneRequest;
            stop.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        return await run(stop.Token);
    }

    private static int Misused(string name, ParseResult parsed, Terminal terminal)
    {
        var command = parsed.CommandResult.Command;
        var names = command.Subcommands.Select(static it => it.Name).Concat(command.Options.Select(static it => it.Name)).ToArray();
        foreach (var token in parsed.UnmatchedTokens)
        {
            var meant = Nearest.To(token, names);
            terminal.Error.WriteLine($"{name}: unknown {(token.StartsWith('-') ? "option" : "word")} "
                + $"{token}{(meant is null ? "" : $": did you mean {meant}?")}");
        }

        foreach (var error in parsed.Errors.Where(_ => parsed.UnmatchedTokens.Count == 0))
        {
            terminal.Error.WriteLine($"{name}: {error.Message}");
        }

        if (command.Subcommands.Count > 0)
        {
            terminal.Error.WriteLine($"The commands are {string.Join(", ", command.Subcommands.Select(static it => it.Name))}.");
        }

        terminal.Error.WriteLine($"See: {string.Join(' ', NamesUpTo(name, parsed.CommandResult).Reverse())} --help");
        return (int)ExitCode.Usage;
    }

    // A failure that a command foresaw, in words; null for a defect of ours, which may show its stack.
    private static (ExitCode Code, string Message)? Explain(Exception failure) => failure switch
    {
        CommandFailure it => (it.Code, it.Message),
        KeystoreException { Fault: KeystoreFault.AlreadyExists } it => (ExitCode.InUse, it.Message),
        KeystoreException it => (ExitCode.Usage, it.Message),
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

    private static IEnumerable<string> NamesUpTo(string name, System.CommandLine.Parsing.CommandResult command)
    {
        for (System.CommandLine.Parsing.SymbolResult? at = command; at is System.CommandLine.Parsing.CommandResult here; at = here.Parent)
        {
            yield return here.Command is RootCommand ? name : here.Command.Name;
        }
    }
}
