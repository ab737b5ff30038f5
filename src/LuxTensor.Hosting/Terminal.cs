namespace LuxTensor.Hosting;

/// <summary>What a command talks to. Tests give text readers and writers; the program gives the console.</summary>
internal sealed record Terminal(TextWriter Out, TextWriter Error, TextReader In)
{
    /// <summary>Whether a human watches the output, so that it may be redrawn.</summary>
    internal bool ShowsLive { get; init; }

    /// <summary>Whether a human sits at the input, so that it may be asked.</summary>
    internal bool CanAsk { get; init; }

    /// <summary>The environment's variables.</summary>
    internal Func<string, string?> Variable { get; init; } = static _ => null;

    /// <summary>All of the environment.</summary>
    internal IEnumerable<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary>Reads one line that is not shown while it is typed; null at the end of the input. Only where <see cref="CanAsk"/>.</summary>
    internal Func<char[]?> ReadHidden { get; init; } = static () => null;

    /// <summary>How this program is called here, for lines to copy.</summary>
    internal string Command { get; init; } = "luxtensor";

    /// <summary>The clock.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The console of this process, which runs a program that may have been started from its project.</summary>
    internal static Terminal OfConsole(string name, string project) => new(Console.Out, Console.Error, Console.In)
    {
        ShowsLive = !Console.IsOutputRedirected && System.Environment.GetEnvironmentVariable("TERM") is not ("dumb" or null or ""),
        CanAsk = !Console.IsInputRedirected,
        Variable = System.Environment.GetEnvironmentVariable,
        Environment = [.. System.Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .Select(static it => KeyValuePair.Create((string)it.Key, (string?)it.Value ?? ""))],
        ReadHidden = ReadHiddenLine,
        Command = File.Exists(project) ? $"dotnet run -c Release --project {Path.GetDirectoryName(project)} --" : name,
    };

    /// <summary>Asks a question whose answer is yes or no; no answer is no.</summary>
    internal bool Confirm(string question)
    {
        Error.Write($"{question} [y/N] ");
        Error.Flush();
        return In.ReadLine()?.Trim().ToUpperInvariant() is "Y" or "YES";
    }

    private static char[]? ReadHiddenLine()
    {
        var typed = new char[1024];
        var length = 0;
        try
        {
            while (true)
            {
                var key = Console.ReadKey(intercept: true);
                switch (key.Key)
                {
                    case ConsoleKey.Enter:
                        return typed[..length];
                    case ConsoleKey.Backspace:
                        length = int.Max(0, length - 1);
                        break;
                    default:
                        if (key.KeyChar != 0 && length < typed.Length)
                        {
                            typed[length++] = key.KeyChar;
                        }

                        break;
                }
            }
        }
        finally
        {
            Array.Clear(typed);
        }
    }
}
