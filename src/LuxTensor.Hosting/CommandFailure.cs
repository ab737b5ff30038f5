namespace LuxTensor.Hosting;

/// <summary>Ends a command: the message goes to standard error as it is, the code to the shell.</summary>
internal sealed class CommandFailure(ExitCode code, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The exit code.</summary>
    internal ExitCode Code { get; } = code;

    /// <summary>The command line, a file that it names or a password is wrong.</summary>
    internal static CommandFailure Usage(string message, Exception? inner = null) => new(ExitCode.Usage, message, inner);
}
