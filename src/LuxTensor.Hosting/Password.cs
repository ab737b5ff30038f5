using LuxTensor.Hosting.Configuration;

namespace LuxTensor.Hosting;

/// <summary>A password in memory of its own, erased when it is done with.</summary>
internal sealed class Password : IDisposable
{
    /// <summary>The environment variable that is looked at.</summary>
    internal const string Variable = "LUXTENSOR_PASSWORD";

    private const int MaxFileBytes = 4096;
    private readonly char[] characters;

    private Password(char[] characters) => this.characters = characters;

    /// <summary>The characters; only until disposal.</summary>
    internal ReadOnlySpan<char> Characters => characters;

    /// <summary>From a file where one is named, else from the environment, else by asking; a new one is asked for twice.</summary>
    /// <exception cref="CommandFailure">There is none.</exception>
    internal static Password Get(Terminal terminal, string? file, string of, bool isNew, bool groupMayRead = false)
    {
        if (file is not null)
        {
            return FromFile(file, groupMayRead);
        }

        if (terminal.Variable(Variable) is { Length: > 0 } value)
        {
            return new Password(value.ToCharArray());
        }

        if (!terminal.CanAsk)
        {
            // A pipe: its first line is the password.
            return terminal.In.ReadLine() is { Length: > 0 } line
                ? new Password(line.ToCharArray())
                : throw CommandFailure.Usage($"no password for {of}: name a file with --password-file, set {Variable}, or write it to "
                    + "standard input");
        }

        var first = Ask(terminal, isNew ? $"New password for {of}: " : $"Password for {of}: ");
        if (isNew)
        {
            using var second = Ask(terminal, "The same again: ");
            if (!first.Characters.SequenceEqual(second.Characters))
            {
                first.Dispose();
                throw CommandFailure.Usage("the two passwords differ: nothing was written, try again");
            }
        }

        return first;
    }

    /// <summary>The first line of a file that only its owner, or with a word its group, can read.</summary>
    internal static Password FromFile(string path, bool groupMayRead = false)
    {
        RequirePrivate(path, groupMayRead);
        var bytes = BoundedFile.Read(path, MaxFileBytes, "password file");
        var text = System.Text.Encoding.UTF8.GetChars(bytes);
        Array.Clear(bytes);
        var end = text.AsSpan().IndexOfAny('\r', '\n');
        var line = text.AsSpan(0, end < 0 ? text.Length : end).ToArray();
        Array.Clear(text);
        return line.Length > 0
            ? new Password(line)
            : throw CommandFailure.Usage($"the password file {path} is empty: its first line must be the password");
    }

    public void Dispose() => Array.Clear(characters);

    private static Password Ask(Terminal terminal, string prompt)
    {
        terminal.Error.Write(prompt);
        terminal.Error.Flush();
        var typed = terminal.ReadHidden();
        terminal.Error.WriteLine();
        return typed is { Length: > 0 } ? new Password(typed) : throw CommandFailure.Usage("no password was typed: nothing was done");
    }

    /// <summary>Refuses a file with a secret that others than its owner can open. A link is judged by what it leads to.</summary>
    internal static void RequirePrivate(string path, bool groupMayRead = false)
    {
        var allowed = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | (groupMayRead ? UnixFileMode.GroupRead : UnixFileMode.None);
        if (!OperatingSystem.IsWindows() && File.Exists(path)
            && (File.GetUnixFileMode(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path) & ~allowed)
                is var open and not UnixFileMode.None)
        {
            throw CommandFailure.Usage($"the file {path} is open to others than its owner ({open}): run chmod 600 {path}");
        }
    }
}
