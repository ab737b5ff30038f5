namespace LuxTensor.Node;

/// <summary>Ends a command: the message goes to standard error as it is, the code to the shell.</summary>
internal sealed class CommandFailure(ExitCode code, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The exit code.</summary>
    internal ExitCode Code { get; } = code;
}
